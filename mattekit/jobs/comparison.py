"""One item of `mattekit predict --compare`: several models' alphas on one sheet, scored if the truth is given."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mattekit.baselines import FOREGROUND
from mattekit.files import refuse_overwriting
from mattekit.imaging import io
from mattekit.imaging.comparison import with_cutouts, with_errors
from mattekit.jobs.predict import Job, alpha_of, read
from mattekit.metrics import score

SCORES = {"sad": "SAD {:.2f}", "mse": "MSE {:.4f}", "grad": "Grad {:.2f}", "conn": "Conn {:.2f}"}


def compare(job: Job) -> dict:
    """Do one job; return what `--json` prints: the output, the size, and of each model the seconds and the scores.

    Scores are over the trimap's unknown region, None where they are undefined.

    Raises
    ------
    MattekitError
        If an input cannot be used, or the output would overwrite one.
    """
    (target,) = job.outputs
    refuse_overwriting(target, [path for path in (job.image, job.trimap, job.truth) if path])
    source, trimap = read(job)
    truth = None
    if job.truth:
        truth = io.read_alpha(job.truth, max_megapixels=job.max_megapixels).pixels
        io.require_same_size(job.truth, truth.shape, job.image, source.pixels.shape)
    alphas, models = {}, {}
    for model, label in zip(job.compared, labels(job.compared), strict=True):
        start = time.perf_counter()
        alphas[label] = alpha_of(replace(job, model=model), source.pixels, trimap)[0]
        models[model] = {"label": label, "seconds": round(time.perf_counter() - start, 3)}
        if truth is not None:
            models[model]["scores"] = _scores(alphas[label], truth, trimap == 0.5)
    if truth is None:
        fgs = {label: FOREGROUND[job.foreground_method](source.pixels, alpha) for label, alpha in alphas.items()}
        sheet = with_cutouts(source.pixels, trimap, alphas, fgs)
    else:
        words = {entry["label"]: lines(entry["scores"]) for entry in models.values()}
        sheet = with_errors(source.pixels, trimap, truth, alphas, words)
    io.write_image(target, sheet, icc=source.icc, suffix=job.format or target.suffix.lower())
    height, width = trimap.shape
    return {"outputs": {"compare": str(target)}, "height": height, "width": width, "models": models}


def labels(models: Sequence[str]) -> list[str]:
    """What models are called on a sheet: by their files' stems, names or paths, the shortest that tells them apart."""
    for short in (lambda model: Path(model).stem, lambda model: Path(model).name):
        names = [short(model) for model in models]
        if len(set(names)) == len(names):
            return names
    return list(models)


def _scores(alpha: np.ndarray, truth: np.ndarray, unknown: np.ndarray) -> dict[str, float | None]:
    values = score(alpha, truth, unknown, metrics=SCORES)
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def lines(scores: dict[str, float | None]) -> list[str]:
    """Two lines of two scores, to be read."""
    words = [
        text.split()[0] + " -" if scores[name] is None else text.format(scores[name]) for name, text in SCORES.items()
    ]
    return ["  ".join(words[:2]), "  ".join(words[2:])]
