"""Whether tiles are large enough: how much neighbours differ where they are blended.

There both have computed the same pixels, with the least margin; the whole image would give one alpha.
"""

import logging

import numpy as np

from mattekit.tiling.tiles import Tile

log = logging.getLogger("mattekit")

TOLERANCE = 1.0  # of 255: mean difference in the seams that is not worth a note


class SeamCheck:
    """Compares each tile with the one before it.

    Parameters
    ----------
    unknown : (H, W) bool
        Where alphas are compared.
    side : int
        Of the tiles, for the note.
    """

    def __init__(self, unknown: np.ndarray, side: int):
        self.unknown, self.side, self.total, self.count = unknown, side, 0.0, 0
        self._before: tuple[Tile, np.ndarray] | None = None

    def add(self, tile: Tile, alpha: np.ndarray) -> None:
        """Compare the raw alpha (h, w) of a tile's blend range with that of the tile before, if they overlap."""
        if self._before:
            other, values = self._before
            shared = tuple(_shared(a.blend, b.blend) for a, b in zip(tile, other, strict=True))
            if all(part.stop > part.start for part in shared):
                these, those = (_at(shared, t, v).clip(0, 1) for t, v in ((tile, alpha), (other, values)))
                where = self.unknown[shared]
                self.total += float(np.abs(these - those)[where].sum())
                self.count += int(where.sum())
        self._before = tile, alpha

    @property
    def difference(self) -> float:
        """Mean difference of neighbours in the unknown pixels of their seams, of 255."""
        return 255 * self.total / max(self.count, 1)

    def report(self) -> None:
        """Log a warning if neighbours differ noticeably."""
        if self.difference > TOLERANCE:
            log.warning(
                "tiles of %d pixels: neighbours differ by %.1f of 255 on average where they meet, wanted at most %g; "
                "larger tiles come closer to the alpha of the whole image.",
                *(self.side, self.difference, TOLERANCE),
                extra={"remedy": "tile"},
            )


def _shared(a: slice, b: slice) -> slice:
    return slice(max(a.start, b.start), min(a.stop, b.stop))


def _at(part: tuple[slice, ...], tile: Tile, alpha: np.ndarray) -> np.ndarray:
    """Cut the values of a part of the image out of a tile's blend range."""
    return alpha[tuple(slice(p.start - s.blend.start, p.stop - s.blend.start) for p, s in zip(part, tile, strict=True))]
