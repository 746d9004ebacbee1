"""Lazy pictures: pixels are computed when they are read, and only those, so that a crop costs no more than the crop.

The functions here take arrays or views. Given arrays alone they return an array, computed at once; if one input is a
view, the result is a view. Both hold the same numbers: a view computes a pixel from the same inputs in the same way,
and only leaves out the pixels that nobody reads. Two interpolations are never merged into one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import cv2
import numpy as np

from mattekit.compiling import announced
from mattekit.imaging.pixel_values import to_float

Interpolation = Literal["nearest", "linear", "cubic"]
Border = Literal["edge", "zero", "reflect"]

REACH = {"linear": 1, "cubic": 2}  # input pixels to either side that an interpolated value depends on
CODES = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}
BORDERS = {"edge": cv2.BORDER_REPLICATE, "zero": cv2.BORDER_CONSTANT, "reflect": cv2.BORDER_REFLECT_101}
HALF = np.float32(0.5)


@dataclass(frozen=True, eq=False)
class View:
    """A picture whose pixels are computed on demand.

    shape : (H, W) or (H, W, 3).
    at : function of rows and columns inside the picture, int32, either (h, 1) and (1, w) or both (h, w); returns the
        pixels there, (h, w) or (h, w, 3).
    """

    shape: tuple[int, ...]
    at: Callable[[np.ndarray, np.ndarray], np.ndarray]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Compute all pixels."""
        pixels = self.at(*grid(0, 0, *self.shape[:2]))
        return pixels if dtype is None else pixels.astype(dtype, copy=False)


Pixels = np.ndarray | View


def stored(pixels: Pixels) -> View:
    """Return a view of an array; a view is returned as it is."""
    if isinstance(pixels, View):
        return pixels
    pixels = np.require(pixels, requirements="CW")  # as the compiled loop wants them

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        if is_grid(rows, columns):
            box = _as_box(rows[:, 0], columns[0])
            return pixels[box] if box else pixels.take(rows[:, 0], axis=0).take(columns[0], axis=1)
        return _gather(pixels, rows, columns)

    return View(pixels.shape, at)


@cache
def _kernel() -> Any:
    """Return the module of compiled loops, which compiles when it is imported."""
    with announced("augmentation: the first use compiles for some seconds."):
        from mattekit.samples import views_kernel

        return views_kernel


