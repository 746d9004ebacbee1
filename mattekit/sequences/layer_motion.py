"""Motion of foreground and background apart, everywhere in the frame, from optical flow where each is alone.

In a band of hair optical flow follows now the hair, now what shines through. The known pixels of each class tell how
its layer moves: as a plane, and where that does not explain the flow, by what remains of it, continued smoothly.
A layer's motion varies slowly, so that one vector for each cell of `CELL` pixels holds it.
"""

from typing import NamedTuple

import cv2
import numpy as np

from mattekit.sequences.flow import LARGEST, Motion, grey, motion
from mattekit.sequences.planar import Planar, fit

CELL = 8  # pixels
AGREE = 1.0  # pixels by which the flow back may disagree
EDGE = 3  # pixels beside another class, where optical flow mixes both, of the picture that flow is estimated on
RIGID = 0.93  # share of a layer that a plane has to explain to be all of its motion
FEWEST = 6  # cells
ENOUGH = 1.6  # weight of a cell that tells its flow
CUT = 0.3  # share of the pixels where flow and flow back agree, below which two frames are of different shots
DARK = 10  # of 255: what is left of the subject tells nothing of its motion
NEARLY, EXPLAINED = 1.0, 0.5  # pixels; share of the band's flow that is that near, from which on the subject is rigid
SURE, UNSURE, FAR_OFF = 0.02, 0.3, 4.0  # pixels of doubt: of a rigid part, of one that the band denies, at most
DEFORMED_DOUBT = 1.0, 0.1  # pixels of doubt of what bends, and for each pixel by which it does


class LayerMotion(NamedTuple):
    """Motion of both layers from one frame to another, for each cell.

    foreground, background : (h, w, 2) float32, pixels by which the middle of a cell moves
    doubt : (h, w) float32, pixels by which the foreground's may be wrong
    """

    foreground: np.ndarray
    background: np.ndarray
    doubt: np.ndarray


class View(NamedTuple):
    """A frame as motion is estimated from: its grey picture, that times alpha, and its trimap of 0, 128 and 255.

    All are (H, W) uint8.
    """

    grey: np.ndarray
    subject: np.ndarray
    trimap: np.ndarray


def view(image: np.ndarray, alpha: np.ndarray, trimap: np.ndarray) -> View:
    """Return the view of an image (H, W, 3) in 0..1 with its alpha (H, W) and its trimap (H, W) uint8."""
    whole = grey(image)
    return View(whole, np.rint(whole * alpha).astype(np.uint8), trimap)


def motion_between(one: View, other: View) -> tuple[LayerMotion, LayerMotion] | None:
    """Return the motion from one frame to the other and back; None where they are not of one shot, or show too little.

    The foreground's is estimated between pictures whose background is taken out, as far as single alphas do that.
    """
    if one.grey.shape != other.grey.shape:
        return None
    there, back = motion(one.grey, other.grey), motion(other.grey, one.grey)
    if min(float((each.error < AGREE).mean()) for each in (there, back)) < CUT:
        return None
    subject = motion(one.subject, other.subject), motion(other.subject, one.subject)
    both = _of_layers(one, there, subject[0]), _of_layers(other, back, subject[1])
    return None if None in both else both


def _of_layers(view: View, found: Motion, subject: Motion) -> LayerMotion | None:
    bg = _cell_flow(found, _texture(view.grey) * _inside(view.trimap == 0))
    texture = _texture(view.subject) * (view.subject > DARK)
    solid = _cell_flow(subject, texture * _inside(view.trimap == 255))
    band = _cell_flow(subject, texture * (view.trimap == 128))
    if bg is None or (solid is None and band is None):
        return None
    background = bg.extrapolated(bg.plane())
    foreground, doubt = _foreground(solid, band)
    return LayerMotion(foreground, background, doubt)


def _foreground(solid: "_Cells | None", band: "_Cells | None") -> tuple[np.ndarray, np.ndarray]:
    """Return the motion of all cells and its doubt: a rigid solid part's, else what the band shows, too.

    Flow within the band is often wrong, so that a rigid solid part is believed; if the band differs, with doubt.
    """
    if solid is not None and (plane := solid.plane()).inliers >= RIGID:
        agreed = band is None or band.explained_share(plane) > EXPLAINED
        return solid.extrapolated(plane), np.full(solid.weight.shape, SURE if agreed else UNSURE, np.float32)
    if band is None:
        return solid.extrapolated(plane), np.full(solid.weight.shape, UNSURE, np.float32)
    cells = band if solid is None else solid.merged(band)
    cells = cells.without_outliers()
    plane = cells.plane()
    smooth = cells.extrapolated(plane)
    bent = np.linalg.norm(smooth - cells.of(plane), axis=2)
    return smooth, np.minimum(DEFORMED_DOUBT[0] + DEFORMED_DOUBT[1] * bent, FAR_OFF)


