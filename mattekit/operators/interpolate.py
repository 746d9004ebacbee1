"""Nearest, bilinear and bicubic interpolation: kernels that depend on distance alone (A2U section 3)."""

from torch import Tensor
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.operators.base import Guide, Resampler

MODES = ("nearest", "bilinear", "bicubic")


class Interpolate(Resampler):
    """Fixed interpolation.

    Parameters
    ----------
    channels, incoming : int
        Part of the protocol; nothing depends on them.
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
        """(N, C', h, w) -> (N, C', 2h, 2w)."""
        return F.interpolate(y, scale_factor=2, mode=self.mode)
