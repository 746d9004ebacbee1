"""Deconvolution and pixel shuffle: kernels that are learnt once and are the same for every image."""

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.operators.base import Guide, Resampler


class Deconvolution(Resampler):
    """Transposed convolution, stride 2. The papers give no size; with 4, every output sees equally many taps."""

    def __init__(self, channels: int, incoming: int | None = None, *, size: int = 4):
        super().__init__(channels, incoming)
        self.conv = nn.ConvTranspose2d(self.incoming, self.incoming, size, 2, size // 2 - 1)

    def up(self, y: Tensor, guide: Guide | None) -> Tensor:
        """(N, C', h, w) -> (N, C', 2h, 2w)."""
        return self.conv(y)


class PixelShuffle(Resampler):
    """Periodic shuffling: a convolution to 4 C channels, laid out as 2 x 2 cells (IndexNet Eq. 4)."""

    def __init__(self, channels: int, incoming: int | None = None, *, size: int = 3):
        super().__init__(channels, incoming)
        self.conv = nn.Conv2d(self.incoming, 4 * self.incoming, size, padding=size // 2)

    def up(self, y: Tensor, guide: Guide | None) -> Tensor:
        """(N, C', h, w) -> (N, C', 2h, 2w)."""
        return F.pixel_shuffle(self.conv(y), 2)
