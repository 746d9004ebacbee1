"""Geometry of a sample: its pictures move together, the trimap by nearest neighbour, the prior smoothly."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from mattekit.samples.sample import Sample
from mattekit.samples.views import Pixels
from mattekit.samples.warps import Border, Interpolation, warped

Part = Literal["all", "foreground", "background"]

FRAME = ("alpha", "fg", "image", "trimap", "prior")  # the background is one of them once it is placed


def parts(sample: Sample, of: Part = "all") -> list[str]:
    """Names of the pictures that a movement takes along; an image that is composed moves as a whole."""
    if sample.image is not None:
        of = "all"
    frame = [name for name in FRAME if getattr(sample, name) is not None]
    behind = ["bg"] if sample.bg is not None and sample.placed else []
    return {"all": frame + behind, "foreground": frame, "background": behind}[of]


def move(
    sample: Sample,
    matrix: np.ndarray,
    size: tuple[int, int],
    interpolation: Interpolation,
    *,
    of: Part = "all",
    border: Border = "edge",
) -> Sample:
    """Apply one affine map, as `views.warped` has it, to the pictures of a sample."""

    def one(name: str, pixels: Pixels) -> Pixels:
        own = {"trimap": "nearest", "prior": "linear"}.get(name, interpolation)
        return warped(pixels, matrix, size, own, border)

    return each(sample, one, of)


def each(sample: Sample, function: Callable[[str, Pixels], Pixels], of: Part = "all") -> Sample:
    """Replace pictures by a function of their name and pixels."""
    return replace(sample, **{name: function(name, getattr(sample, name)) for name in parts(sample, of)})


def scaling(size: tuple[int, int], target: tuple[int, int]) -> np.ndarray:
    """Map of `views.warped` that scales `size` = (H, W) to `target`, outer edge to outer edge."""
    down, right = size[0] / target[0], size[1] / target[1]
    return np.array([[right, 0, right / 2 - 0.5], [0, down, down / 2 - 0.5]])


def about_centre(linear: np.ndarray, size: tuple[int, int], shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Map with the linear part (2, 2) that leaves the centre of `size`, moved by `shift` = (x, y), where it is."""
    centre = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2]) + shift
    return np.column_stack([linear, centre - linear @ centre])
