"""One item of `mattekit foreground` from files to files: read, estimate colours, judge them, write."""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mattekit.baselines import DEFAULT_FOREGROUND, FOREGROUND, estimate
from mattekit.imaging import io, overscan, pixel_values
from mattekit.imaging.lsa_foreground import cost
from mattekit.jobs.base import Job

log = logging.getLogger("mattekit")


@dataclass(frozen=True, kw_only=True)
class ForegroundJob(Job):
    """An image and its alpha in, the colours of the foreground, and perhaps of the background, out.

    Attributes
    ----------
    image, alpha : Path
    method : str
        A name of `baselines.FOREGROUND`, called with `options`.
    initial : str
        "image", or the method whose answer is the initial foreground.
    judge : bool
        Compute the cost C before and after.
    """

    image: Path
    alpha: Path
    method: str = DEFAULT_FOREGROUND
    options: dict[str, float] = field(default_factory=dict)
    initial: str = "image"
    judge: bool = False

    @property
    def inputs(self) -> list[Path]:
        """Files that no output may overwrite."""
        return [self.image, self.alpha]


def reestimate(job: ForegroundJob) -> dict:
    """Do one job; return facts that can be written as JSON: the outputs, the method, the size, the costs, the seconds.

    Raises
    ------
    MattekitError
        If an input cannot be used, or an output would overwrite an input.
    """
    start = time.perf_counter()
    job.check_targets()
    source = io.read_plate(job.image, max_megapixels=job.max_megapixels, layer=job.layer)
    raw = overscan.read(job.alpha, source.origin, job.max_megapixels)
    alpha = pixel_values.alpha_of(io.name_of(job.alpha), raw.pixels)
    io.require_same_size(job.alpha, alpha.shape, job.image, source.pixels.shape)
    costs = {}
    for kind in job.targets:
        opacity = alpha if kind == "foreground" else 1 - alpha
        initial = source.colours if job.initial == "image" else estimate(source.colours, opacity, job.initial)
        # LSA's methods smooth known colours beside mixed ones, too; for training data that is wanted as published.
        keep_known = not FOREGROUND[job.method].smooths
        colours = estimate(initial, opacity, job.method, keep_known=keep_known, **job.options)
        if job.judge:
            costs[kind] = _judge(job, kind, initial, colours, opacity)
        job.write_picture(kind, colours, source, light=source.light is not None)
    seconds = round(time.perf_counter() - start, 3)
    return job.outcome(alpha.shape, method=job.method, cost=costs, seconds=seconds)


def _judge(
    job: ForegroundJob, kind: str, initial: np.ndarray, colours: np.ndarray, opacity: np.ndarray
) -> dict[str, float]:
    kappa = job.options.get("kappa", 1.0)
    before, after = (cost(estimate, initial, opacity, kappa=kappa) for estimate in (initial, colours))
    log.info("%s: cost C of the %s %.6g before, %.6g after (kappa %g)", job.name, kind, before, after, kappa)
    return {"before": before, "after": after}
