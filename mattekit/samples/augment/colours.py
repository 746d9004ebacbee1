"""Which pictures a colour step changes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from mattekit.imaging.pixel_values import to_float
from mattekit.samples.sample import Sample
from mattekit.samples.views import Pixels

Layer = Literal["foreground", "background", "both"]


def recolour(sample: Sample, function: Callable[[np.ndarray], np.ndarray], of: Layer = "foreground") -> Sample:
    """Replace colours (H, W, 3) float32 by a function of them, clipped to 0..1.

    Once there is an image, composed or given, it is the image's colours; until then those of `of`. "both" calls the
    function for the foreground first, then for the background.
    """
    names = {"foreground": ["fg"], "background": ["bg"], "both": ["fg", "bg"]}[of]
    names = ["image"] if sample.image is not None else [name for name in names if getattr(sample, name) is not None]
    return replace(sample, **{name: np.clip(function(floats(getattr(sample, name))), 0, 1) for name in names})


def floats(pixels: Pixels) -> np.ndarray:
    """All pixels as float32 in 0..1."""
    return to_float(np.asarray(pixels))
