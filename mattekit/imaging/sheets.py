"""Sheets of captioned pictures: the stages of one result, or several alphas of one image with their error maps."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from mattekit.imaging.background import checkerboard

GAP = 8  # pixels of white between panels
PANEL = 480  # the longer side of a panel in pixels; smaller pictures are enlarged by whole numbers
FONT = cv2.FONT_HERSHEY_SIMPLEX
SCALES = (0.5, 0.45, 0.4)  # of the font, the first that fits: letters about 11 to 9 pixels high
LINE = 20  # pixels from line to line
NARROWEST = 176  # pixels; a line of two scores fits
TOP = 0.5  # the error that has the hottest colour
OUTLINE = (0.25, 0.7, 1.0)  # blue, which the heat map does not have


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


def error_map(alpha: np.ndarray, truth: np.ndarray, trimap: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw errors in colours: black where there is none, over red, to pale yellow at 0.5 and more.

    Parameters
    ----------
    alpha, truth, trimap : (H, W) float32 in 0..1
    size : (height, width) of the picture; where it is smaller, errors are averaged.

    Returns
    -------
    (height, width, 3) float32 RGB in 0..1
    """
    interpolation = cv2.INTER_AREA if size[0] < alpha.shape[0] else cv2.INTER_NEAREST
    picture = heat(cv2.resize(np.abs(alpha - truth), size[::-1], interpolation=interpolation))
    picture[outline(trimap == 0.5, size)] = OUTLINE
    return picture


def heat(error: np.ndarray) -> np.ndarray:
    """Colours (H, W, 3) of errors (H, W)."""
    levels = np.rint(255 * (error / TOP).clip(0, 1)).astype(np.uint8)
    return cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1].astype(np.float32) / 255


def outline(region: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Mask (height, width) of the pixels just outside a region, one pixel wide at that size."""
    small = (cv2.resize(region.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    return (cv2.dilate(small, np.ones((3, 3), np.uint8)) > small).astype(bool)


def legend(size: tuple[int, int]) -> np.ndarray:
    """Draw the colours from 0 to TOP as a bar in the middle of white, (height, width, 3); at least 60 x 176."""
    height, width = max(size[0], 3 * LINE), max(size[1], NARROWEST)
    picture = np.ones((height, width, 3), np.float32)
    top = (height - LINE) // 2
    write(picture[top - LINE : top], "|alpha - truth|")
    picture[top : top + LINE] = heat(np.linspace(0, TOP, width, dtype=np.float32)[None])
    for text, place in (("0", 0.0), (f"{TOP / 2:g}", 0.5), (f"{TOP:g}+", 1.0)):
        write(picture[top + LINE : top + 2 * LINE], text, place)
    return picture


def write(strip: np.ndarray, text: str, place: float = 0.5) -> None:
    """Write a line of text, black, over a strip of a picture.

    Parameters
    ----------
    strip : (20, W, 3) float32 RGB in 0..1, changed in place
    text : ASCII; what is too long is set smaller, then shortened in its middle.
    place : 0 at the left, 0.5 in the middle, 1 at the right.
    """
    height, width = strip.shape[:2]
    text, scale = fit(text, width)
    left = round((width - measure(text, scale)) * place)
    ink = np.zeros((height, width), np.uint8)  # text is smooth in pictures of 8 bits alone
    cv2.putText(ink, text, (left, height - 6), FONT, scale, 255, 1, cv2.LINE_AA)
    strip *= 1 - ink[..., None] / np.float32(255)


def fit(text: str, width: int) -> tuple[str, float]:
    """Return the text, perhaps shortened, and the scale at which it fits into so many pixels."""
    for scale in SCALES:
        if measure(text, scale) <= width:
            return text, scale
    for kept in range(len(text) - 1, 2, -1):
        shorter = f"{text[: (kept + 1) // 2]}...{text[len(text) - kept // 2 :]}"
        if measure(shorter, scale) <= width:
            return shorter, scale
    return "...", scale


def measure(text: str, scale: float) -> int:
    """Width of a text in pixels."""
    return cv2.getTextSize(text, FONT, scale, 1)[0][0]
