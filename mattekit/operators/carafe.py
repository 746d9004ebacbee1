"""CARAFE: kernels predicted from the decoder's own, low-resolution feature (Wang et al., ICCV 2019, section 3)."""

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.operators.base import Guide, Resampler
from mattekit.operators.reassemble import spread


class CARAFE(Resampler):
    """Content-aware reassembly of features; the defaults are those of A2U Table 2.

    Parameters
    ----------
    compressed : int
        Channels after the 1x1 compressor.
    k_en, k_up : int
        Sizes of the encoder's convolution and of the kernels; k_up odd.
    """

    def __init__(
        self, channels: int, incoming: int | None = None, *, compressed: int = 64, k_en: int = 3, k_up: int = 5
    ):
        super().__init__(channels, incoming)
        self.compress = nn.Conv2d(self.incoming, compressed, 1)
        self.encode = nn.Conv2d(compressed, 4 * k_up**2, k_en, padding=k_en // 2)

    def up(self, y: Tensor, guide: Guide | None) -> Tensor:
        """Double (N, C', h, w) to (N, C', 2h, 2w)."""
        return spread(y, self.kernel(y))

    def kernel(self, y: Tensor) -> Tensor:
        """Compute kernels (N, 1, K, 2h, 2w) from y alone; the taps sum to 1."""
        return F.pixel_shuffle(self.encode(self.compress(y)), 2).softmax(1).unsqueeze(1)

    def kernels(self, x: Tensor, y: Tensor) -> Guide:
        """Return the kernel up."""
        return Guide(None, self.kernel(y))
