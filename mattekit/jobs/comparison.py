"""Comparison of several models: their alphas on one sheet, with scores if the truth is given."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mattekit.baselines import estimate
from mattekit.imaging import io
from mattekit.imaging.sheets import with_cutouts, with_errors
from mattekit.jobs.matte import MatteJob
from mattekit.jobs.staged import Inputs
from mattekit.metrics import METRICS, score


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
        The true alpha.
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
        truth = io.read_alpha(self.truth, max_megapixels=self.max_megapixels).pixels
        io.require_same_size(self.truth, truth.shape, self.image, inputs.source.pixels.shape)
        return inputs._replace(truth=truth)

    def solve(self, inputs: Inputs, alpha: None = None) -> Sheet:
        """Make the alpha of every model, and of them the sheet; scores are over the unknown pixels."""
        alphas, models, image = {}, {}, inputs.source.pixels
        for model, label in zip(self.models, labels(self.models), strict=True):
            start = time.perf_counter()
            alphas[label], _ = self.alpha(model, inputs)
            models[model] = {"label": label, "seconds": round(time.perf_counter() - start, 3)}
            if inputs.truth is not None:
                models[model]["scores"] = _scores(alphas[label], inputs.truth, inputs.trimap == 0.5)
        if inputs.truth is None:
            fgs = {label: estimate(image, alpha, self.foreground_method) for label, alpha in alphas.items()}
            return Sheet(with_cutouts(image, inputs.trimap, alphas, fgs), models)
        words = {entry["label"]: lines(entry["scores"]) for entry in models.values()}
        return Sheet(with_errors(image, inputs.trimap, inputs.truth, alphas, words), models)

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


def _scores(alpha: np.ndarray, truth: np.ndarray, unknown: np.ndarray) -> dict[str, float | None]:
    values = score(alpha, truth, unknown)
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def lines(scores: dict[str, float | None]) -> list[str]:
    """Return scores as lines of text, two to a line."""
    words = []
    for name, value in scores.items():
        row = METRICS[name]
        words.append(f"{row.label} " + ("-" if value is None else f"{value:.{row.digits - 1}f}"))
    return ["  ".join(words[i : i + 2]) for i in range(0, len(words), 2)]
