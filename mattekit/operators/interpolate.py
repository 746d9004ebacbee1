"""Nearest and bilinear interpolation: kernels that depend on distance alone (A2U section 3)."""

from torch import Tensor
from torch.nn import functional as F

from mattekit.operators.base import Guide, Resampler


class Interpolate(Resampler):
    """Fixed interpolation.

    Parameters
    ----------
    channels, incoming : int
        Taken for the sake of the protocol; nothing depends on them.
    mode : "nearest" or "bilinear"
        Bilinear samples at half-pixel centres (align_corners=False), nearest repeats.
    """

    def __init__(self, channels: int, incoming: int | None = None, *, mode: str = "nearest"):
        super().__init__(channels, incoming)
        self.mode = mode

    def up(self, y: Tensor, guide: Guide | None) -> Tensor:
        """(N, C', h, w) -> (N, C', 2h, 2w)."""
        return F.interpolate(y, scale_factor=2, mode=self.mode)
