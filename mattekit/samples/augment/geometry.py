"""Geometric steps: all pictures of a sample move together, the trimap by nearest neighbour, the prior linearly."""

from dataclasses import replace
from typing import Literal

import numpy as np

from mattekit.samples.sample import Sample
from mattekit.samples.views import Border, Interpolation, Pixels, warped

Part = Literal["all", "foreground", "background"]

FRAME = ("alpha", "fg", "image", "trimap", "prior")  # the background is one of them once it is placed


def pictures(sample: Sample, of: Part = "all") -> dict[str, Pixels]:
    """Return the pictures that a movement takes along, by name; an image that is composed moves as a whole."""
    if sample.image is not None:
        of = "all"
    frame = [] if of == "background" else [name for name in FRAME if getattr(sample, name) is not None]
    behind = ["bg"] if of != "foreground" and sample.bg is not None and sample.placed else []
    return {name: getattr(sample, name) for name in frame + behind}


def move(
    sample: Sample,
    matrix: np.ndarray,
    size: tuple[int, int],
    interpolation: Interpolation,
    *,
    of: Part = "all",
    border: Border = "edge",
) -> Sample:
    """Apply one affine map, as `views.warped` takes it, to the pictures of a sample."""
    modes = {"trimap": "nearest", "prior": "linear"}
    moved = {
        name: warped(pixels, matrix, size, modes.get(name, interpolation), border)
        for name, pixels in pictures(sample, of).items()
    }
    return replace(sample, **moved)


def scaling(size: tuple[int, int], target: tuple[int, int]) -> np.ndarray:
    """Return the map for `views.warped` that scales `size` = (H, W) to `target`, outer edge to outer edge."""
    down, right = size[0] / target[0], size[1] / target[1]
    return np.array([[right, 0, right / 2 - 0.5], [0, down, down / 2 - 0.5]])


def about_centre(linear: np.ndarray, size: tuple[int, int], shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Return the map with the linear part (2, 2) that fixes the centre of `size`, moved by `shift` = (x, y)."""
    centre = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2]) + shift
    return np.column_stack([linear, centre - linear @ centre])


def affine(
    sample: Sample,
    rng: np.random.Generator,
    *,
    angle: float = 30.0,
    rotate_from: int = 1024,
    scale: tuple[float, float] = (0.8, 1.25),
    shear: float = 10.0,
    flip: float = 0.5,
    interpolation: Interpolation = "nearest",
) -> Sample:
    """Rotate, shear, scale and mirror the foreground about its centre; pixels from outside are 0.

    Parameters
    ----------
    sample
    rng
    angle, shear : largest angle in degrees, to either side.
    rotate_from : pictures whose longer side has fewer pixels are not rotated.
    scale : range of the factors of width and height, which are drawn apart.
    flip : probability of a flip, left to right and, apart from that, upside down.
    interpolation

    References
    ----------
    A2U, section 6.3, "random affine transformations"; the numbers are the released code's.
    """
    turn = np.radians(rng.uniform(-angle, angle)) if max(sample.size) >= rotate_from else 0.0
    slant = np.radians(rng.uniform(-shear, shear))
    factors = rng.uniform(*scale, size=2) * np.where(rng.random(2) < flip, -1, 1)
    rotation = np.array([[np.cos(turn), np.sin(turn + slant)], [-np.sin(turn), np.cos(turn + slant)]])
    matrix = about_centre(rotation * factors[:, None], sample.size)
    return move(sample, matrix, sample.size, interpolation, border="zero")


def rotate(
    sample: Sample,
    rng: np.random.Generator,
    *,
    angle: int = 180,
    jitter: int = 10,
    of: Part | Literal["each"] = "each",
    interpolation: Interpolation = "cubic",
) -> Sample:
    """Rotate by a whole number of degrees about a point near the centre; pixels from outside are 0.

    Parameters
    ----------
    sample
    rng
    angle : largest angle in degrees, to either side.
    jitter : how far the point lies from the centre at most, in pixels of x and of y.
    of : "each" rotates foreground and background by angles of their own, "all" by the same one.
    interpolation

    References
    ----------
    LSA, section 5: with a probability of 0.5; the numbers and "each" are the released code's.
    """
    for part in ("foreground", "background") if of == "each" else (of,):
        turn = np.radians(rng.integers(-angle, angle, endpoint=True))
        shift = rng.integers(-jitter, jitter, size=2, endpoint=True)
        if part == "background" and (sample.image is not None or sample.bg is None):
            continue  # there is no separate background to rotate
        rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        matrix = about_centre(rotation, sample.size, shift)
        sample = move(sample, matrix, sample.size, interpolation, of=part, border="zero")
    return sample


def resize(
    sample: Sample,
    rng: np.random.Generator,
    *,
    size: int | tuple[int, int] = 640,
    interpolation: Interpolation = "nearest",
) -> Sample:
    """Scale a sample to `size` (one side of a square, or height and width), whatever its proportions.

    Images that are shrunk are not smoothed first, as in the papers' code.

    References
    ----------
    A2U, section 6.3: to 640 x 640 with a probability of 0.25; by nearest neighbour in the released code.
    """
    target = (size, size) if isinstance(size, int) else size
    if target == sample.size:
        return sample
    return move(sample, scaling(sample.size, target), target, interpolation)


def flip(
    sample: Sample,
    rng: np.random.Generator,
    *,
    of: Part = "all",
    axis: Literal["horizontal", "vertical"] = "horizontal",
) -> Sample:
    """Mirror left to right, or upside down.

    References
    ----------
    All three papers, with a probability of 0.5. LSA's released code flips foreground and background apart: two
    steps, one `of` each.
    """
    height, width = sample.size
    matrix = [[-1, 0, width - 1], [0, 1, 0]] if axis == "horizontal" else [[1, 0, 0], [0, -1, height - 1]]
    return move(sample, np.array(matrix), sample.size, "nearest", of=of)


def border(sample: Sample, rng: np.random.Generator, *, size: int = 640) -> Sample:
    """Pad by reflection each side shorter than `size`, with size - side pixels at either end.

    The edge itself is not repeated.

    References
    ----------
    LSA's released code.
    """
    height, width = sample.size
    rows, columns = max(0, size - height), max(0, size - width)
    if not rows and not columns:
        return sample
    matrix = np.array([[1, 0, -columns], [0, 1, -rows]])
    return move(sample, matrix, (height + 2 * rows, width + 2 * columns), "nearest", border="reflect")
