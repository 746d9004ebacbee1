"""A box or points as a source of trimaps, by GrabCut: the roughest way, for subjects that differ from what is around.

Rother, Kolmogorov and Blake, "GrabCut: Interactive Foreground Extraction using Iterated Graph Cuts", 2004, as OpenCV
computes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.guided_filter import follow_edges
from mattekit.trimap_sources.band import Band
from mattekit.trimap_sources.believed import Reach, sourced
from mattekit.trimap_sources.source import SourcedTrimap

LONGEST = 640  # pixels of the side that GrabCut sees; its time grows faster than the number of pixels
ITERATIONS = 5
REACH = Reach(inward=0.08, outward=0.16)
DOT = 0.01  # radius of a point, as a share of the longer side
FRAME = 0.02  # width of the frame that is likely background where nothing else is
SMOOTHING = 2  # pixels, so that regions grow over fine texture


class Box(NamedTuple):
    """Pixels of a rectangle: its first column and row, its width and height."""

    x: int
    y: int
    width: int
    height: int


class Point(NamedTuple):
    """Column and row of a pixel, and whether it is foreground."""

    x: int
    y: int
    inside: bool


def cut_source(
    box: tuple[int, int, int, int] | None = None,
    points: Sequence[tuple[int, int, bool]] = (),
    band: Band = "auto",
) -> "GrabCut":
    """Make the source of a box (x, y, width, height), of points (x, y, whether foreground), or of both."""
    return GrabCut(Box(*box) if box else None, tuple(Point(*point) for point in points), band)


@dataclass(frozen=True)
class GrabCut:
    """A box that holds the whole foreground, points that lie in it or out of it, or both.

    The first guess is the box; or, without one and with points of both kinds, the regions that grow from the points (a
    watershed), without a point of the background against the picture's frame.

    Attributes
    ----------
    box : Box, optional
    points : tuple of Point
        With no box, at least one of the foreground.
    band : "auto", "PX" or "PERCENT%"
        See `band.width_of`.

    Raises
    ------
    InputError
        If there is no box and no point of the foreground, or the box is empty.
    """

    box: Box | None = None
    points: tuple[Point, ...] = ()
    band: Band = "auto"
    name: str = field(default="box", init=False)

    def __post_init__(self) -> None:
        if self.box and not (self.box.width > 0 and self.box.height > 0):
            raise InputError(f"box of {self.box.width}x{self.box.height} pixels, wanted at least 1x1. Correct it.")
        if self.box is None and not any(point.inside for point in self.points):
            found = "points of the background alone, and no box" if self.points else "no point and no box"
            raise InputError(f"{found}, wanted a point of the foreground. Mark the subject, or add a box.")

    def __call__(self, image: np.ndarray) -> SourcedTrimap:
        """Return the trimap of a picture (H, W, 3); errors as of `probability`."""
        probability = self.probability(image)
        facts = {"box": list(self.box) if self.box else None, "points": [list(point) for point in self.points]}
        return sourced(image, probability, self.band, REACH, facts)

    def probability(self, image: np.ndarray) -> np.ndarray:
        """Return the probability (H, W) float32 in 0..1 that a pixel is foreground; the same one every time.

        Parameters
        ----------
        image : (H, W, 3) float32, sRGB-coded RGB
            Colours beyond 0..1 count as 0 or 1.

        Raises
        ------
        InputError
            If the box or a point lies outside of the picture, the box leaves no background, or GrabCut finds no
            foreground, or nothing else in the box.
        """
        image = image.clip(0, 1)
        height, width = image.shape[:2]
        self._require_inside(width, height)
        scale = min(1, LONGEST / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        picture = (small * 255).round().astype(np.uint8)
        marks = self._marks(picture, scale)
        found = _cut(picture, marks)
        if not found.any():
            raise InputError("no foreground found. Move the box or the points, add points, or give a mask.")
        if (found == (marks != cv2.GC_BGD)).all():
            raise InputError("nothing but foreground found. Enlarge the box, add points, or give a mask.")
        return follow_edges(found.astype(np.float32), image)

    def _require_inside(self, width: int, height: int) -> None:
        where = f"the picture has {width}x{height} pixels"
        for point in self.points:
            if point.x >= width or point.y >= height:
                raise InputError(f"point {point.x},{point.y} outside, but {where}. Correct it.")
        if self.box is None:
            return
        x, y, w, h = self.box
        if x + w > width or y + h > height:
            raise InputError(f"box {x},{y},{w},{h} reaches outside, but {where}. Correct it.")
        if (w, h) == (width, height):
            raise InputError(f"box {x},{y},{w},{h}, which is the whole picture, wanted background around it.")

    def _marks(self, picture: np.ndarray, scale: float) -> np.ndarray:
        """OpenCV's classes (h, w) uint8: sure where the points are and outside of the box, else likely ones."""
        dots = self._dots(picture.shape[:2], scale)
        if self.box:
            x, y, w, h = (side * scale for side in self.box)
            right, bottom = max(int(x) + 1, round(x + w)), max(int(y) + 1, round(y + h))
            marks = np.full(dots.shape, cv2.GC_BGD, np.uint8)
            marks[int(y) : bottom, int(x) : right] = cv2.GC_PR_FGD
        else:
            marks = np.full(dots.shape, cv2.GC_PR_FGD, np.uint8)
        if not self.box or ((dots > 0).any() and (dots < 0).any()):
            marks[(marks == cv2.GC_PR_FGD) & ~_grown(picture, dots, marks == cv2.GC_BGD)] = cv2.GC_PR_BGD
        return np.where(dots > 0, cv2.GC_FGD, np.where(dots < 0, cv2.GC_BGD, marks)).astype(np.uint8)

    def _dots(self, size: tuple[int, int], scale: float) -> np.ndarray:
        """Map (h, w) of the points as discs: 1 foreground, -1 background, else 0."""
        dots = np.zeros(size, np.int16)
        for point in self.points:
            centre, radius = (int(point.x * scale), int(point.y * scale)), max(1, round(DOT * max(size)))
            cv2.circle(dots, centre, radius, 1 if point.inside else -1, cv2.FILLED)
        return dots


def _grown(picture: np.ndarray, dots: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Region (h, w) bool that a watershed grows from points of the foreground, against what is background."""
    seeds = np.where(outside, -1, dots).astype(np.int32)
    if not (dots < 0).any():
        frame = max(1, round(FRAME * max(dots.shape)))
        edge = np.ones(dots.shape, bool)
        edge[frame:-frame, frame:-frame] = False
        seeds[edge & (dots == 0)] = -1
    seeds[seeds < 0] = 2  # watershed's own mark of borders is -1
    return cv2.watershed(cv2.GaussianBlur(picture, (0, 0), SMOOTHING), seeds) == 1


def _cut(picture: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The foreground (h, w) bool that GrabCut finds in a picture (h, w, 3) uint8, starting from marks (h, w)."""
    inside = (marks & 1).astype(bool)  # GC_FGD and GC_PR_FGD are odd
    if inside.all() or not inside.any():  # OpenCV needs colours of both
        return inside
    cv2.setRNGSeed(0)  # of the first clusters of colours
    models = np.zeros((1, 65)), np.zeros((1, 65))
    marks = marks.copy()
    cv2.grabCut(picture, marks, None, *models, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return (marks & 1).astype(bool)
