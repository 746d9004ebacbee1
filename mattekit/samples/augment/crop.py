"""Square crops about unknown pixels: each paper's, and the one of samples from a pool."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from mattekit.errors import InputError
from mattekit.samples.augment.geometry import move, pictures, scaling
from mattekit.samples.sample import Sample
from mattekit.samples.views import Interpolation, Pixels, pointwise, window

Box = tuple[int, int, int, int]  # top, left, height, width

TRIES, SHARE = 5, 0.8  # LSA's released code
FEW = 10  # A2U's released code


def crop(
    sample: Sample,
    rng: np.random.Generator,
    *,
    size: int = 320,
    rule: Literal["indexnet", "a2u", "lsa"] = "indexnet",
    scales: tuple[float, ...] = (),
    interpolation: Interpolation = "cubic",
) -> Sample:
    """Cut a square out and scale it to `size` x `size`; a sample that is too small is enlarged first.

    Unknown pixels are those of the trimap or, before there is one, those that are neither opaque nor clear.

    Parameters
    ----------
    sample
    rng
    size : side of the patch in pixels.
    rule : where the square lies.
        "indexnet": about a random unknown pixel, if possible one whose square lies inside the picture.
        "a2u": about a random unknown pixel whose square lies inside; anywhere if there are fewer than ten; the whole
        picture, squeezed, if nothing is unknown.
        "lsa": about a random pixel of alpha > 0, the square moved inside; drawn again, up to five times, if its share
        of unknown pixels is below 0.8 of the picture's.
    scales : side of the square in units of `size`: for "lsa" the ends of a range, otherwise values to draw from. By
        default 1, 1.5 and 2, as far as the picture holds them, for "indexnet"; 1 for "a2u"; 0.75 to 1.25 for "lsa".
    interpolation : of images and alpha, where they are scaled.

    References
    ----------
    IndexNet section 5.1, A2U section 6.3, LSA section 5; what they leave open is as in the released code.
    """
    row = RULES[rule]
    sample, side = row.fit(sample, rng, size, scales or row.scales, interpolation)
    box = row.place(sample, rng, side)
    sample = replace(sample, **{name: window(pixels, *box) for name, pixels in pictures(sample).items()})
    if sample.size != (size, size):
        sample = move(sample, scaling(sample.size, (size, size)), (size, size), interpolation)
    # Small now, and used more than once: views become arrays.
    return replace(sample, **{name: np.ascontiguousarray(pixels) for name, pixels in pictures(sample).items()})


@dataclass(frozen=True)
class Rule:
    """A paper's rule for cropping: enlarge the sample if need be and draw the side, then place the box."""

    scales: tuple[float, ...]
    fit: Callable[..., tuple[Sample, int]]
    place: Callable[[Sample, np.random.Generator, int], Box]


def _fit_indexnet(
    sample: Sample, rng: np.random.Generator, size: int, scales: tuple[float, ...], interpolation: Interpolation
) -> tuple[Sample, int]:
    sample = _enlarged(sample, size, round(size * 500 / 320), interpolation)
    sides = [round(size * scale) for scale in scales]
    fitting = [side for side in sides if side < min(sample.size)] or [min(*sides, *sample.size)]
    return sample, fitting[rng.integers(len(fitting))]


def _place_indexnet(sample: Sample, rng: np.random.Generator, side: int) -> Box:
    mask = unknown(sample)
    return centred(mask, rng, side) or centred(mask, rng, side, clamp=True) or anywhere(sample.size, rng, side)


def _fit_a2u(
    sample: Sample, rng: np.random.Generator, size: int, scales: tuple[float, ...], interpolation: Interpolation
) -> tuple[Sample, int]:
    side = round(size * scales[rng.integers(len(scales))])
    return _enlarged(sample, side + 1, round(1.1 * side), interpolation), side


def _place_a2u(sample: Sample, rng: np.random.Generator, side: int) -> Box:
    mask = unknown(sample)
    if box := centred(mask, rng, side, least=FEW):
        return box
    return anywhere(sample.size, rng, side) if np.asarray(mask).any() else (0, 0, *sample.size)


