"""Pictures moved by affine maps, as views (`samples.views`)."""

from typing import Literal

import cv2
import numpy as np

from mattekit.compiling import announced
from mattekit.samples.views import COMPILING, Pixels, View, box_around, grid, is_grid, like, stored

Interpolation = Literal["nearest", "linear", "cubic"]
Border = Literal["edge", "zero", "reflect"]

REACH = {"linear": 1, "cubic": 2}  # input pixels to either side that an interpolated value depends on
CODES = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}
BORDERS = {"edge": cv2.BORDER_REPLICATE, "zero": cv2.BORDER_CONSTANT, "reflect": cv2.BORDER_REFLECT_101}
HALF = np.float32(0.5)


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
        if interpolation != "nearest":
            x, y = _apply(matrix[0], rows, columns), _apply(matrix[1], rows, columns)
            return _interpolated(source, x, y, interpolation, border)
        if border == "reflect":
            return source.at(*_mirrored(matrix, rows, columns, source.shape))
        *places, outside = _nearest(matrix, rows, columns, source.shape)
        found = source.at(*places)
        if border == "zero" and outside.any():
            found = np.array(found)  # never in what may be the source's own memory
            found[np.broadcast_to(outside, found.shape[:2])] = 0
        return found

    return like(View((*size, *pixels.shape[2:]), at), pixels)


def _apply(row: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """One coordinate under the map; stays a row or a column where the other coordinate does not matter."""
    along_x, along_y, shift = row
    if along_y == 0:
        return columns.astype(np.float32) * along_x + shift
    if along_x == 0:
        return rows.astype(np.float32) * along_y + shift
    return (columns.astype(np.float32) * along_x + shift) + rows.astype(np.float32) * along_y


@announced(COMPILING)
def _nearest(matrix: np.ndarray, rows: np.ndarray, columns: np.ndarray, shape: tuple) -> tuple[np.ndarray, ...]:
    """Rows and columns that places come from, moved inside a picture, and which of them were outside."""
    height, width = shape[:2]
    if is_grid(rows, columns) and matrix[0, 1] == matrix[1, 0] == 0:  # the answer is a grid, too
        lines = [(_apply(matrix[1], rows, columns), height), (_apply(matrix[0], rows, columns), width)]
        places = [(np.floor(line + HALF).astype(np.int32), length) for line, length in lines]
        down, right = (place.clip(0, length - 1) for place, length in places)
        return down, right, (down != places[0][0]) | (right != places[1][0])
    from mattekit.samples.views_kernel import nearest_of_grid, nearest_of_places

    if is_grid(rows, columns):
        return nearest_of_grid(rows[:, 0].copy(), columns[0].copy(), matrix, height, width)
    return nearest_of_places(rows, columns, matrix, height, width)


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
