"""The job of `mattekit predict`, on arrays of a request: no path of it is read or written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mattekit.imaging import background as backgrounds
from mattekit.imaging import io
from mattekit.jobs.predict import PredictJob
from mattekit.jobs.staged import Inputs
from mattekit.models.model import Model, Pair
from mattekit.web.models import ready
from mattekit.web.workers import Work

NOWHERE = Path("image")  # what messages call the image


@dataclass(frozen=True, kw_only=True)
class ServedJob(PredictJob):
    """A job whose inputs are at hand; `targets` have the kinds of pictures alone.

    Attributes
    ----------
    work : Work
        What tells of steps, and whether the client has left.
    behind : (H, W, 3) float32, optional
        A picture behind the composite, in place of the colour `background`.
    """

    work: Work
    behind: np.ndarray | None = None

    def find(self, model: str) -> Model:
        """Return a model whose every alpha is a step of the work."""
        return Stepping(ready(model), self.work)

    def pictures(self, source: io.Picture, trimap: np.ndarray) -> dict[str, np.ndarray]:
        """Return the pictures of an image and a trimap (H, W), by kind; raises InputError and Left."""
        if set(self.targets) == {"trimap"}:
            return {"trimap": trimap}
        self.require_classes(trimap)
        return self.solve(Inputs(source, trimap)).pictures

    def _background(self, size: tuple[int, int]) -> np.ndarray | None:
        if self.behind is not None:
            return backgrounds.cover(self.behind, size)
        return backgrounds.plain(self.background or "white", size)


class Stepping:
    """A model whose every alpha, as of each view, is a step of a piece of work, which stops if the client has left."""

    def __init__(self, model: Model, work: Work):
        self._model, self._work = model, work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def alpha(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the model's alpha; raises Left."""
        self._work.step("alpha")
        return self._model.alpha(image, trimap)

    def alphas(self, batch: Sequence[Pair]) -> list[np.ndarray]:
        """Return the model's alphas; raises Left."""
        self._work.step("alpha")
        return self._model.alphas(batch)

    def layers(self, image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the model's alpha, foreground and background; raises Left."""
        self._work.step("alpha")
        return self._model.layers(image, trimap)
