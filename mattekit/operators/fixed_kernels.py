"""Operators with the same kernels for every image: interpolation, deconvolution and pixel shuffle (A2U section 3)."""

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.operators.base import Guide, Resampler

MODES = ("nearest", "bilinear", "bicubic")


class Interpolate(Resampler):
    """Fixed interpolation.

    Parameters
    ----------
    channels, incoming : int
        Part of the protocol; not used.
    mode : "nearest", "bilinear" or "bicubic"
        Nearest repeats; the others sample at half-pixel centres (align_corners=False).

    Raises
    ------
    InputError
        If the mode is unknown.
    """

    def __init__(self, channels: int, incoming: int | None = None, *, mode: str = "nearest"):
        if mode not in MODES:
            raise InputError(f"interpolation: mode {mode!r}, wanted one of {', '.join(MODES)}.")
        super().__init__(channels, incoming)
        self.mode = mode

    def up(self, y: Tensor, guide: Guide | None) -> Tensor:
        """Double (N, C', h, w) to (N, C', 2h, 2w)."""
        return F.interpolate(y, scale_factor=2, mode=self.mode)


class Deconvolution(Resampler):
    """Transposed convolution, stride 2. The papers give no size; with 4, every output depends on equally many taps."""

    def __init__(self, channels: int, incoming: int | None = None, *, size: int = 4):
        super().__init__(channels, incoming)
        self.conv = nn.ConvTranspose2d(self.incoming, self.incoming, size, 2, size // 2 - 1)

    def up(self, y: Tensor, guide: Guide | None) -> Tensor:
        """Double (N, C', h, w) to (N, C', 2h, 2w)."""
        return self.conv(y)


class PixelShuffle(Resampler):
    """Periodic shuffling: a convolution to 4 C channels, laid out as 2 x 2 cells (IndexNet Eq. 4)."""

    def __init__(self, channels: int, incoming: int | None = None, *, size: int = 3):
        super().__init__(channels, incoming)
        self.conv = nn.Conv2d(self.incoming, 4 * self.incoming, size, padding=size // 2)

    def up(self, y: Tensor, guide: Guide | None) -> Tensor:
        """Double (N, C', h, w) to (N, C', 2h, 2w)."""
        return F.pixel_shuffle(self.conv(y), 2)
