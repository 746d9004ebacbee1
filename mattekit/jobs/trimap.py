"""Jobs of `mattekit trimap`, from file to file: made from an alpha, random, scribbled, fixed or checked."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging import io, masks, pixel_values, trimap_check
from mattekit.imaging.erosion import Shape
from mattekit.imaging.pixel_values import decoded, encoding
from mattekit.imaging.scribbles import from_scribbles, is_plain
from mattekit.imaging.trimap import band, from_alpha, to_levels
from mattekit.imaging.trimap_random import generator, random_from_alpha
from mattekit.jobs.base import Job

logger = logging.getLogger("mattekit")


@dataclass(frozen=True, kw_only=True)
class TrimapJob(Job):
    """A source file in, a trimap out, if there is a target "trimap"; for the other fields see the functions below."""

    source: Path
    image: Path | None = None
    erode: int = 10
    dilate: int = 10
    band: float | None = None
    shape: Shape = "ellipse"
    low: float = 0.0
    high: float = 1.0
    rule: str = "a2u"
    seed: int = 0
    remove_strays: int = 0

    @property
    def inputs(self) -> list[Path]:
        """Files that no output may overwrite."""
        return [self.source, *([self.image] if self.image else [])]


def make(job: TrimapJob) -> dict:
    """Write the trimap of an alpha or a mask, `erode` and `dilate` pixels wide or `band` percent of the short side."""
    alpha = _alpha(job)
    erode, dilate = (job.erode, job.dilate) if job.band is None else (band(job.band, alpha.shape),) * 2
    levels = to_levels(from_alpha(alpha, erode=erode, dilate=dilate, shape=job.shape, low=job.low, high=job.high))
    del alpha  # 1 GB of 256 megapixels, while strays are looked for
    return _write(job, levels, {"erode": erode, "dilate": dilate})


def draw(job: TrimapJob) -> dict:
    """Write a random trimap of a true alpha by a paper's rule; depends on the seed and the item's name alone."""
    trimap = random_from_alpha(_alpha(job), generator(job.seed, job.name), job.rule)
    return _write(job, to_levels(trimap), {"rule": job.rule, "seed": job.seed})


def scribble(job: TrimapJob) -> dict:
    """Write the trimap of white and black strokes, drawn on a sheet of their own or over a copy of `image`."""
    raw = io.read_raw(job.source, max_megapixels=job.max_megapixels)
    image = None
    if job.image is not None:
        image = io.read_image(job.image, max_megapixels=job.max_megapixels)
        io.require_same_size(io.name_of(job.source), raw.pixels.shape, str(job.image), image.pixels.shape)
    strokes = io.to_float(raw.pixels)
    trimap = from_scribbles(strokes, None if image is None else image.pixels)
    if image is None and not is_plain(strokes, trimap):
        logger.warning(
            "%s: the strokes are not on a plain sheet; black and white pixels of a photo under them count as strokes.",
            io.name_of(job.source),
            extra={"remedy": "scribbled-image"},
        )
    return _write(job, to_levels(trimap), {})


def fix(job: TrimapJob) -> dict:
    """Write a trimap with its grey values snapped to 0, 128 and 255, those of an index trimap translated."""
    name = io.name_of(job.source)
    stored = io.read_raw(job.source, max_megapixels=job.max_megapixels).pixels
    if kind := encoding(stored):
        logger.warning("%s: %s, taken for background, unknown and foreground.", name, kind)
    before, levels = _levels(name, stored), _levels(name, decoded(name, stored))
    try:
        fixed = trimap_check.fix(levels, remove_strays=job.remove_strays)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return _write(job, fixed, {"changed_pixels": int(np.count_nonzero(fixed != before))})


def check(job: TrimapJob) -> dict:
    """Report on a trimap, and on its size where its image is given.

    The result has "ok", a list of "problems", which is empty then, and one of "notes".
    """
    name = io.name_of(job.source)
    stored = io.read_raw(job.source, max_megapixels=job.max_megapixels).pixels
    report = asdict(trimap_check.check(_levels(name, stored)))
    height, width = report.pop("size")
    problems, notes = list(report.pop("problems")), list(report.pop("notes"))
    if kind := encoding(stored):
        problems.insert(0, kind)
    if job.image and (size := io.read_size(job.image)) != (height, width):
        problems.insert(0, f"{width}x{height}, but {job.image} is {size[1]}x{size[0]}")
    return {"ok": not problems, "problems": problems, "notes": notes, "height": height, "width": width, **report}


WORK: dict[str, Callable[[TrimapJob], dict]] = {
    "make": make,
    "random": draw,
    "scribbles": scribble,
    "fix": fix,
    "check": check,
}


def _alpha(job: TrimapJob) -> np.ndarray:
    name, pixels = io.name_of(job.source), io.read_raw(job.source, max_megapixels=job.max_megapixels).pixels
    if masks.is_photograph(pixels) and not masks.is_cut_out(pixels):
        raise InputError(f"{name}: a picture of many colours, wanted an alpha or a mask.", remedy="sources")
    return pixel_values.alpha_of(name, pixels)


def _levels(name: str, stored: np.ndarray) -> np.ndarray:
    """Grey values of a stored trimap as uint8: 0 and 255 only where every channel is exactly 0 and full scale."""
    rows = np.array_split(stored, max(1, stored.size >> 22))  # few at a time: as floats all take much memory
    return np.concatenate([_levels_of_rows(name, each) for each in rows if each.size])


def _levels_of_rows(name: str, stored: np.ndarray) -> np.ndarray:
    pixels = io.to_float(stored)
    if not (np.min(pixels) >= 0 and np.max(pixels) <= 1):
        raise InputError(f"{name}: values {pixels.min():g}..{pixels.max():g}, wanted 0..1. Divide by the largest.")
    colour = pixels[..., None] if pixels.ndim == 2 else pixels[..., :3]
    low, high = colour.min(axis=2), colour.max(axis=2)
    between = np.clip(np.rint(colour.mean(axis=2) * 255), 1, 254)
    return np.where(high == 0, 0, np.where(low == 1, 255, between)).astype(np.uint8)


def _write(job: TrimapJob, levels: np.ndarray, facts: dict) -> dict:
    if job.remove_strays:
        levels = trimap_check.fix(levels, remove_strays=job.remove_strays)
    shares = trimap_check.shares(levels)
    for name, share in shares.items():
        if share == 0:
            extra = {"remedy": f"no-{name}"}
            logger.warning("%s: the trimap has no %s pixel.", io.name_of(job.source), name, extra=extra)
    job.check_targets()
    io.write_raw(job.targets["trimap"], levels)
    return job.outcome(levels.shape, shares=shares, **facts)
