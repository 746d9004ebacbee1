"""Windows, attributes and compression of an EXR file, which go to the files that are made from it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mattekit.imaging.codecs.exr_attributes import Attribute

LOSSLESS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "HTJ2K32", "HTJ2K256", "ZSTD")  # for half and float
LOSSLESS_HALF = (*LOSSLESS, "PXR24")


class Box(NamedTuple):
    """A window of pixels; bottom and right are behind the last ones."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.bottom - self.top, self.right - self.left

    def joined(self, other: "Box") -> "Box":
        """Return the smallest window around both."""
        return Box(*map(min, self[:2], other[:2]), *map(max, self[2:], other[2:]))

    def moved(self, down: int, right: int) -> "Box":
        """Return the window so many pixels further down and to the right."""
        return Box(self.top + down, self.left + right, self.bottom + down, self.right + right)

    def slices(self, inner: "Box") -> tuple[slice, slice]:
        """Return the rows and columns of `inner` in an array of this window."""
        rows = slice(inner.top - self.top, inner.bottom - self.top)
        return rows, slice(inner.left - self.left, inner.right - self.left)

    @classmethod
    def of(cls, window: tuple[np.ndarray, np.ndarray]) -> "Box":
        """Make one of an EXR's corners (x, y), both included."""
        (left, top), (right, bottom) = (corner.tolist() for corner in window)
        return cls(top, left, bottom + 1, right + 1)

    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        """Return an EXR's corners (x, y), both included."""
        return np.array([self.left, self.top], np.int32), np.array([self.right - 1, self.bottom - 1], np.int32)


@dataclass(frozen=True)
class Origin:
    """The EXR file that a plate comes from.

    data, display: its windows. compression: as the package names it, for example "PIZ". attributes: those that are
    carried over.
    """

    data: Box
    display: Box
    compression: str = "ZIP"
    attributes: tuple[Attribute, ...] = ()

    @property
    def canvas(self) -> Box:
        """The window of the plate's array: all that is displayed, and the overscan."""
        return self.data.joined(self.display)

    @property
    def overscan(self) -> bool:
        """Whether there are pixels beyond the display window."""
        return self.canvas != self.display

    def stored(self, planes: np.ndarray) -> Box:
        """Return the window to store of an array (H, W, C) on the canvas: the source's unless more is not 0."""
        outside = np.ones(planes.shape[:2], bool)
        outside[self.canvas.slices(self.data)] = False
        return self.canvas if planes[outside].any() else self.data

    def header(self, library: Any, half: bool) -> dict[str, Any]:
        """Return entries of a header: the display window, and the compression if it keeps all values."""
        kept = self.compression in (LOSSLESS_HALF if half else LOSSLESS)
        compression = getattr(library, f"{self.compression if kept else 'ZIP'}_COMPRESSION")
        return {"compression": compression, "displayWindow": self.display.corners()}
