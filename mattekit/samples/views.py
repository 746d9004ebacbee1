"""Pixels that are computed when they are asked for, and only those: a crop of a large picture costs a crop.

The functions here and in `data.warps` take arrays or views. Of arrays they give an array, computed at once; as soon as
one input is a view, the answer is a view. Both hold the same numbers: a view computes a pixel from the same inputs in
the same way, it only leaves out the pixels that nobody looks at. No two interpolations are ever joined into one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mattekit.compiling import announced
from mattekit.imaging.pixel_values import to_float

COMPILING = "augmentation: the first use compiles for some seconds."


@dataclass(frozen=True, eq=False)
class View:
    """A picture that can be asked for pixels.

    shape : (H, W) or (H, W, 3).
    at : function of rows and columns inside the picture, int32, either (h, 1) and (1, w) or both (h, w); gives the
        pixels there, (h, w) or (h, w, 3).
    """

    shape: tuple[int, ...]
    at: Callable[[np.ndarray, np.ndarray], np.ndarray]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All pixels."""
        pixels = self.at(*grid(0, 0, *self.shape[:2]))
        return pixels if dtype is None else pixels.astype(dtype, copy=False)


Pixels = np.ndarray | View


def stored(pixels: Pixels) -> View:
    """A view of an array; views stay as they are."""
    if isinstance(pixels, View):
        return pixels
    pixels = np.require(pixels, requirements="CW")  # as the compiled loop wants them

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        if is_grid(rows, columns):
            box = _as_box(rows[:, 0], columns[0])
            return pixels[box] if box else pixels.take(rows[:, 0], axis=0).take(columns[0], axis=1)
        return _gather(pixels, rows, columns)

    return View(pixels.shape, at)


@announced(COMPILING)
def _gather(pixels: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    from mattekit.samples.views_kernel import gather_colours, gather_plane

    if pixels.dtype == bool:
        return _gather(pixels.view(np.uint8), rows, columns).view(bool)
    rows, columns = (np.ascontiguousarray(each, np.int32) for each in (rows, columns))
    return (gather_plane if pixels.ndim == 2 else gather_colours)(pixels, rows, columns)


def window(pixels: Pixels, top: int, left: int, height: int, width: int) -> Pixels:
    """Cut a rectangle, which must lie inside, out of a picture."""
    source = stored(pixels)
    down, right = np.int32(top), np.int32(left)
    view = View((height, width, *pixels.shape[2:]), lambda rows, columns: source.at(rows + down, columns + right))
    return like(view, pixels)


def pointwise(function: Callable[..., np.ndarray], *pixels: Pixels) -> Pixels:
    """Apply a function of pixels at one place, float32 in 0..1, to pictures of one size."""
    sources = [stored(each) for each in pixels]
    shape = function(*(np.zeros((1, 1, *each.shape[2:]), np.float32) for each in pixels)).shape

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return function(*(to_float(source.at(rows, columns)) for source in sources))

    return like(View((*pixels[0].shape[:2], *shape[2:]), at), *pixels)


def neighbourhood(function: Callable[[np.ndarray], np.ndarray], pixels: Pixels, reach: int) -> Pixels:
    """Apply a function of a whole picture whose value at a pixel depends on nothing more than `reach` pixels away."""
    source = stored(pixels)

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        top, left, height, width = box_around(rows, columns, reach, source.shape)
        part = function(source.at(*grid(top, left, height, width)))
        return stored(part).at(rows - np.int32(top), columns - np.int32(left))

    return like(View(pixels.shape[:2], at), pixels)


def like(view: View, *sources: Pixels) -> Pixels:
    """A view made of sources: itself if one of these is a view, else all of its pixels."""
    return view if any(isinstance(source, View) for source in sources) else np.asarray(view)


def grid(top: int, left: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows (height, 1) and columns (1, width) of a rectangle."""
    rows = np.arange(top, top + height, dtype=np.int32)[:, None]
    return rows, np.arange(left, left + width, dtype=np.int32)[None]


def is_grid(rows: np.ndarray, columns: np.ndarray) -> bool:
    """Whether places are all pairs of some rows (h, 1) and some columns (1, w)."""
    return rows.shape[1] == columns.shape[0] == 1


def box_around(rows: np.ndarray, columns: np.ndarray, reach: int, shape: tuple) -> tuple[int, int, int, int]:
    """Smallest box (top, left, height, width) inside a picture that holds all places within `reach` of those given."""
    ends = []
    for places, length in ((rows, shape[0]), (columns, shape[1])):
        first = min(max(int(np.floor(places.min())) - reach, 0), length - 1)
        last = min(max(int(np.ceil(places.max())) + reach, first), length - 1)
        ends.append((first, last - first + 1))
    (top, height), (left, width) = ends
    return top, left, height, width


def _as_box(rows: np.ndarray, columns: np.ndarray) -> tuple[slice, slice] | None:
    """Rows (h,) and columns (w,) as slices, if they follow one another."""
    if any((np.diff(line) != 1).any() for line in (rows, columns)):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
