"""`mattekit key`: a plate in, its alpha and clean foreground out."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging import io, masks, matte_in_source, overscan
from mattekit.imaging.trimap import to_levels
from mattekit.jobs.base import Job
from mattekit.keying.key import Keyed, KeySettings, key


@dataclass(frozen=True, kw_only=True)
class KeyJob(Job):
    """A plate, and what is known of it.

    Attributes
    ----------
    image : Path
    settings : KeySettings
    clean_plate, garbage, core : Path, optional
        The same view without the foreground; masks that are white where all is background, or foreground.
    """

    image: Path
    settings: KeySettings
    clean_plate: Path | None = None
    garbage: Path | None = None
    core: Path | None = None

    @property
    def inputs(self) -> list[Path]:
        """Files that no output may overwrite."""
        return [path for path in (self.image, self.clean_plate, self.garbage, self.core) if path]


def key_plate(job: KeyJob) -> dict:
    """Do one job; return the outputs, the size, the seconds, and what was found of the screen.

    Raises
    ------
    MattekitError
        If an input cannot be used, no screen is found, or an output would overwrite an input.
    """
    start = time.perf_counter()
    job.check_targets()
    source = io.read_plate(job.image, max_megapixels=job.max_megapixels, layer=job.layer)
    clean = None
    if job.clean_plate:
        raw = overscan.read(job.clean_plate, source.origin, job.max_megapixels)
        clean = io.image_of(io.name_of(job.clean_plate), raw).pixels
        io.require_same_size(io.name_of(job.clean_plate), clean.shape, io.name_of(job.image), source.pixels.shape)
    garbage, core = (_mask(job, path, source) for path in (job.garbage, job.core))
    try:
        keyed = key(source.pixels, job.settings, clean=clean, garbage=garbage, core=core)
    except InputError as error:
        raise InputError(f"{io.name_of(job.image)}: {error}", remedy=error.remedy) from None
    _write(job, keyed, source)
    seconds = round(time.perf_counter() - start, 3)
    return job.outcome(keyed.alpha.shape, **keyed.facts, seconds=seconds)


def _mask(job: KeyJob, path: Path | None, source: io.Picture) -> np.ndarray | None:
    """Read a mask of the plate's size: True from half white on."""
    if path is None:
        return None
    mask = masks.mask_of(io.name_of(path), overscan.read(path, source.origin, job.max_megapixels).pixels)
    io.require_same_size(io.name_of(path), mask.shape, io.name_of(job.image), source.pixels.shape)
    return mask >= 0.5


def _write(job: KeyJob, keyed: Keyed, source: io.Picture) -> None:
    for part in job.targets:
        if part == matte_in_source.KIND:
            job.write_in_source(part, keyed.alpha, job.image)
        elif part == "trimap":
            io.write_raw(job.targets[part], to_levels(keyed.trimap), suffix=job.format)
        elif part == "cutout":
            cutout = np.concatenate([keyed.foreground, keyed.alpha[..., None]], axis=2)
            job.write_picture(part, cutout, source)
        else:
            job.write_picture(part, getattr(keyed, part), source)
