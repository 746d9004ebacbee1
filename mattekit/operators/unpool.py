"""Max-unpooling and its holistic form: the index function that is one at the largest of each 2x2, zero elsewhere."""

import torch
from torch import Tensor
from torch.nn import functional as F

from mattekit.operators.base import Guide, Resampler, check_even
from mattekit.operators.reassemble import gather, spread


class MaxUnpool(Resampler):
    """I_max of IndexNet Eq. (1), channel by channel; the guide holds positions, not kernels."""

    guided = channelwise = paired = True

    def guide(self, x: Tensor) -> Guide:
        """Find where the largest of each 2x2 lies, counted row by row over H x W: (N, C, H/2, W/2) int64."""
        check_even(x)
        return Guide(F.max_pool2d(x, 2, return_indices=True)[1], None)

    def down(self, x: Tensor, guide: Guide) -> Tensor:
        """Return the value at that position."""
        return x.flatten(2).gather(2, guide.down.flatten(2)).view(guide.down.shape)

    def up(self, y: Tensor, guide: Guide) -> Tensor:
        """Put the value back at its position, 0 elsewhere."""
        return F.max_unpool2d(y, guide.down, 2)

    def kernels(self, x: Tensor, y: Tensor) -> Guide:
        """Return the positions as index maps of each channel: one where the largest lies, zero elsewhere."""
        top, position = F.max_pool2d(x, 2, return_indices=True)
        index = F.max_unpool2d(torch.ones_like(top), position, 2)  # (N, C, H, W)
        return Guide(down=F.pixel_unshuffle(index, 2).unflatten(1, (-1, 4)), up=index.unsqueeze(2))


class HMI(Resampler):
    """Holistic max index (IndexNet section 5.2): the position of the largest over all channels serves every channel."""

    guided = paired = True

    def guide(self, x: Tensor) -> Guide:
        """Return one map for all channels: 1 at the position of the largest, 0 elsewhere."""
        check_even(x)
        top, position = F.max_pool2d(x.detach().amax(1, keepdim=True), 2, return_indices=True)
        index = F.max_unpool2d(torch.ones_like(top), position, 2)  # (N, 1, H, W)
        return Guide(down=F.pixel_unshuffle(index, 2).unsqueeze(1), up=index.unsqueeze(2))

    def down(self, x: Tensor, guide: Guide) -> Tensor:
        """Return the value at that position, in every channel."""
        return gather(x, guide.down)

    def up(self, y: Tensor, guide: Guide) -> Tensor:
        """Put the value back at that position, 0 elsewhere."""
        return spread(y, guide.up)