def _fit_lsa(
    sample: Sample, rng: np.random.Generator, size: int, scales: tuple[float, ...], interpolation: Interpolation
) -> tuple[Sample, int]:
    low, high = round(size * min(scales)), round(size * max(scales))
    side = 2 * (int(rng.integers(low, high, endpoint=True)) // 2)
    return _enlarged(sample, side, side, interpolation), side


def _place_lsa(sample: Sample, rng: np.random.Generator, side: int) -> Box:
    alpha = np.asarray(pointwise(lambda values: values, sample.alpha))
    soft, visible = (alpha > 0) & (alpha < 1), np.flatnonzero(alpha > 0)
    enough = SHARE * np.count_nonzero(soft) / soft.size * side * side
    for _ in range(TRIES):
        if not visible.size:
            return anywhere(sample.size, rng, side)
        box = inside(pick(visible, rng, alpha.shape[1]), sample.size, side)
        if np.count_nonzero(window(soft, *box)) >= enough:
            break
    return box


RULES = {
    "indexnet": Rule((1.0, 1.5, 2.0), _fit_indexnet, _place_indexnet),
    "a2u": Rule((1.0,), _fit_a2u, _place_a2u),
    "lsa": Rule((0.75, 1.25), _fit_lsa, _place_lsa),
}


def _enlarged(sample: Sample, below: int, to: int, interpolation: Interpolation) -> Sample:
    """Scale a sample whose shorter side is less than `below` so that this side becomes `to`."""
    if min(sample.size) >= below:
        return sample
    target = tuple(max(to, round(side * to / min(sample.size))) for side in sample.size)
    return move(sample, scaling(sample.size, target), target, interpolation)


def turn(sample: Sample, rng: np.random.Generator, *, size: int = 320) -> Sample:
    """Cut a square about a random unknown pixel, moved inside, then mirror it and turn it by a multiple of 90 degrees.

    No pixel is interpolated, so that image, trimap, alpha and estimates still match. Not a step of any paper.

    Parameters
    ----------
    sample
    rng
    size : side of the square in pixels.

    Raises
    ------
    InputError
        If the sample is smaller.
    """
    if min(sample.size) < size:
        height, width = sample.size
        raise InputError(f"step turn: size {size}, of samples of {height}x{width}. Give it less, or the crop more.")
    candidates = np.flatnonzero(np.asarray(unknown(sample)))
    if sample.size == (size, size):
        box = (0, 0, *sample.size)
    elif candidates.size:
        # Anywhere in the square: an unknown pixel always in the centre would tell the network where to look.
        row, column = pick(candidates, rng, sample.size[1])
        down, right = rng.integers(-size // 2, size // 2, size=2, endpoint=True)
        box = inside((row + int(down), column + int(right)), sample.size, size)
    else:
        box = anywhere(sample.size, rng, size)
    quarters, mirrored = int(rng.integers(4)), bool(rng.integers(2))

    def turned(pixels: Pixels) -> np.ndarray:
        square = np.rot90(np.asarray(window(pixels, *box)), quarters)
        return np.ascontiguousarray(square[:, ::-1] if mirrored else square)

    return replace(sample, **{name: turned(pixels) for name, pixels in pictures(sample).items()})


def unknown(sample: Sample) -> Pixels:
    """Mask (H, W) of the trimap's unknown pixels; without a trimap, of pixels that are neither opaque nor clear."""
    if sample.trimap is not None:
        return pointwise(lambda trimap: trimap == 0.5, sample.trimap)
    return pointwise(lambda alpha: (alpha > 0) & (alpha < 1), sample.alpha)


def centred(mask: Pixels, rng: np.random.Generator, side: int, *, clamp: bool = False, least: int = 1) -> Box | None:
    """Return a square about a random pixel of a mask (H, W), None if there are fewer than `least` candidates.

    Candidates are pixels whose square lies inside or, with `clamp`, all, and the square is moved inside.
    """
    height, width = mask.shape
    if clamp:
        candidates = np.flatnonzero(np.asarray(mask))
        return inside(pick(candidates, rng, width), mask.shape, side) if candidates.size >= least else None
    part = window(mask, side // 2, side // 2, height - side + 1, width - side + 1)
    candidates = np.flatnonzero(np.asarray(part))
    return (*pick(candidates, rng, part.shape[1]), side, side) if candidates.size >= least else None


def anywhere(size: tuple[int, int], rng: np.random.Generator, side: int) -> Box:
    """Return a square at a random position inside a picture of `size`."""
    top, left = (int(rng.integers(length - side + 1)) for length in size)
    return top, left, side, side


def inside(centre: tuple[int, int], size: tuple[int, int], side: int) -> Box:
    """Return the square about a pixel (row, column), moved inside a picture of `size`."""
    top, left = (min(max(at - side // 2, 0), length - side) for at, length in zip(centre, size, strict=True))
    return top, left, side, side


def pick(candidates: np.ndarray, rng: np.random.Generator, width: int) -> tuple[int, int]:
    """Return row and column of one of some pixels, given as flat indices into a picture of that width."""
    row, column = divmod(int(candidates[rng.integers(candidates.size)]), width)
    return row, column
