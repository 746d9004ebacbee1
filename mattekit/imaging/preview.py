"""A contact sheet of one result: image, trimap, alpha, cut-out on a checkerboard, new background."""

from collections.abc import Sequence

import cv2
import numpy as np

from mattekit.imaging.background import checkerboard

GAP = 8  # pixels of white between panels


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
