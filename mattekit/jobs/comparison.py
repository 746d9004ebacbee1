"""Comparison of several models: their alphas on one sheet, with scores if the truth is given.

If the truth is a cut-out with colours, foregrounds are scored as well: the model's own where it gives one.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mattekit.baselines import estimate
from mattekit.imaging import io, overscan, pixel_values
from mattekit.imaging.sheets import with_cutouts, with_errors
from mattekit.jobs.matte import MatteJob
from mattekit.jobs.staged import Inputs
from mattekit.metrics import METRICS, score
from mattekit.metrics.foreground import foreground_errors


class Sheet(NamedTuple):
    """The sheet (H, W, 3), and for each model its label, seconds and scores."""

    picture: np.ndarray
    models: dict[str, dict]


@dataclass(frozen=True, kw_only=True)
class CompareJob(MatteJob):
    """A job of several models.

    Attributes
    ----------
    models : tuple of str
        Names or files, as `registry.resolve` takes them.
    truth : Path, optional
        The true alpha; of a cut-out with colours, those are the true foreground.
    """

    models: tuple[str, ...]
    truth: Path | None = None

    @property
    def inputs(self) -> list[Path]:
        """Files that no output may overwrite."""
        return [*super().inputs, *([self.truth] if self.truth else [])]

    def load(self) -> Inputs:
        """Read the image, the trimap, and the true alpha if there is one."""
        inputs = self.read()
        if self.truth is None:
            return inputs
        raw = overscan.read(self.truth, inputs.source.origin, self.max_megapixels)
        truth = pixel_values.alpha_of(io.name_of(self.truth), raw.pixels)
        io.require_same_size(self.truth, truth.shape, self.image, inputs.source.pixels.shape)
        return inputs._replace(truth=truth, truth_colours=self._true_colours(raw))

    def _true_colours(self, raw: io.Raw) -> np.ndarray | None:
        """Return the colours (H, W, 3) of a true cut-out; None if the truth is an alpha alone."""
        if raw.pixels.ndim < 3 or raw.pixels.shape[2] != 4:
            return None
        return io.image_of(io.name_of(self.truth), raw).pixels

    def solve(self, inputs: Inputs, alpha: None = None) -> Sheet:
        """Make the alpha of every model, and of them the sheet; scores are over the unknown pixels."""
        alphas, fgs, models = {}, {}, {}
        for model, label in zip(self.models, labels(self.models), strict=True):
            start = time.perf_counter()
            own = self.layers(model, inputs)
            alphas[label], fgs[label] = own or (self.alpha(model, inputs)[0], None)
            models[model] = {"label": label, "seconds": round(time.perf_counter() - start, 3)}
            if inputs.truth is None or inputs.truth_colours is not None:
                fg = fgs[label]
                fgs[label] = estimate(inputs.source.pixels, alphas[label], self.estimator) if fg is None else fg
            models[model].update(self._scores(alphas[label], fgs[label], inputs))
        if inputs.truth is None:
            return Sheet(with_cutouts(inputs.source.pixels, inputs.trimap, alphas, fgs), models)
        words = {entry["label"]: lines(entry["scores"]) for entry in models.values()}
        return Sheet(with_errors(inputs.source.pixels, inputs.trimap, inputs.truth, alphas, words), models)

    def _scores(self, alpha: np.ndarray, fg: np.ndarray | None, inputs: Inputs) -> dict[str, dict]:
        """Return "scores" of the alpha, and "foreground" of the colours, as far as the truth is there."""
        if inputs.truth is None:
            return {}
        unknown, found = inputs.trimap == 0.5, {}
        found["scores"] = _defined(score(alpha, inputs.truth, unknown))
        if inputs.truth_colours is not None:
            found["foreground"] = _defined(foreground_errors(fg, inputs.truth_colours, inputs.truth, unknown))
        return found

    def write(self, inputs: Inputs, solution: Sheet) -> dict:
        """Write the sheet; return the output, the size, and of each model the seconds and the scores.

        Scores that are undefined are None.
        """
        self.write_picture("compare", solution.picture, inputs.source, "8")
        made = {} if inputs.facts is None else {"trimap": inputs.facts}
        return self.outcome(inputs.trimap.shape, **made, models=solution.models)


def labels(models: Sequence[str]) -> list[str]:
    """Return names of models for a sheet: their files' stems, names or paths, the shortest that tells them apart."""
    for short in (lambda model: Path(model).stem, lambda model: Path(model).name):
        names = [short(model) for model in models]
        if len(set(names)) == len(names):
            return names
    return list(models)


def _defined(values: dict[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def lines(scores: dict[str, float | None]) -> list[str]:
    """Return scores as lines of text, two to a line."""
    words = []
    for name, value in scores.items():
        row = METRICS[name]
        words.append(f"{row.label} " + ("-" if value is None else f"{value:.{row.digits - 1}f}"))
    return ["  ".join(words[i : i + 2]) for i in range(0, len(words), 2)]