def _gather(pixels: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    if pixels.dtype == bool:
        return _gather(pixels.view(np.uint8), rows, columns).view(bool)
    rows, columns = (np.ascontiguousarray(each, np.int32) for each in (rows, columns))
    return (_kernel().gather_plane if pixels.ndim == 2 else _kernel().gather_colours)(pixels, rows, columns)


def window(pixels: Pixels, top: int, left: int, height: int, width: int) -> Pixels:
    """Cut a rectangle, which must lie inside, out of a picture."""
    source = stored(pixels)
    down, right = np.int32(top), np.int32(left)
    view = View((height, width, *pixels.shape[2:]), lambda rows, columns: source.at(rows + down, columns + right))
    return like(view, pixels)


def pointwise(function: Callable[..., np.ndarray], *pixels: Pixels) -> Pixels:
    """Apply a function pixel by pixel to pictures of one size; it gets them as float32 in 0..1."""
    sources = [stored(each) for each in pixels]
    shape = function(*(np.zeros((1, 1, *each.shape[2:]), np.float32) for each in pixels)).shape

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return function(*(to_float(source.at(rows, columns)) for source in sources))

    return like(View((*pixels[0].shape[:2], *shape[2:]), at), *pixels)


def neighbourhood(function: Callable[[np.ndarray], np.ndarray], pixels: Pixels, reach: int) -> Pixels:
    """Apply a function of whole pictures whose value at a pixel depends on no pixel further than `reach` away."""
    source = stored(pixels)

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        top, left, height, width = box_around(rows, columns, reach, source.shape)
        part = function(source.at(*grid(top, left, height, width)))
        return stored(part).at(rows - np.int32(top), columns - np.int32(left))

    return like(View(pixels.shape[:2], at), pixels)


def like(view: View, *sources: Pixels) -> Pixels:
    """Return `view` if one of its sources is a view, else all of its pixels."""
    return view if any(isinstance(source, View) for source in sources) else np.asarray(view)


def grid(top: int, left: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows (height, 1) and columns (1, width) of a rectangle."""
    rows = np.arange(top, top + height, dtype=np.int32)[:, None]
    return rows, np.arange(left, left + width, dtype=np.int32)[None]


def is_grid(rows: np.ndarray, columns: np.ndarray) -> bool:
    """Whether positions are all pairs of some rows (h, 1) and some columns (1, w)."""
    return rows.shape[1] == columns.shape[0] == 1


def box_around(rows: np.ndarray, columns: np.ndarray, reach: int, shape: tuple) -> tuple[int, int, int, int]:
    """Return the smallest box (top, left, height, width) in a picture that holds all pixels within `reach` of those."""
    ends = []
    for places, length in ((rows, shape[0]), (columns, shape[1])):
        first = min(max(int(np.floor(places.min())) - reach, 0), length - 1)
        last = min(max(int(np.ceil(places.max())) + reach, first), length - 1)
        ends.append((first, last - first + 1))
    (top, height), (left, width) = ends
    return top, left, height, width


def _as_box(rows: np.ndarray, columns: np.ndarray) -> tuple[slice, slice] | None:
    """Return rows (h,) and columns (w,) as slices, if they are consecutive."""
    if any((np.diff(line) != 1).any() for line in (rows, columns)):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def warped(
    pixels: Pixels, matrix: np.ndarray, size: tuple[int, int], interpolation: Interpolation, border: Border = "edge"
) -> Pixels:
    """Move a picture by an affine map.

    Parameters
    ----------
    pixels : (H, W) or (H, W, 3)
    matrix : (2, 3)
        Maps (column, row, 1) of an output pixel's centre to its column and row in the input.
    size : (height, width) of the output.
    interpolation : "nearest" takes the pixel that holds the position (halves go up); "linear" and "cubic" are OpenCV's.
    border : values outside the input: the nearest edge pixel, 0, or a reflection that does not repeat the edge.

    Returns
    -------
    (height, width) or (height, width, 3), of the type of `pixels`; floats interpolated cubically are clipped to 0..1.
    """
    source, matrix = stored(pixels), np.asarray(matrix, np.float32)

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        if interpolation != "nearest":
            x, y = _apply(matrix[0], rows, columns), _apply(matrix[1], rows, columns)
            return _interpolated(source, x, y, interpolation, border)
        if border == "reflect":
            return source.at(*_mirrored(matrix, rows, columns, source.shape))
        *places, outside = _nearest(matrix, rows, columns, source.shape)
        values = source.at(*places)
        if border == "zero" and outside.any():
            values = np.array(values)  # a copy: these may be the source's own memory
            values[np.broadcast_to(outside, values.shape[:2])] = 0
        return values

    return like(View((*size, *pixels.shape[2:]), at), pixels)


def _apply(row: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Map one coordinate; the result stays a row or a column where the other coordinate does not matter."""
    along_x, along_y, shift = row
    if along_y == 0:
        return columns.astype(np.float32) * along_x + shift
    if along_x == 0:
        return rows.astype(np.float32) * along_y + shift
    return (columns.astype(np.float32) * along_x + shift) + rows.astype(np.float32) * along_y


def _nearest(matrix: np.ndarray, rows: np.ndarray, columns: np.ndarray, shape: tuple) -> tuple[np.ndarray, ...]:
    """Return the input rows and columns of output positions, clamped to the picture, and which were outside."""
    height, width = shape[:2]
    if is_grid(rows, columns) and matrix[0, 1] == matrix[1, 0] == 0:  # the result is a grid, too
        lines = [(_apply(matrix[1], rows, columns), height), (_apply(matrix[0], rows, columns), width)]
        places = [(np.floor(line + HALF).astype(np.int32), length) for line, length in lines]
        down, right = (place.clip(0, length - 1) for place, length in places)
        return down, right, (down != places[0][0]) | (right != places[1][0])
    if is_grid(rows, columns):
        return _kernel().nearest_of_grid(rows[:, 0].copy(), columns[0].copy(), matrix, height, width)
    return _kernel().nearest_of_positions(rows, columns, matrix, height, width)


def _mirrored(matrix: np.ndarray, rows: np.ndarray, columns: np.ndarray, shape: tuple) -> list[np.ndarray]:
    places = []
    for row, length in ((matrix[1], shape[0]), (matrix[0], shape[1])):
        index = np.abs(np.floor(_apply(row, rows, columns) + HALF).astype(np.int32))
        period = max(1, 2 * (length - 1))
        index %= period
        places.append(np.minimum(index, period - index) if length > 1 else np.zeros_like(index))
    return places


def _interpolated(source: View, x: np.ndarray, y: np.ndarray, interpolation: str, border: Border) -> np.ndarray:
    top, left, height, width = box_around(y, x, REACH[interpolation] + 1, source.shape)
    part = np.ascontiguousarray(source.at(*grid(top, left, height, width)))
    x, y = np.broadcast_arrays(x - np.float32(left), y - np.float32(top))
    pixels = cv2.remap(part, x, y, CODES[interpolation], borderMode=BORDERS[border])
    return pixels.clip(0, 1) if interpolation == "cubic" and pixels.dtype == np.float32 else pixels
