"""`mattekit composite FOREGROUND [ALPHA] BACKGROUND`: one foreground before one background."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mattekit.errors import InputError
from mattekit.formats import BY_SUFFIX
from mattekit.imaging import background, io, pixel_values
from mattekit.imaging.codecs import alpha_mode, exr
from mattekit.imaging.codecs.curves import CURVES
from mattekit.imaging.composite import composite
from mattekit.jobs.base import Job
from mattekit.video.names import is_frame

log = logging.getLogger("mattekit")


@dataclass(frozen=True, kw_only=True)
class ComposeJob(Job):
    """A foreground, its alpha and a background in, their composite out.

    Attributes
    ----------
    foreground : Path
    alpha : Path, optional
        Without it the foreground is a cut-out that has its own.
    background : str
        An image, or the name of a colour.
    """

    foreground: Path
    alpha: Path | None
    background: str

    @property
    def inputs(self) -> list[Path]:
        """Files that no output may overwrite."""
        picture = Path(self.background) if _is_picture(self.background) else None
        return [path for path in (self.foreground, self.alpha, picture) if path]


def compose(job: ComposeJob) -> dict:
    """Put the foreground before the background and write the result; the foreground's colour profile goes along.

    A background of another size is scaled, keeping its proportions, until it covers the foreground, and its middle
    is taken.

    Raises
    ------
    MattekitError
        If an input cannot be used, sizes of foreground and alpha differ, or the output would overwrite an input.
    """
    job.check_targets()
    fg, alpha = _cutout(job) if job.alpha is None else _pair(job)
    picture = _is_picture(job.background)
    bg = _background(job, fg, alpha.shape) if picture else background.plain(job.background, alpha.shape)
    job.write_picture("composite", composite(fg.pixels, bg, alpha), fg)
    return job.outcome(alpha.shape)


def _is_picture(text: str) -> bool:
    # What looks like a file but is missing is told by the reader; the rest must be a colour.
    return text == "-" or is_frame(Path(text)) or Path(text).exists() or Path(text).suffix.lower() in BY_SUFFIX


def _pair(job: ComposeJob) -> tuple[io.Picture, np.ndarray]:
    fg = io.read_image(job.foreground, max_megapixels=job.max_megapixels)
    alpha = io.read_alpha(job.alpha, max_megapixels=job.max_megapixels).pixels
    io.require_same_size(io.name_of(job.alpha), alpha.shape, io.name_of(job.foreground), fg.pixels.shape)
    return fg, alpha


def _cutout(job: ComposeJob) -> tuple[io.Picture, np.ndarray]:
    # Of an EXR that is straight, against custom, what is stored.
    stored = job.alpha_mode == "straight" and job.foreground.suffix.lower() == ".exr"
    raw = io.read_raw(job.foreground, max_megapixels=job.max_megapixels, plate=stored)
    if raw.pixels.ndim != 3 or raw.pixels.shape[2] != 4:
        name = io.name_of(job.foreground)
        raise InputError(f"{name}: no alpha channel, wanted a cut-out, or a foreground and its alpha.")
    pixels = pixel_values.to_float(raw.pixels)
    if raw.origin is not None:
        pixels = pixels[raw.origin.canvas.slices(raw.origin.display)]
    if job.alpha_mode == "premultiplied" and not raw.associated:
        pixels = alpha_mode.straight(pixels)
    fg = np.ascontiguousarray(pixels[..., :3])
    fg = fg if raw.curve == "srgb" else exr.encode_srgb(CURVES[raw.curve].to_light(fg))
    return io.Picture(fg, raw.depth, raw.icc, raw.suffix), np.clip(pixels[..., 3], 0, 1)


def _background(job: ComposeJob, fg: io.Picture, size: tuple[int, int]) -> np.ndarray:
    source = Path(job.background)
    bg = io.read_image(source, max_megapixels=job.max_megapixels)
    if bg.icc and fg.icc and bg.icc != fg.icc:
        names = io.name_of(source), io.name_of(job.foreground)
        log.warning("%s: its colour profile is not that of %s; the values are used as they are.", *names)
    return background.cover(bg.pixels, size)
