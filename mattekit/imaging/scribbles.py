"""Trimaps from scribbles: white strokes mark foreground, black strokes background, everything else is unknown.

The convention is that of closed-form matting (Levin et al., "A Closed-Form Solution to Natural Image Matting"): the
strokes are drawn over a copy of the photo, and a pixel belongs to a stroke where the copy differs from the photo.
"""

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.trimap import UNKNOWN, join

INK = 0.05  # how far from pure white or black a stroke may be, in every channel
CHANGE = 0.01  # how much a pixel must differ from the photo, in any channel, to be part of a stroke


def from_scribbles(scribbles: np.ndarray, image: np.ndarray | None = None) -> np.ndarray:
    """Make a trimap from strokes on a plain sheet, on a transparent layer, or over a copy of a photo.

    Parameters
    ----------
    scribbles : (H, W), (H, W, 3) or (H, W, 4) float32 in 0..1
        Strokes in white and black. With a fourth channel, only pixels that are at least half opaque count.
    image : (H, W, 3) float32 in 0..1, optional
        The photo, if the strokes are drawn over a copy of it: pixels equal to the photo are no strokes.

    Returns
    -------
    (H, W) float32, exactly 0, 0.5 or 1

    Raises
    ------
    InputError
        If the sizes differ.
    """
    colour = scribbles[..., None] if scribbles.ndim == 2 else scribbles[..., :3]
    stroke = np.ones(scribbles.shape[:2], bool)
    if scribbles.ndim == 3 and scribbles.shape[2] == 4:
        stroke &= scribbles[..., 3] >= 0.5
    if image is not None:
        if image.shape[:2] != scribbles.shape[:2]:
            found, wanted = (f"{a.shape[1]}x{a.shape[0]}" for a in (scribbles, image))
            raise InputError(f"scribbles: {found}, but the image is {wanted}. Draw over a copy of the image.")
        stroke &= (np.abs(colour - image) > CHANGE).any(axis=2)
    return join(bg=stroke & (colour <= INK).all(axis=2), fg=stroke & (colour >= 1 - INK).all(axis=2))


def is_plain(scribbles: np.ndarray, trimap: np.ndarray) -> bool:
    """Whether the strokes seem to lie on a sheet of one colour, or on none, rather than over a photo."""
    if scribbles.ndim == 3 and scribbles.shape[2] == 4 and (scribbles[..., 3] < 1).any():
        return True
    unknown = trimap == UNKNOWN
    if not unknown.any():
        return True
    sheet = scribbles[unknown].reshape(np.count_nonzero(unknown), -1)
    return bool((np.abs(sheet - np.median(sheet, axis=0)) <= INK).all(axis=1).mean() > 0.5)
