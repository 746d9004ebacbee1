"""Decoded files: pixels as stored, and images in floats, with what is known of them."""

from dataclasses import dataclass

import numpy as np

from mattekit.imaging.codecs.exr_origin import Origin


@dataclass(frozen=True)
class Raw:
    """A file as stored, but upright, in RGB order and with straight alpha.

    pixels: (H, W), (H, W, 3) or (H, W, 4); uint8, uint16 or float32. 1-bit and palette files are expanded to uint8,
    grey with alpha to RGBA, CMYK to RGB. EXR stays scene-linear.
    icc: the colour profile if it describes these pixels. suffix: of the format, for example ".png".
    depth: "8", "16" or "float"; half-float EXR counts as "16". lossy: compressed with loss. curve: what values are, a
    name of `curves.CURVES`. associated: colours are stored times alpha. origin: windows and attributes of an EXR.
    """

    pixels: np.ndarray
    icc: bytes | None
    suffix: str
    depth: str = "8"
    lossy: bool = False
    curve: str = "srgb"
    associated: bool = False
    origin: Origin | None = None


@dataclass(frozen=True)
class Picture:
    """A file as float32: an image (H, W, 3), sRGB-encoded, or an alpha (H, W); see `Raw` for the rest.

    light: of an image that is stored as light or as a logarithm of it, the light (H, W, 3). origin: as of `Raw`, of
    plates alone.
    """

    pixels: np.ndarray
    depth: str
    icc: bytes | None = None
    suffix: str = ".png"
    light: np.ndarray | None = None
    curve: str = "srgb"
    origin: Origin | None = None

    @property
    def colours(self) -> np.ndarray:
        """The colours (H, W, 3) that the matting equation mixes: light where that is known, else encoded values."""
        return self.pixels if self.light is None else self.light
