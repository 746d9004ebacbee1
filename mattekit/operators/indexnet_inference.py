"""IndexNet's operators for inference, channels last: indices stay in the layout of their convolutions.

They compute the same as `operators.IndexNet`, without gradients or copies of full-resolution index maps, and strip by
strip, so that hidden layers are never whole in memory.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from mattekit.operators.base import Guide, Resampler, check_even
from mattekit.operators.indexnet import IndexNet

STRIP = 1 << 22  # bytes of the feature map in one strip


class IndexNetInference(Resampler):
    """Replacement of an IndexNet operator with guides of another layout, (N, H/2, W/2, 2, 2, G) sigmoids."""

    guided = paired = True

    def __init__(self, operator: IndexNet):
        super().__init__(operator.channels, operator.incoming)
        self.kind, self.weigh_skip, self.index = operator.kind, operator.weigh_skip, operator.index
        self.channelwise = operator.channelwise

    def guide(self, x: Tensor) -> Guide:
        """Compute indices for the way up alone."""
        check_even(x)
        return Guide(None, self.indices(x))

    def indices(self, x: Tensor) -> Tensor:
        """Compute sigmoids position by position, (N, H/2, W/2, 2, 2, G), a view of the convolutions' output."""
        index = self.index(x).sigmoid_().permute(0, 2, 3, 1)
        if self.kind == "o2o":  # channel by channel, since its convolutions are grouped so
            return index.unflatten(3, (-1, 2, 2)).movedim(3, 5)
        return index.unflatten(3, (2, 2, -1))

    def halve(self, x: Tensor) -> tuple[Tensor, Tensor, Guide]:
        """Return the pooled map, the skip connection and indices for the way up; images and strips one by one."""
        check_even(x)
        x = x.contiguous(memory_format=torch.channels_last)
        n, c, height, width = x.shape
        groups = c if self.channelwise else 1
        up = x.new_empty(n, height // 2, width // 2, 2, 2, groups)
        pooled = torch.empty_like(x[..., ::2, ::2], memory_format=torch.channels_last)
        weighed = torch.empty_like(x)
        step = max(1, STRIP // (2 * c * width * x.element_size()))
        for b in range(n):
            for r in range(0, height // 2, step):
                self._halve_strip(x[b : b + 1], r, up[b, r : r + step], _cells(weighed[b])[r : r + step], pooled[b])
        return pooled, weighed if self.weigh_skip else x, Guide(None, up)

    def _halve_strip(self, x: Tensor, r: int, up: Tensor, weighed: Tensor, pooled: Tensor) -> None:
        e, first = r + len(up), max(r - 1, 0)  # a row of cells around the strip, for the context
        index = self.indices(x[:, :, 2 * first : 2 * e + 2])[0, r - first :][: e - r]
        up.copy_(index)
        weight = index.flatten(2, 3).softmax(2).unflatten(2, (2, 2))
        torch.mul(_cells(x[0])[r:e], weight, out=weighed)
        into = pooled.permute(1, 2, 0)[r:e]
        torch.add(weighed[:, :, 0, 0], weighed[:, :, 0, 1], out=into)
        into.add_(weighed[:, :, 1, 0]).add_(weighed[:, :, 1, 1])

    def up(self, y: Tensor, guide: Guide) -> Tensor:
        """Multiply indices by the feature repeated over each 2x2."""
        return self.rows(y, guide)(0, 2 * y.shape[2])

    def rows(self, y: Tensor, guide: Guide) -> Callable[[int, int], Tensor]:
        """Return a function that computes some rows of `up`."""

        def some(first: int, end: int) -> Tensor:
            r, e = first // 2, -(-end // 2)
            if y.requires_grad:  # refinement differentiates the way up
                large = y[:, :, r:e].permute(0, 2, 3, 1)[:, :, :, None, None] * guide.up[:, r:e]
                out = large.movedim(2, 3).flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)
                return out[:, :, first - 2 * r :][:, :, : end - first]
            shape = (len(y), y.shape[1], 2 * (e - r), 2 * y.shape[3])
            out = torch.empty(shape, dtype=y.dtype, device=y.device, memory_format=torch.channels_last)
            for b in range(len(y)):
                small = y[b, :, r:e].permute(1, 2, 0)[:, :, None, None]
                torch.mul(guide.up[b, r:e], small, out=_cells(out[b]))
            return out[:, :, first - 2 * r :][:, :, : end - first]

        return some


def _cells(x: Tensor) -> Tensor:
    """View (C, H, W), channels last, as 2x2 cells: (H/2, W/2, 2, 2, C)."""
    return x.permute(1, 2, 0).unflatten(1, (-1, 2)).unflatten(0, (-1, 2)).movedim(1, 2)
