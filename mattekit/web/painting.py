"""A picture whose trimap is painted: what each stroke changes, and the alpha that follows, coarse first, then fine."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.io import Picture
from mattekit.imaging.transfer import bounded
from mattekit.models.prediction import predict_alpha
from mattekit.web import solution
from mattekit.web.display import shown
from mattekit.web.models import COARSE, ready
from mattekit.web.solution import BACKGROUND_LEVEL, FOREGROUND_LEVEL, UNKNOWN_LEVEL
from mattekit.web.windows import (
    CONTEXT,
    FEATHER,
    Window,
    around,
    bounds,
    feathered,
    reach,
    tile_of,
    whole,
    with_both_classes,
)

COARSE_PIXELS = 80_000  # to which a window is reduced for it
FINE_PIXELS = 1_000_000  # to which one is reduced for the model, where known pixels are far away


@dataclass(frozen=True)
class Patch:
    """Part of a result: its window, its pixels (h, w, 4) uint8 straight RGBA, and a number that grows with time."""

    window: Window
    pixels: np.ndarray
    order: int


class Painting:
    """An image with its trimap and the alpha and colours that follow it; may be used from several threads.

    Parameters
    ----------
    picture : Picture
    levels : (H, W) uint8 of 0, 128 and 255, optional
        The trimap to start with; all unknown unless given.
    model : str
        Of `registry.resolve`, for fine alphas.

    Attributes
    ----------
    shown : (H, W, 3) uint8
        The image as the page shows it; `note` tells if that is not as it is stored.
    result : (H, W, 4) uint8
        Straight RGBA: colours of the foreground, and alpha; 128 where no alpha is known yet.
    stale : (H, W) bool
        Unknown pixels whose alpha is not fine yet.
    revision : int
        Number of changes of the trimap.
    """

    def __init__(self, picture: Picture, levels: np.ndarray | None, model: str):
        size = picture.pixels.shape[:2]
        if levels is not None and levels.shape != size:
            found, wanted = (f"{width}x{height}" for height, width in (levels.shape, size))
            raise InputError(f"the trimap is {found}, but the picture {wanted}.")
        self.picture, self.model, self.revision = picture, model, 0
        self.image = bounded(picture.pixels)  # as models see it
        self.shown, self.note = shown(picture)
        self.levels = np.full(size, UNKNOWN_LEVEL, np.uint8) if levels is None else levels.copy()
        self.stale = self.levels == UNKNOWN_LEVEL
        self.result = np.dstack([self.shown, self.levels])
        self.latest = (size[1] // 2, size[0] // 2)
        self._lock = threading.Lock()
        self._order = 0
        self._solved = False  # whether there has been an alpha of the whole picture
        self._whole: tuple[int, np.ndarray] | None = None  # revision and alpha

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.levels.shape

    def paint(self, window: Window, patch: np.ndarray) -> Window | None:
        """Put a patch (h, w) uint8 of 0, 128 and 255 into the trimap.

        Returns
        -------
        Window or None
            What of the result changes with it, at once or by the next solutions; None if nothing was changed.

        Raises
        ------
        InputError
            If the window lies outside of the picture, or the patch holds other values.
        """
        self._check(window, patch)
        with self._lock:
            changed = self.levels[window.slices] != patch
            if not changed.any():
                return None
            self.levels[window.slices] = patch
            self.revision += 1
            box = bounds(changed)
            box = Window(window.x + box.x, window.y + box.y, box.width, box.height)
            self.latest = box.x + box.width // 2, box.y + box.height // 2
            distance = reach(self.levels == UNKNOWN_LEVEL)
            follows = box.grown(distance, self.size)
            marks = np.zeros((follows.height, follows.width), bool)
            marks[box.inside(follows)] = changed[box.inside(window)]
            self._mark(follows, around(marks, distance))
            return follows

    def _check(self, window: Window, patch: np.ndarray) -> None:
        x, y, width, height = window
        if min(x, y) < 0 or min(width, height) < 1 or x + width > self.size[1] or y + height > self.size[0]:
            raise InputError(f"window {x},{y},{width},{height}: outside of {self.size[1]}x{self.size[0]} pixels.")
        if (
            patch.shape != (height, width)
            or not np.isin(patch, (BACKGROUND_LEVEL, UNKNOWN_LEVEL, FOREGROUND_LEVEL)).all()
        ):
            raise InputError("patch: wanted a byte of 0, 128 or 255 for each pixel of the window.")

    def _mark(self, window: Window, near: np.ndarray) -> None:
        """Make the unknown pixels of a mask of a window stale, and the result of known ones exact."""
        levels, result = self.levels[window.slices], self.result[window.slices]
        unknown = levels == UNKNOWN_LEVEL
        self.stale[window.slices] = (self.stale[window.slices] | near) & unknown
        result[..., 3] = np.where(unknown, result[..., 3], levels)
        result[~unknown, :3] = self.shown[window.slices][~unknown]

    def coarse(self, window: Window | None = None) -> Patch:
        """Solve the stale pixels of a window, or of the whole picture, fast and on a reduced picture.

        The first time it is the whole picture. Without foreground or background in the trimap there is no alpha yet.
        """
        with self._lock:
            window = window if window and self._solved else whole(self.size)
            outer = with_both_classes(window.grown(CONTEXT // 2, self.size), self.levels)
            target = self.stale[window.slices].copy()
            levels = None if outer is None else self.levels[outer.slices].copy()
        if levels is None or not target.any():
            return self.patch(window)
        pixels = self._solve(COARSE, outer, levels, COARSE_PIXELS)[window.inside(outer)]
        with self._lock:
            self._solved = True
            self._put(window, pixels, target & self.stale[window.slices])
            return self._patch(window)

    def fine(self) -> Patch | None:
        """Solve a part of the stale pixels, those near the latest stroke first; None if there are none.

        Raises
        ------
        MattekitError
            If the model has no alpha; what was stale stays stale.
        """
        with self._lock:
            tile = tile_of(self.stale, self.latest)
            seen = tile and tile.grown(CONTEXT, self.size)
            outer = seen and with_both_classes(seen, self.levels)
            if not outer:
                return None
            if outer != seen:  # all that the larger window shows is solved with it
                tile = bounds(self.stale, outer)
            levels = self.levels[outer.slices].copy()
            target = np.zeros(levels.shape, bool)
            target[tile.inside(outer)] = self.stale[tile.slices]
            self.stale[tile.slices] = False
        try:
            pixels = self._solve(self.model, outer, levels, FINE_PIXELS)
        except BaseException:
            with self._lock:
                self.stale[outer.slices] |= target & (self.levels[outer.slices] == UNKNOWN_LEVEL)
            raise
        touched = tile.grown(FEATHER, self.size).cut(outer)
        part = touched.inside(outer)
        with self._lock:
            self._solved = True
            self._put(touched, pixels[part], ~self.stale[touched.slices], feathered(target)[part])
            return self._patch(touched)

    def finish(self, progress: Callable[[str], None] = lambda step: None) -> np.ndarray:
        """Return the alpha (H, W) float32 of the whole picture at once, as `mattekit.predict` makes it.

        The result follows it, unless the trimap has changed meanwhile. Asked again without a change, it is the same.

        Raises
        ------
        MattekitError
            If the model has no alpha.
        """
        with self._lock:
            levels, revision = self.levels.copy(), self.revision
            if self._whole and self._whole[0] == revision:
                return self._whole[1]
        progress("alpha")
        trimap = solution.of_levels(levels)
        alpha = predict_alpha(ready(self.model), self.image, trimap)
        progress("colours")
        result = solution.rgba(solution.colours(self.shown, alpha), alpha)
        with self._lock:
            if self.revision == revision:
                self._whole = revision, alpha
                self.stale[:] = False
                self.result[:] = result
                self._solved = True
        return alpha

    def patch(self, window: Window | None = None) -> Patch:
        """Return the present result of a window, or of all."""
        window = window or whole(self.size)
        with self._lock:
            return self._patch(window)

    def snapshot(self) -> tuple[np.ndarray, int]:
        """Return a copy of the trimap (H, W) uint8, and its revision."""
        with self._lock:
            return self.levels.copy(), self.revision

    def _patch(self, window: Window) -> Patch:
        self._order += 1
        return Patch(window, self.result[window.slices].copy(), self._order)

    def _solve(self, model: str, window: Window, levels: np.ndarray, largest: int) -> np.ndarray:
        image, shown = self.image[window.slices], self.shown[window.slices]
        return solution.solve(model, image, shown, levels, largest)

    def _put(self, window: Window, pixels: np.ndarray, where: np.ndarray, weight: np.ndarray | None = None) -> None:
        """Blend pixels (h, w, 4) into the unknown ones of the result that are true in `where`."""
        where = where & (self.levels[window.slices] == UNKNOWN_LEVEL)
        result = self.result[window.slices]
        if weight is None:
            result[where] = pixels[where]
            return
        share = weight[where][:, None]
        result[where] = np.rint(share * pixels[where] + (1 - share) * result[where]).astype(np.uint8)