class _Cells(NamedTuple):
    """Mean flow (h, w, 2) of the pixels that tell it in each cell, and their weight (h, w)."""

    flow: np.ndarray
    weight: np.ndarray

    @property
    def reliable(self) -> np.ndarray:
        """Cells (h, w) bool with enough weight."""
        return self.weight > ENOUGH

    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        shape = self.weight.shape
        return tuple(np.meshgrid(*(np.arange(n) / max(shape) - 0.5 for n in shape[::-1])))

    def plane(self) -> Planar:
        """Fit the motion of a plane."""
        x, y = self._places()
        return fit(
            x[self.reliable], y[self.reliable], self.flow[self.reliable], self.weight[self.reliable].astype(np.float64)
        )

    def of(self, plane: Planar) -> np.ndarray:
        """Return the motion (h, w, 2) of a plane."""
        return plane.flow(*self._places())

    def explained_share(self, plane: Planar) -> float:
        """Share of the weight whose flow a plane explains."""
        near = np.linalg.norm(self.flow - self.of(plane), axis=2) < NEARLY
        return float(self.weight[self.reliable & near].sum() / self.weight[self.reliable].sum())

    def extrapolated(self, plane: Planar) -> np.ndarray:
        """Return the motion of all cells: the plane's, and unless that is all of it, what remains of the flow."""
        smooth = self.of(plane)
        if plane.inliers >= RIGID:
            return smooth
        rest = np.where(self.reliable[..., None], self.flow - smooth, 0)
        return smooth + _extrapolated(rest.astype(np.float32), self.reliable.astype(np.float32))

    def merged(self, other: "_Cells") -> "_Cells":
        """Return the cells of both."""
        weight = self.weight + other.weight
        flow = self.flow * self.weight[..., None] + other.flow * other.weight[..., None]
        return _Cells(flow / np.maximum(weight, 1e-6)[..., None], weight)

    def without_outliers(self) -> "_Cells":
        """Return the cells without those whose flow is far from the median around them, unless few are left."""
        filled = _extrapolated(np.where(self.reliable[..., None], self.flow, 0), self.reliable.astype(np.float32))
        flow = np.where(self.reliable[..., None], self.flow, filled)
        median = np.dstack([cv2.medianBlur(np.ascontiguousarray(flow[..., axis]), 5) for axis in (0, 1)])
        near = np.linalg.norm(flow - median, axis=2) < NEARLY
        return _Cells(self.flow, np.where(near, self.weight, 0)) if (near & self.reliable).sum() >= FEWEST else self


def _cell_flow(found: Motion, weights: np.ndarray) -> _Cells | None:
    """Return the flow by cells, of the pixels that have weight and where flow back agrees; None where they are few."""
    weights = weights * (found.error < AGREE)
    total = _cells(weights)
    cells = _Cells(_cells(found.flow * weights[..., None]) / np.maximum(total, 1e-6)[..., None], total)
    return cells if np.count_nonzero(cells.reliable) >= FEWEST else None


def _texture(grey: np.ndarray) -> np.ndarray:
    """Weight (H, W) in 0..1 of flow: none in even areas, which tell nothing of their motion."""
    corner = cv2.cornerMinEigenVal(grey, 5)
    return corner / (corner + max(float(np.median(corner)), 1e-9))


def _inside(mask: np.ndarray) -> np.ndarray:
    radius = EDGE * max(1, round((mask.size / LARGEST) ** 0.5))
    return cv2.erode(mask.astype(np.uint8), np.ones((2 * radius + 1, 2 * radius + 1), np.uint8), borderValue=1)


def _cells(values: np.ndarray) -> np.ndarray:
    """Sum values (H, W, ...) over cells; those at the lower and right border are cut off."""
    height, width = (-(-n // CELL) * CELL for n in values.shape[:2])
    rest = [(0, height - values.shape[0]), (0, width - values.shape[1])] + [(0, 0)] * (values.ndim - 2)
    parts = np.pad(values, rest).reshape(height // CELL, CELL, width // CELL, CELL, *values.shape[2:])
    return parts.sum((1, 3), dtype=np.float32)


def _extrapolated(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Continue values (h, w, 2) from where they have weight to everywhere, more smoothly the farther away."""
    height, width = weights.shape
    if min(height, width) <= 2:
        mean = (values * weights[..., None]).sum((0, 1)) / max(float(weights.sum()), 1e-6)
        return np.broadcast_to(mean, values.shape).astype(np.float32)
    size = (width + 1) // 2, (height + 1) // 2
    small = cv2.resize(weights, size, interpolation=cv2.INTER_AREA)
    means = cv2.resize(values * weights[..., None], size, interpolation=cv2.INTER_AREA)
    means /= np.maximum(small, 1e-6)[..., None]
    coarse = cv2.resize(_extrapolated(means, (small > 0).astype(np.float32)), (width, height))
    filled = weights[..., None] * values + (1 - weights[..., None]) * coarse
    return cv2.GaussianBlur(filled.astype(np.float32), (3, 3), 0)


def displaced(field: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where a layer's motion takes places (N,) in pixels: x, y."""
    middle = np.float32((CELL - 1) / 2)
    by = sample_bilinear(field, (x - middle) / CELL, (y - middle) / CELL)
    return x + by[:, 0], y + by[:, 1]


def composed(first: LayerMotion, second: LayerMotion) -> LayerMotion:
    """Return the motion that goes along the first and from there along the second."""
    doubt = np.sqrt(first.doubt**2 + _sample_along(second.doubt, first.foreground) ** 2)
    parts = zip(first[:2], second[:2], strict=True)
    return LayerMotion(*(one + _sample_along(other, one) for one, other in parts), doubt)


def _sample_along(field: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Sample a field of cells (h, w, ...) where a motion (h, w, 2) leads their middles."""
    height, width = motion.shape[:2]
    y, x = (axis.ravel().astype(np.float32) for axis in np.mgrid[:height, :width])
    by = motion.reshape(-1, 2)
    return sample_bilinear(field, x + by[:, 0] / CELL, y + by[:, 1] / CELL).reshape(field.shape)


def sample_bilinear(picture: np.ndarray, x: np.ndarray, y: np.ndarray, row: int = 1024) -> np.ndarray:
    """Sample a picture (H, W) or (H, W, C) bilinearly at places (N,) float32; beyond the border its last pixels go on.

    Returns
    -------
    (N,) or (N, C)
    """
    rest = -len(x) % row
    maps = (np.pad(each, (0, rest)).reshape(-1, row) for each in (x, y))
    values = cv2.remap(picture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return values.reshape(-1, *values.shape[2:])[: len(x)]
