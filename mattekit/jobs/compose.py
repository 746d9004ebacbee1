"""One composite from files to a file: `mattekit composite FOREGROUND [ALPHA] BACKGROUND`."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mattekit.errors import InputError
from mattekit.files import refuse_overwriting
from mattekit.imaging import background, io, levels
from mattekit.imaging.codecs import exr
from mattekit.imaging.codecs.encode import DEPTHS
from mattekit.imaging.composite import composite
from mattekit.imaging.depth import output_depth

logger = logging.getLogger("mattekit")


@dataclass(frozen=True)
class Job:
    """The input files and the output; without `alpha` the foreground is a cut-out that has its own.

    background : an image, or the name of a colour.
    depth : "auto" (as the foreground), "8", "16" or "float".
    suffix : format of the output; needed for standard output only.
    """

    foreground: Path
    alpha: Path | None
    background: str
    target: Path
    depth: str = "auto"
    suffix: str | None = None
    max_megapixels: float = io.MAX_MEGAPIXELS

    @property
    def name(self) -> str:
        """Name for messages."""
        return "stdin" if self.foreground == io.STANDARD else self.foreground.stem

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The file whose existence means that this is done."""
        return (self.target,)


def compose(job: Job) -> dict:
    """Put the foreground before the background and write the result; the foreground's colour profile goes along.

    A background of another size is scaled, keeping its proportions, until it covers the foreground, and its middle
    is taken.

    Raises
    ------
    MattekitError
        If an input cannot be used, sizes of foreground and alpha differ, or the output would overwrite an input.
    """
    picture = _is_picture(job.background)
    inputs = [job.foreground, job.alpha, Path(job.background) if picture else None]
    refuse_overwriting(job.target, [path for path in inputs if path])
    fg, alpha = _cutout(job) if job.alpha is None else _pair(job)
    size = alpha.shape
    bg = _background(job, fg, size) if picture else background.plain(job.background, size)
    suffix = job.suffix or job.target.suffix.lower()
    depth = output_depth(job.depth, fg.depth, suffix)
    if job.depth == "auto" and depth != fg.depth:
        logger.warning("%s: written with %s bits; %s cannot hold the input's %s.", job.target, depth, suffix, fg.depth)
    io.write_image(job.target, composite(fg.pixels, bg, alpha), depth=depth, icc=fg.icc, suffix=suffix)
    return {"outputs": {"composite": str(job.target)}, "height": size[0], "width": size[1]}


def _is_picture(text: str) -> bool:
    # What looks like a file but is missing is told by the reader; the rest must be a colour.
    return text == "-" or Path(text).exists() or Path(text).suffix.lower() in DEPTHS


def _pair(job: Job) -> tuple[io.Picture, np.ndarray]:
    fg = io.read_image(job.foreground, max_megapixels=job.max_megapixels)
    alpha = io.read_alpha(job.alpha, max_megapixels=job.max_megapixels).pixels
    io.require_same_size(io.name_of(job.alpha), alpha.shape, io.name_of(job.foreground), fg.pixels.shape)
    return fg, alpha


def _cutout(job: Job) -> tuple[io.Picture, np.ndarray]:
    raw = io.read_raw(job.foreground, max_megapixels=job.max_megapixels)
    if raw.pixels.ndim != 3 or raw.pixels.shape[2] != 4:
        name = io.name_of(job.foreground)
        raise InputError(f"{name}: no alpha channel, wanted a cut-out. Give its alpha: FOREGROUND ALPHA BACKGROUND.")
    pixels = levels.to_float(raw.pixels)
    fg = np.ascontiguousarray(pixels[..., :3])
    fg = exr.encode_srgb(fg) if raw.suffix == ".exr" else fg
    return io.Picture(fg, raw.depth, raw.icc, raw.suffix), np.clip(pixels[..., 3], 0, 1)


def _background(job: Job, fg: io.Picture, size: tuple[int, int]) -> np.ndarray:
    source = Path(job.background)
    bg = io.read_image(source, max_megapixels=job.max_megapixels)
    if bg.icc and fg.icc and bg.icc != fg.icc:
        names = io.name_of(source), io.name_of(job.foreground)
        logger.warning("%s: its colour profile is not that of %s; the values are used as they are.", *names)
    return background.cover(bg.pixels, size)
