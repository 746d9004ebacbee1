"""Protocol of all up-sampling operators: `guide` before resolution is lost, `down` to lose it, `up` to return.

A2U section 3: every operator applies kernels, g(w, z) = w^T z, and differs only in where w comes from.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError


class Guide(NamedTuple):
    """Kernels or positions made on the way down, for the way down and the way up.

    K is the number of taps; G is 1 where channels share a kernel and C where each channel has its own.
    Max-unpooling keeps positions, (N, C, H/2, W/2) int64, in `down` and nothing in `up`; A2U without self-similarity
    keeps x in `up`.
    """

    down: Tensor | None  # (N, G, K, H/2, W/2)
    up: Tensor | None  # (N, G, K, H, W)


class Resampler(nn.Module):
    """Halve a feature map on the way down the encoder; double one on the way up the decoder.

    Parameters
    ----------
    channels : int
        Channels of x, the feature that is about to lose resolution, in `guide` and `down`.
    incoming : int, optional
        Channels of y, the decoder's feature, in `up`; as many as `channels` if not given.

    Raises
    ------
    InputError
        If the operator works channel by channel and the two numbers differ.
    """

    ratio = 2  # 1 for Keep alone
    guided = False  # True: `up` depends on the guide
    channelwise = False  # True: `up` needs as many channels as `guide`
    paired = False  # True: `down` belongs to `up`, so that an encoder should use it in place of its strides

    def __init__(self, channels: int, incoming: int | None = None):
        super().__init__()
        self.channels = channels
        self.incoming = channels if incoming is None else incoming
        if self.channelwise and self.incoming != channels:
            raise InputError(
                f"{type(self).__name__}: {self.incoming} decoder channels, but {channels} guide channels. "
                "Each channel has its own kernel, so that the numbers must agree."
            )

    def guide(self, x: Tensor) -> Guide | None:
        """Compute kernels from x (N, C, H, W), H and W even; None for operators whose kernels do not depend on x."""
        return None

    def down(self, x: Tensor, guide: Guide | None) -> Tensor:
        """Halve (N, C, H, W) to (N, C, H/2, W/2), by 2x2 max-pooling unless the operator has its own way."""
        check_even(x)
        return F.max_pool2d(x, 2)

    def skip(self, x: Tensor, guide: Guide | None) -> Tensor:
        """Return the skip connection of x: x itself, except in IndexNet's released code, which weights it."""
        return x

    def halve(self, x: Tensor) -> tuple[Tensor, Tensor, Guide | None]:
        """Go all of the way down: return the halved map, the skip connection and the guide."""
        guide = self.guide(x)
        return self.down(x, guide), self.skip(x, guide), guide

    def up(self, y: Tensor, guide: Guide | None) -> Tensor:
        """Double (N, C', h, w) to (N, C', 2h, 2w)."""
        raise NotImplementedError

    def rows(self, y: Tensor, guide: Guide | None) -> Callable[[int, int], Tensor]:
        """Return a function that computes rows `first` to `end` of `up`, for computing strip by strip."""
        whole = self.up(y, guide)
        return lambda first, end: whole[:, :, first:end]

    def weights(self) -> list[Tensor]:
        """Return weights (out, in, k, k) of the papers' separate convolutions; views of joined ones."""
        return [module.weight for module in self.modules() if isinstance(module, nn.Conv2d)]

    def kernels(self, x: Tensor, y: Tensor) -> Guide:
        """Return the kernels that `down` and `up` apply to x and y, for display; None where they depend on neither."""
        return self.guide(x) or Guide(None, None)


class Keep(Resampler):
    """No change of resolution: for decoder stages that only fuse (IndexNet's layers 5 and 1)."""

    ratio = 1

    def down(self, x: Tensor, guide: Guide | None) -> Tensor:
        """Return x."""
        return x

    def up(self, y: Tensor, guide: Guide | None) -> Tensor:
        """Return y."""
        return y


def check_even(x: Tensor) -> None:
    """Raise InputError if a feature map cannot be halved."""
    height, width = x.shape[-2:]
    if height % 2 or width % 2:
        raise InputError(
            f"feature map: {height}x{width}, wanted even sizes. Pad the image to a multiple of the stride."
        )
