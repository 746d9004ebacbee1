"""One item of `mattekit predict` from files to files: read, matte, make the pictures, write."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mattekit.files import refuse_overwriting
from mattekit.imaging import background, io
from mattekit.imaging.depth import output_depth
from mattekit.inference.pictures import Pictures
from mattekit.inference.predictor import predict_alpha

log = logging.getLogger("mattekit")


@dataclass(frozen=True)
class Job:
    """Two input files, the outputs wanted (kind -> file) and how to make them."""

    name: str
    image: Path
    trimap: Path
    targets: dict[str, Path]
    model: str  # a method's name, or a network's file
    device: str = "auto"  # of a network
    precision: str = "auto"
    compile: bool = False
    foreground_method: str = "multilevel"
    background: str | None = None
    depth: str = "auto"
    format: str | None = None
    max_size: int | None = None
    tile: int | str = "auto"
    overlap: int | None = None
    tta: str = "none"
    refinement: Any = None  # a refine.Refinement
    compared: tuple[str, ...] = ()  # models on a sheet (`comparison.compare`), instead of one
    truth: Path | None = None  # for that sheet
    max_megapixels: float = io.MAX_MEGAPIXELS

    @property
    def outputs(self) -> list[Path]:
        """Files whose existence means that this job is done."""
        return list(self.targets.values())


def matte(job: Job) -> dict:
    """Do one job; return what `--json` prints: the outputs by kind, the model, the size, the seconds.

    Of a refined alpha also "refinement": for each view the cost at every step, as [C, C1, C2].

    Raises
    ------
    MattekitError
        If an input cannot be used, or an output would overwrite an input.
    """
    start = time.perf_counter()
    check_targets(job)
    source, trimap = read(job)
    alpha, refined = alpha_of(job, source.pixels, trimap)
    write(job, source, make(job, source, trimap, alpha))
    return outcome(job, trimap.shape, time.perf_counter() - start, refined)


def check_targets(job: Job) -> None:
    """Raise InputError if an output would overwrite an input."""
    inputs = [job.image, job.trimap, *([Path(job.background)] if job.background else [])]
    for target in job.outputs:
        refuse_overwriting(target, inputs)


def make(job: Job, source: io.Picture, trimap: np.ndarray, alpha: np.ndarray) -> dict[str, np.ndarray]:
    """The pictures that are wanted, by kind."""
    behind = _background(job, trimap.shape)
    return Pictures(source.pixels, trimap, alpha, behind, job.foreground_method).make(tuple(job.targets))


def write(job: Job, source: io.Picture, pictures: dict[str, np.ndarray]) -> None:
    """Write what `make` gave."""
    for kind, picture in pictures.items():
        _write(job, kind, picture, source)


def outcome(job: Job, size: tuple[int, int], seconds: float, refined: list) -> dict:
    """What `matte` returns of a job that is done, `refined` being from `alpha_of`."""
    outputs = {kind: str(path) for kind, path in job.targets.items()}
    height, width = size
    told = {"outputs": outputs, "model": job.model, "height": height, "width": width, "seconds": round(seconds, 3)}
    return {**told, "refinement": _tell(job, refined)} if job.refinement else told


def read(job: Job) -> tuple[io.Picture, np.ndarray]:
    """The image, and the trimap (H, W) of its size."""
    source = io.read_image(job.image, max_megapixels=job.max_megapixels)
    trimap = io.read_trimap(job.trimap, max_megapixels=job.max_megapixels)
    io.require_same_size(job.trimap, trimap.shape, job.image, source.pixels.shape)
    if not (trimap == 0.5).any():
        log.warning("%s: no unknown pixel; the trimap is the alpha, unchanged.", job.trimap)
    return source, trimap


def alpha_of(job: Job, image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, list]:
    """Alpha (H, W) by the job's model, and what was refined on the way: a `refine.Refined` for each view."""
    refined = []
    alpha = predict_alpha(
        image,
        trimap,
        job.model,
        device=job.device,
        max_size=job.max_size,
        tile=job.tile,
        precision=job.precision,
        compile=job.compile,
        overlap=job.overlap,
        tta=job.tta,
        refinement=job.refinement,
        report=refined.append,
    )
    return alpha, refined


def _tell(job: Job, refined: list) -> list[list[list[float]]]:
    for note in {view.note for view in refined if view.note}:
        log.warning("%s: %s", job.name, note)
    for number, view in enumerate(refined, 1):
        of = f", view {number} of {len(refined)}" if len(refined) > 1 else ""
        for step, terms in enumerate(view.costs, 1):
            log.info("%s%s: step %d, cost %.6f (C1 %.6f, C2 %.6f)", job.name, of, step, *terms)
    return [[list(terms) for terms in view.costs] for view in refined]


def _background(job: Job, size: tuple[int, int]) -> np.ndarray | None:
    if job.background is None:
        return background.plain("white", size) if "composite" in job.targets else None
    if Path(job.background).is_file():
        picture = io.read_image(Path(job.background), max_megapixels=job.max_megapixels)
        return background.cover(picture.pixels, size)
    return background.plain(job.background, size)


def _write(job: Job, kind: str, picture: np.ndarray, source: io.Picture) -> None:
    target = job.targets[kind]
    suffix = job.format or target.suffix.lower()
    wanted = "8" if kind == "preview" else job.depth
    depth = output_depth(wanted, source.depth, suffix)
    if job.depth == "auto" and depth != source.depth and kind != "preview":
        log.warning("%s: written with %s bits; %s cannot hold the input's %s.", target, depth, suffix, source.depth)
    io.write_image(target, picture, depth=depth, icc=source.icc, suffix=suffix)
