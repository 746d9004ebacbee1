"""Strokes as a source: white marks foreground, black background, and all else is unknown."""

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.scribbles import from_scribbles, is_plain
from mattekit.trimap_sources.source import SourcedTrimap

REASONS = ("background stroke", "foreground stroke", "no stroke")


class StrokesSource:
    """Trimaps of strokes drawn on a plain sheet, on a transparent layer, or over a copy of the picture.

    Parameters
    ----------
    strokes : (H, W), (H, W, 3) or (H, W, 4) float32 in 0..1
        As for `imaging.scribbles.from_scribbles`.
    """

    name = "scribbles"

    def __init__(self, strokes: np.ndarray):
        self.strokes = strokes

    def __call__(self, image: np.ndarray) -> SourcedTrimap:
        """Return the trimap of strokes on an image (H, W, 3); InputError if there are none of a class."""
        plain = from_scribbles(self.strokes)
        trimap = plain if is_plain(self.strokes, plain) else from_scribbles(self.strokes, image)
        for value, name, colour in ((1, "foreground", "white"), (0, "background", "black")):
            if not (trimap == value).any():
                raise InputError(f"no {colour} stroke, wanted some that mark {name}.")
        reasons = np.where(trimap == 0, 0, np.where(trimap == 1, 1, 2)).astype(np.uint8)
        return SourcedTrimap(trimap, None, reasons, REASONS)
