"""Sheets of pictures: the stages of one result, or several alphas of one image with their errors."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from mattekit.imaging.background import checkerboard
from mattekit.imaging.captions import LINE, NARROWEST, write
from mattekit.imaging.error_map import error_map, legend

GAP = 8  # pixels of white between panels
PANEL = 480  # the longer side of a panel in pixels; smaller pictures are enlarged by whole numbers


class Cell(NamedTuple):
    """A picture (h, w, 3) and the lines of text under it."""

    picture: np.ndarray
    lines: Sequence[str]


def contact_sheet(
    image: np.ndarray,
    trimap: np.ndarray,
    alpha: np.ndarray,
    fg: np.ndarray,
    composite: np.ndarray | None = None,
    *,
    panel: int = 480,
) -> np.ndarray:
    """Put the stages of one result side by side.

    Parameters
    ----------
    image, fg, composite : (H, W, 3) float32 RGB in 0..1; `composite` may be left out.
    trimap, alpha : (H, W) float32 in 0..1.
    panel : the longer side of a panel in pixels; smaller pictures are not enlarged.

    Returns
    -------
    (h, w, 3) float32 RGB in 0..1
    """
    pictures = [_fit(picture, panel) for picture in (image, trimap, alpha, fg)]
    small_alpha, small_fg = pictures[2], pictures.pop()
    pictures.append(small_alpha * small_fg + (1 - small_alpha) * checkerboard(small_alpha.shape[:2]))
    if composite is not None:
        pictures.append(_fit(composite, panel))
    return side_by_side(pictures)


def side_by_side(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Join (H, W, 3) pictures of one height with white gaps between them."""
    gap = np.ones((pictures[0].shape[0], GAP, 3), np.float32)
    row = [pictures[0]]
    for picture in pictures[1:]:
        row += [gap, picture]
    return np.concatenate(row, axis=1)


def _fit(picture: np.ndarray, panel: int) -> np.ndarray:
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    scale = panel / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def with_errors(
    image: np.ndarray,
    trimap: np.ndarray,
    truth: np.ndarray,
    alphas: Mapping[str, np.ndarray],
    scores: Mapping[str, Sequence[str]],
) -> np.ndarray:
    """Make a sheet of alphas over their errors; the image and the truth lead.

    Parameters
    ----------
    image : (H, W, 3) float32 RGB in 0..1
    trimap, truth : (H, W) float32 in 0..1
    alphas : label to (H, W) float32 in 0..1
    scores : label to the lines under the errors

    Returns
    -------
    (h, w, 3) float32 RGB in 0..1
    """
    size = panel_size(trimap.shape)
    return sheet(
        [
            [Cell(resize(image, size), ["image"]), Cell(resize(truth, size), ["truth"])]
            + [Cell(resize(alpha, size), [name]) for name, alpha in alphas.items()],
            [Cell(resize(trimap, size), ["trimap"]), Cell(legend(size), [])]
            + [Cell(error_map(alpha, truth, trimap, size), scores[name]) for name, alpha in alphas.items()],
        ]
    )


def with_cutouts(
    image: np.ndarray, trimap: np.ndarray, alphas: Mapping[str, np.ndarray], foregrounds: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Make a sheet of alphas over cut-outs on a checkerboard, like `with_errors`; foregrounds: label to (H, W, 3)."""
    size = panel_size(trimap.shape)
    board = checkerboard(size)
    cutouts = []
    for name, alpha in alphas.items():
        opacity = resize(alpha, size)
        cutouts.append(Cell(opacity * resize(foregrounds[name], size) + (1 - opacity) * board, ["cut-out"]))
    return sheet(
        [
            [Cell(resize(image, size), ["image"])] + [Cell(resize(a, size), [name]) for name, a in alphas.items()],
            [Cell(resize(trimap, size), ["trimap"]), *cutouts],
        ]
    )


def panel_size(size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) at which a picture of `size` is shown."""
    scale = PANEL / max(size)
    scale = max(1, int(scale)) if scale >= 1 else scale
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def resize(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize (H, W) or (H, W, 3) to (h, w, 3), by averages if it becomes smaller, else by repeating pixels."""
    picture = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture
    interpolation = cv2.INTER_AREA if size[0] < picture.shape[0] else cv2.INTER_NEAREST
    return cv2.resize(picture, size[::-1], interpolation=interpolation)


def sheet(rows: Sequence[Sequence[Cell]]) -> np.ndarray:
    """Lay out rows of as many cells each in columns of one width, white between and around them: (h, w, 3)."""
    width = max(NARROWEST, *(cell.picture.shape[1] for row in rows for cell in row))
    lines = []
    for row in rows:
        height = max(cell.picture.shape[0] for cell in row)
        words = max(len(cell.lines) for cell in row)
        cells = [_framed(cell, height, width, words) for cell in row]
        lines.append(np.pad(np.concatenate(cells, 1), ((GAP, 0), (GAP, 0), (0, 0)), constant_values=1))
    return np.pad(np.concatenate(lines), ((0, GAP), (0, 0), (0, 0)), constant_values=1)


def _framed(cell: Cell, height: int, width: int, words: int) -> np.ndarray:
    """Put the picture in the middle of its column, its lines under it, white to the right."""
    frame = np.ones((height + words * LINE, width + GAP, 3), np.float32)
    h, w = cell.picture.shape[:2]
    left = (width - w) // 2
    frame[:h, left : left + w] = cell.picture
    for i, text in enumerate(cell.lines):
        write(frame[height + i * LINE : height + (i + 1) * LINE, :width], text)
    return frame
