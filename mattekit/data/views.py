"""Pixels that are computed when they are asked for, and only those: a crop of a large picture costs a crop.

Every function here takes arrays or views. Of arrays it gives an array, computed at once; as soon as one input is a
view, the answer is a view. Both hold the same numbers: a view computes a pixel from the same inputs in the same way,
it only leaves out the pixels that nobody looks at. No two interpolations are ever joined into one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np

from mattekit.imaging.levels import to_float

Interpolation = Literal["nearest", "linear", "cubic"]
Border = Literal["edge", "zero", "reflect"]

REACH = {"linear": 1, "cubic": 2}  # input pixels to either side that an interpolated value depends on
CODES = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}
BORDERS = {"edge": cv2.BORDER_REPLICATE, "zero": cv2.BORDER_CONSTANT, "reflect": cv2.BORDER_REFLECT_101}


@dataclass(frozen=True, eq=False)
class View:
    """A picture that can be asked for pixels.

    shape : (H, W) or (H, W, 3).
    at : function of whole-number rows and columns inside the picture, arrays that broadcast to (h, w); gives the
        pixels there, (h, w) or (h, w, 3).
    """

    shape: tuple[int, ...]
    at: Callable[[np.ndarray, np.ndarray], np.ndarray]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All pixels."""
        pixels = self.at(*_grid(0, 0, *self.shape[:2]))
        return pixels if dtype is None else pixels.astype(dtype, copy=False)


Pixels = np.ndarray | View


def stored(pixels: Pixels) -> View:
    """A view of an array; views stay as they are."""
    if isinstance(pixels, View):
        return pixels

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        box = _as_box(rows, columns)
        if box is not None:
            return pixels[box]
        if rows.shape[1] == columns.shape[0] == 1:
            return pixels.take(rows[:, 0], axis=0).take(columns[0], axis=1)
        index = np.multiply(rows, pixels.shape[1], dtype=np.intp) + columns
        return np.reshape(pixels, (-1, *pixels.shape[2:])).take(index, axis=0, mode="clip")  # faster; none is outside

    return View(pixels.shape, at)


def window(pixels: Pixels, top: int, left: int, height: int, width: int) -> Pixels:
    """Cut a rectangle, which must lie inside, out of a picture."""
    source = stored(pixels)
    view = View((height, width, *pixels.shape[2:]), lambda rows, columns: source.at(rows + top, columns + left))
    return _like(view, pixels)


def pointwise(function: Callable[..., np.ndarray], *pixels: Pixels) -> Pixels:
    """Apply a function of pixels at one place, float32 in 0..1, to pictures of one size."""
    sources = [stored(each) for each in pixels]
    shape = function(*(np.zeros((1, 1, *each.shape[2:]), np.float32) for each in pixels)).shape

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return function(*(to_float(source.at(rows, columns)) for source in sources))

    return _like(View((*pixels[0].shape[:2], *shape[2:]), at), *pixels)


def neighbourhood(function: Callable[[np.ndarray], np.ndarray], pixels: Pixels, reach: int) -> Pixels:
    """Apply a function of a whole picture whose value at a pixel depends on nothing more than `reach` pixels away."""
    source = stored(pixels)

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        top, left, height, width = _box_around(rows, columns, reach, source.shape)
        part = function(source.at(*_grid(top, left, height, width)))
        return stored(part).at(rows - top, columns - left)

    return _like(View(pixels.shape[:2], at), pixels)


def warped(
    pixels: Pixels, matrix: np.ndarray, size: tuple[int, int], interpolation: Interpolation, border: Border = "edge"
) -> Pixels:
    """Move a picture by an affine map.

    Parameters
    ----------
    pixels : (H, W) or (H, W, 3)
    matrix : (2, 3)
        Takes (column, row, 1) of a pixel's centre in the answer to column and row of where it comes from.
    size : (height, width) of the answer.
    interpolation : "nearest" takes the pixel that holds the place (halves go up); "linear" and "cubic" are OpenCV's.
    border : what lies outside: the nearest pixel of the edge, 0, or a mirror image without the edge itself.

    Returns
    -------
    (height, width) or (height, width, 3), of the type of `pixels`; floats interpolated cubically are clipped to 0..1.
    """
    source, matrix = stored(pixels), np.asarray(matrix, np.float32)

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        x, y = _apply(matrix[0], rows, columns), _apply(matrix[1], rows, columns)
        if interpolation == "nearest":
            return _nearest(source, x, y, border)
        return _interpolated(source, x, y, interpolation, border)

    return _like(View((*size, *pixels.shape[2:]), at), pixels)


