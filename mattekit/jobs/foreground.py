"""One item of `mattekit foreground` from files to files: read, estimate colours, judge them, write."""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mattekit.baselines import FOREGROUND
from mattekit.files import refuse_overwriting
from mattekit.imaging import io
from mattekit.imaging.depth import output_depth
from mattekit.imaging.foreground import cost

log = logging.getLogger("mattekit")


@dataclass(frozen=True)
class Job:
    """An image, its alpha, the outputs wanted ("foreground", "background" -> file) and how to make them."""

    name: str
    image: Path
    alpha: Path
    targets: dict[str, Path]
    method: str = "multiscale"
    options: dict[str, float] = field(default_factory=dict)
    initial: str = "image"  # or the method whose answer is the initial foreground
    depth: str = "auto"
    format: str | None = None
    max_megapixels: float = io.MAX_MEGAPIXELS
    judge: bool = False  # compute the cost C before and after

    @property
    def outputs(self) -> list[Path]:
        """Files whose existence means that this job is done."""
        return list(self.targets.values())


def reestimate(job: Job) -> dict:
    """Do one job; return what `--json` prints: the outputs, the method, the size, the costs, the seconds.

    Raises
    ------
    MattekitError
        If an input cannot be used, or an output would overwrite an input.
    """
    start = time.perf_counter()
    for target in job.outputs:
        refuse_overwriting(target, [job.image, job.alpha])
    source = io.read_image(job.image, max_megapixels=job.max_megapixels)
    alpha = io.read_alpha(job.alpha, max_megapixels=job.max_megapixels).pixels
    io.require_same_size(job.alpha, alpha.shape, job.image, source.pixels.shape)
    costs = {}
    for kind, target in job.targets.items():
        opacity = alpha if kind == "foreground" else 1 - alpha
        initial = source.pixels if job.initial == "image" else FOREGROUND[job.initial](source.pixels, opacity)
        colours = FOREGROUND[job.method](initial, opacity, **job.options)
        if job.judge:
            costs[kind] = _judge(job, kind, initial, colours, opacity)
        _write(job, target, colours, source)
    height, width = alpha.shape
    return {
        "outputs": {kind: str(path) for kind, path in job.targets.items()},
        "method": job.method,
        "height": height,
        "width": width,
        "cost": costs,
        "seconds": round(time.perf_counter() - start, 3),
    }


def _judge(job: Job, kind: str, initial: np.ndarray, colours: np.ndarray, opacity: np.ndarray) -> dict[str, float]:
    kappa = job.options.get("kappa", 1.0)
    before, after = (cost(estimate, initial, opacity, kappa=kappa) for estimate in (initial, colours))
    log.info("%s: cost C of the %s %.6g before, %.6g after (kappa %g)", job.name, kind, before, after, kappa)
    return {"before": before, "after": after}


def _write(job: Job, target: Path, colours: np.ndarray, source: io.Picture) -> None:
    suffix = job.format or target.suffix.lower()
    depth = output_depth(job.depth, source.depth, suffix)
    if job.depth == "auto" and depth != source.depth:
        log.warning("%s: written with %s bits; %s cannot hold the input's %s.", target, depth, suffix, source.depth)
    io.write_image(target, colours, depth=depth, icc=source.icc, suffix=suffix)
