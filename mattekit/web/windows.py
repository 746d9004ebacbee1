"""Windows of a picture around what changed: which unknown pixels follow a stroke, and what is solved at once."""

from typing import NamedTuple

import cv2
import numpy as np

REACH = 64  # pixels around a changed one whose alpha may follow, and at least this share of the short side
REACH_SHARE = 0.04
CONTEXT = 96  # pixels around a window that a solver sees, too
FEATHER = 32  # pixels over which one solution goes over into another
TILE = 384  # side of what is solved finely at once
LARGE_TILE, MANY = 768, 150_000  # where so many pixels are to be solved: larger tiles share less context
MUCH = 0.4  # share of a picture's pixels
GROWTH = 2  # of a window that lacks known pixels of a class


class Window(NamedTuple):
    """A rectangle of a picture: its first column and row, its width and height, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of its rows and columns."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    @property
    def area(self) -> int:
        """Number of its pixels."""
        return self.width * self.height

    def grown(self, margin: int, size: tuple[int, int]) -> "Window":
        """Return the window with a margin on all sides, cut to a picture of a size (height, width)."""
        left, top = max(0, self.x - margin), max(0, self.y - margin)
        right, bottom = min(size[1], self.x + self.width + margin), min(size[0], self.y + self.height + margin)
        return Window(left, top, right - left, bottom - top)

    def cut(self, other: "Window") -> "Window":
        """Return what the window shares with another, which must be some pixels."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Window(left, top, right - left, bottom - top)

    def inside(self, other: "Window") -> tuple[slice, slice]:
        """Index of its rows and columns in an array of a window that holds it."""
        return Window(self.x - other.x, self.y - other.y, self.width, self.height).slices


def whole(size: tuple[int, int]) -> Window:
    """Return the window of all of a picture of a size (height, width)."""
    return Window(0, 0, size[1], size[0])


def bounds(mask: np.ndarray, within: Window | None = None) -> Window | None:
    """Return the smallest window that holds the true pixels of a mask (H, W), or those in a window; None if none is."""
    outer = within or whole(mask.shape)
    x, y, width, height = cv2.boundingRect(mask[outer.slices].view(np.uint8))
    return Window(outer.x + x, outer.y + y, width, height) if width else None


def reach(unknown: np.ndarray) -> int:
    """Distance in pixels to which alpha follows a change of the trimap, whose unknown pixels (H, W) are true.

    Where much is unknown, as after the first strokes, all of the picture follows.
    """
    if np.count_nonzero(unknown) > MUCH * unknown.size:
        return max(unknown.shape)
    return max(REACH, round(REACH_SHARE * min(unknown.shape)))


def around(changed: np.ndarray, distance: int) -> np.ndarray:
    """Mask (H, W) of the pixels within a distance, along rows and columns, of true pixels of a mask (H, W)."""
    side, counted = 2 * distance + 1, changed.astype(np.float32)
    return cv2.boxFilter(counted, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT) > 0.5


def with_both_classes(window: Window, levels: np.ndarray) -> Window | None:
    """Grow a window until levels (H, W) have 255 and 0 in it, foreground and background; None if they lack one."""
    size = levels.shape
    while True:
        part = levels[window.slices]
        if part.min() == 0 and part.max() == 255:
            return window
        if window == whole(size):
            return None
        window = window.grown(max(window.width, window.height) * (GROWTH - 1) // 2 + 1, size)


def tile_of(stale: np.ndarray, near: tuple[int, int]) -> Window | None:
    """Return a window of at most a tile about the true pixels of a mask (H, W), those near a place (x, y) first.

    None if no pixel is true.
    """
    box = bounds(stale)
    if box is None:
        return None
    side = LARGE_TILE if np.count_nonzero(stale) > MANY else TILE
    if box.width <= side and box.height <= side:
        return box
    rows, columns = np.nonzero(stale[box.slices][::4, ::4])
    if not rows.size:
        rows, columns = (each // 4 for each in np.nonzero(stale[box.slices]))
    nearest = np.argmin((columns * 4 + box.x - near[0]) ** 2 + (rows * 4 + box.y - near[1]) ** 2)
    x, y = int(columns[nearest]) * 4 + box.x, int(rows[nearest]) * 4 + box.y
    left = min(max(box.x, x - side // 2), max(box.x, box.x + box.width - side))
    top = min(max(box.y, y - side // 2), max(box.y, box.y + box.height - side))
    tile = Window(left, top, min(side, box.width), min(side, box.height))
    return bounds(stale, tile) or bounds(stale)


def feathered(target: np.ndarray) -> np.ndarray:
    """Weights (H, W) float32: 1 on true pixels of a mask (H, W), falling to 0 over FEATHER pixels around them."""
    if target.all():
        return np.ones(target.shape, np.float32)
    distance = cv2.distanceTransform((~target).view(np.uint8), cv2.DIST_L2, 3)
    return (1 - distance / FEATHER).clip(0, 1).astype(np.float32)