def _apply(row: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """One coordinate under the map; stays a row or a column where the other coordinate does not matter."""
    along_x, along_y, shift = row
    if along_y == 0:
        return columns.astype(np.float32) * along_x + shift
    if along_x == 0:
        return rows.astype(np.float32) * along_y + shift
    return (columns.astype(np.float32) * along_x + shift) + rows.astype(np.float32) * along_y


def _nearest(source: View, x: np.ndarray, y: np.ndarray, border: Border) -> np.ndarray:
    columns, rows = (np.floor(each + np.float32(0.5)).astype(np.int32) for each in (x, y))
    height, width = source.shape[:2]
    if border == "reflect":
        return source.at(_mirrored(rows, height), _mirrored(columns, width))
    outside = _outside(rows, height), _outside(columns, width)
    if outside[0] is outside[1] is None:
        return source.at(rows, columns)
    pixels = source.at(rows.clip(0, height - 1), columns.clip(0, width - 1))
    if border == "zero":
        pixels = np.array(pixels)  # never in what may be the source's own memory
        for mask in outside:
            if mask is not None:
                pixels[np.broadcast_to(mask, pixels.shape[:2])] = 0
    return pixels


def _outside(index: np.ndarray, length: int) -> np.ndarray | None:
    """Mask of what is not in 0 .. length - 1, or None if all is."""
    if index.size == 0 or (index.min() >= 0 and index.max() < length):
        return None
    return (index < 0) | (index >= length)


def _interpolated(source: View, x: np.ndarray, y: np.ndarray, interpolation: str, border: Border) -> np.ndarray:
    top, left, height, width = _box_around(y, x, REACH[interpolation] + 1, source.shape)
    part = np.ascontiguousarray(source.at(*_grid(top, left, height, width)))
    x, y = np.broadcast_arrays(x - np.float32(left), y - np.float32(top))
    pixels = cv2.remap(part, x, y, CODES[interpolation], borderMode=BORDERS[border])
    return pixels.clip(0, 1) if interpolation == "cubic" and pixels.dtype == np.float32 else pixels


def _mirrored(index: np.ndarray, length: int) -> np.ndarray:
    period = max(1, 2 * (length - 1))
    index = np.abs(index) % period
    return np.minimum(index, period - index) if length > 1 else np.zeros_like(index)


def _grid(top: int, left: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(top, top + height, dtype=np.int32)[:, None]
    return rows, np.arange(left, left + width, dtype=np.int32)[None]


def _as_box(rows: np.ndarray, columns: np.ndarray) -> tuple[slice, slice] | None:
    """Rows (h, 1) and columns (1, w) that follow one another, as slices."""
    if rows.shape[1] != 1 or columns.shape[0] != 1:
        return None
    lines = rows[:, 0], columns[0]
    if any((np.diff(line) != 1).any() for line in lines):
        return None
    return tuple(slice(int(line[0]), int(line[-1]) + 1) for line in lines)


def _box_around(rows: np.ndarray, columns: np.ndarray, reach: int, shape: tuple) -> tuple[int, int, int, int]:
    """Smallest box (top, left, height, width) inside a picture that holds all places within `reach` of those given."""
    ends = []
    for places, length in ((rows, shape[0]), (columns, shape[1])):
        first = min(max(int(np.floor(places.min())) - reach, 0), length - 1)
        last = min(max(int(np.ceil(places.max())) + reach, first), length - 1)
        ends.append((first, last - first + 1))
    (top, height), (left, width) = ends
    return top, left, height, width


def _like(view: View, *sources: Pixels) -> Pixels:
    return view if any(isinstance(source, View) for source in sources) else np.asarray(view)
