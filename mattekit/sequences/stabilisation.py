"""Alphas that are steady over time: what the frames around one tell of its foreground and its background.

Each frame is computed from its own window alone, so that any of them can be made again by itself, with the same result.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import cv2
import numpy as np

from mattekit.imaging.multilevel_foreground import multilevel_foreground
from mattekit.sequences import layers
from mattekit.sequences.layer_motion import CELL, LayerMotion, composed, displaced, sample_bilinear
from mattekit.sequences.layers import Foreground, Observation

FAR = (1, 2, 3, 4, 6, 8, 10, 12)  # frames before and after, of which the background is taken
NEAR = (1, 2, 4, 8, 12)  # and with which the foreground is solved
REACH = max(FAR)
HOP = 4  # frames: motion is estimated over so many at once, too, so that its errors add up less often
ITERATIONS = 2  # of background and foreground
NOISE = 0.012  # standard deviation that every image has
AGEING = 0.1, 0.25  # growth of the variance with each frame of distance, of the background and of the foreground
DIFFERENT = 0.08  # variance of two frames' alphas, when they are averaged
CAUTION, SAME = 4, 0.02  # times the doubt of motion; difference of colours that it may make, where alphas are averaged
DEFORMED = 0.9  # pixels of doubt, from which on the foreground of another frame is not that of this one: it has bent
MARGIN = 2  # pixels beside others, where bilinear samples of a known class would mix
KNOWN_BACKGROUND = np.float32(254.5)  # of 255
AT_ONCE = 200_000  # pixels
TESTED = 20_000  # pixels, by which two frames are compared


class MattedFrame(NamedTuple):
    """One frame: image (H, W, 3) uint16 RGB, trimap (H, W) uint8 of 0, 128 and 255, its own alpha (H, W) float32."""

    image: np.ndarray
    trimap: np.ndarray
    alpha: np.ndarray


Motions = Mapping[tuple[int, int], LayerMotion]  # from a frame to another, by their positions


def stabilised(frames: Mapping[int, MattedFrame], motions: Motions, t: int) -> np.ndarray:
    """Return the alpha (H, W) float32 of frame t, steadied within its unknown pixels.

    Parameters
    ----------
    frames : at least those within `REACH` of t that belong to its shot
    motions : of neighbours, there and back, and of frames `HOP` apart; where there are none, the shot ends.
    """
    if not (frames[t].trimap == 128).any():
        return frames[t].alpha.copy()
    scene = _Window(frames, _paths(motions, t), t)
    return scene.alpha() if len(scene.paths) > 1 else frames[t].alpha.copy()


def _paths(motions: Motions, t: int) -> dict[int, tuple[LayerMotion, LayerMotion]]:
    """Return the motions from t to the frames of its shot and back, each composed of the fewest parts."""
    still = LayerMotion(*(np.zeros((1, 1, 2), np.float32),) * 2, np.zeros((1, 1), np.float32))
    paths = {t: (still, still)}
    for sign in (1, -1):
        for q in range(t + sign, t + sign * (REACH + 1), sign):
            if (q - sign, q) not in motions:
                break
            p = q - sign * HOP if (q - sign * HOP, q) in motions and abs(q - t) >= HOP else q - sign
            there, back = motions[p, q], motions[q, p]
            if p != t:
                there = composed(paths[p][0], there)
                back = composed(back, paths[p][1])
            paths[q] = there, back
    return paths


class _Window:
    """The frames of a window as one of them sees them: layers are pictures in its coordinates."""

    def __init__(self, frames: Mapping[int, MattedFrame], paths: dict, t: int) -> None:
        self.frames, self.paths, self.t = frames, paths, t
        self.size = frames[t].trimap.shape
        self.band = frames[t].trimap == 128
        wanted = {t, *(t + s * d for d in (*FAR, *NEAR) for s in (1, -1))} & paths.keys()
        self.known_background = {q: _inside(frames[q].trimap == 0) for q in wanted}
        self.noise = {q: self._noise(q) for q in wanted}
        self.far = [q for q in sorted(wanted) if abs(q - t) in (0, *FAR)]
        self.near = [q for q in sorted(wanted) if abs(q - t) in (0, *NEAR) and self._rigid(q)]
        self.gradient = _gradient(frames[t])
        self.front: tuple[np.ndarray, ...] | None = None  # pictures: premultiplied colour, alpha, variance
        self.behind, self.doubt = np.zeros((*self.size, 3), np.float32), np.ones(self.size, np.float32)

    def _rigid(self, q: int) -> bool:
        return float(np.median(self.paths[q][0].doubt)) < DEFORMED

    def alpha(self) -> np.ndarray:
        """Solve background and foreground in turns; return the alpha (H, W)."""
        shown = self.frames[self.t]
        image = shown.image.astype(np.float32) / 65535
        fg = multilevel_foreground(image, shown.alpha)
        hidden = self._hidden()
        for _ in range(ITERATIONS):
            for part, x, y in _parts(hidden):
                self.behind[part], self.doubt[part] = self._background(x, y)
            solved = [(part, self._front(x, y, fg[part])) for part, x, y in _parts(self.band)]
            alpha = (shown.trimap / np.float32(255)).astype(np.float32)
            colour, variance = image * (shown.trimap == 255)[..., None], np.zeros(self.size, np.float32)
            for part, found in solved:
                colour[part], alpha[part], variance[part] = found
            self.front = colour, alpha, variance
        return alpha

    def _hidden(self) -> np.ndarray:
        """Mark the pixels (H, W) whose background lies behind the band in any of the near frames."""
        marked = np.zeros(self.size, np.uint8)
        y, x = (axis.astype(np.float32) for axis in np.nonzero(self.band))
        for q in self.near:
            at = self._place_behind(q, *displaced(self.paths[q][0].foreground, x, y))
            inside = _within(self.size, *at)
            marked[tuple(np.rint(axis[inside]).astype(int) for axis in at[::-1])] = 1
        return cv2.dilate(marked, np.ones((5, 5), np.uint8)) > 0

    def _place_behind(self, q: int, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where in frame t the background is that frame q shows at places."""
        return displaced(self.paths[q][1].background, x, y)

    def _background(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimate the background at places of frame t: colour (N, 3) and variance (N,)."""
        return layers.solve_background(
            [self._observed_background(q, *displaced(self.paths[q][0].background, x, y)) for q in self.far]
        )

    def _observed_background(self, q: int, x: np.ndarray, y: np.ndarray) -> Observation:
        """Return what frame q shows of the background at places: all where it is bare, else beside the foreground."""
        image = _image(self.frames[q], x, y)
        known_background = sample_bilinear(self.known_background[q], x, y) > KNOWN_BACKGROUND
        visible, variance = known_background.astype(np.float32), self._variance(q, 0)
        if self.front is not None:
            at = displaced(self.paths[q][1].foreground, x, y)
            colour, alpha, doubt = (sample_bilinear(each, *at) for each in self.front)
            covered = ~known_background & _within(self.size, *at) & (alpha <= 1 - layers.SEEN_THROUGH)
            image[covered] -= colour[covered]
            visible[covered] = 1 - alpha[covered]
            variance = variance + np.where(covered, doubt, 0)
        return Observation(image, visible, _within(self.size, x, y) / np.float32(variance))

    def _front(self, x: np.ndarray, y: np.ndarray, fg: np.ndarray) -> Foreground:
        """Estimate the foreground at places of frame t, all within the band."""
        own = sample_bilinear(self.frames[self.t].alpha, x, y)
        gradient = sample_bilinear(self.gradient, x, y)
        observations, total, count = [], np.zeros_like(own), np.zeros_like(own)
        for q in self.near:
            place = displaced(self.paths[q][0].foreground, x, y)
            behind = self._place_behind(q, *place)
            inside = _within(self.size, *place) & _within(self.size, *behind)
            doubt = sample_bilinear(self.doubt, *behind)
            off = CAUTION * gradient * self._motion_doubt(q, x, y)
            variance = self._variance(q, 1) + (1 - own / 2) ** 2 * doubt + off**2
            weight = np.where(inside & (doubt < layers.UNSEEN), 1 / variance, 0).astype(np.float32)
            observations.append(
                Observation(_image(self.frames[q], *place), sample_bilinear(self.behind, *behind), weight)
            )
            alpha = sample_bilinear(self.frames[q].alpha, *place)
            share = _within(self.size, *place) * np.exp(-((alpha - own) ** 2) / DIFFERENT) / (1 + abs(q - self.t))
            share /= 1 + (off / SAME) ** 2
            total, count = total + share * alpha, count + share
        return layers.solve_foreground(observations, (total / count).astype(np.float32), fg)

    def _motion_doubt(self, q: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Pixels (N,) by which places of the foreground in frame q may be wrong."""
        middle = np.float32((CELL - 1) / 2)
        return sample_bilinear(self.paths[q][0].doubt, (x - middle) / CELL, (y - middle) / CELL)

    def _variance(self, q: int, layer: int) -> np.float32:
        return np.float32(self.noise[q][layer] ** 2 * (1 + AGEING[layer] * abs(q - self.t)))

    def _noise(self, q: int) -> tuple[float, float]:
        """Standard deviation of background and foreground between frame q and t, where both know the class.

        It holds what motion misses, too: other light, leaves in the wind, moving shadows.
        """
        found = []
        for value, path in ((0, self.paths[q][0].background), (255, self.paths[q][0].foreground)):
            y, x = (axis.astype(np.float32) for axis in np.nonzero(self.frames[self.t].trimap == value))
            step = len(x) // TESTED + 1
            x, y = x[::step], y[::step]
            at = displaced(path, x, y)
            same = _within(self.size, *at) & (
                np.abs(sample_bilinear(self.frames[q].trimap, *at).astype(int) - value) < 1
            )
            off = np.abs(_image(self.frames[q], *at) - _image(self.frames[self.t], x, y))[same]
            found.append(float(np.quantile(off, 0.75)) / 1.15 / 2**0.5 if len(off) > 50 else 0.0)
        found = [each or max(found) for each in found]
        return max(NOISE, found[0]), max(NOISE, found[1])


def _gradient(shown: MattedFrame) -> np.ndarray:
    """Change (H, W) of the premultiplied foreground from a pixel to the next, the root mean square of the channels."""
    colour = shown.image.astype(np.float32) / 65535 * shown.alpha[..., None]
    return np.sqrt(sum((cv2.Sobel(colour, cv2.CV_32F, *o, scale=1 / 8) ** 2).mean(2) for o in ((1, 0), (0, 1))))


def _inside(mask: np.ndarray) -> np.ndarray:
    side = 2 * MARGIN + 1
    return cv2.erode(mask.astype(np.uint8) * 255, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))


def _parts(mask: np.ndarray) -> Iterator[tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray]]:
    """Yield the pixels of a mask, so many at once that memory is bounded: their index, x and y."""
    rows, columns = np.nonzero(mask)
    for start in range(0, len(rows), AT_ONCE):
        index = rows[start : start + AT_ONCE], columns[start : start + AT_ONCE]
        yield index, index[1].astype(np.float32), index[0].astype(np.float32)


def _within(size: tuple[int, int], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x >= 0) & (x <= size[1] - 1) & (y >= 0) & (y <= size[0] - 1)


def _image(shown: MattedFrame, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return sample_bilinear(shown.image, x, y).astype(np.float32) / np.float32(65535)
