"""Trimaps from a picture and a source: what a source is made of, its files, and the job of `mattekit trimap`."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging import io, masks, overscan, trimap_check
from mattekit.imaging.trimap import to_levels
from mattekit.jobs.base import Job
from mattekit.trimap_sources import registry
from mattekit.trimap_sources.source import SourcedTrimap, checked

log = logging.getLogger("mattekit")

ASPECT = 0.05  # difference of the ratio of sides from which on a note says that a picture is stretched


def _strokes(name: str, raw: io.Raw) -> np.ndarray:
    return io.to_float(raw.pixels)


# Role of a picture's own file -> what is made of it; the array is the source's argument of that name.
ROLES: dict[str, Callable[[str, io.Raw], np.ndarray]] = {
    "mask": lambda name, raw: masks.mask_of(name, raw.pixels),
    "plate": lambda name, raw: io.image_of(name, raw).pixels,
    "strokes": _strokes,
}


@dataclass(frozen=True)
class TrimapSpec:
    """Options from which a source is made.

    Attributes
    ----------
    name : str
        Of `registry.names`.
    options : dict
        Settings for the source's factory.
    files : dict of str to Path
        Role of ROLES to its file, or for folders of pictures to a folder.
    fit : bool
        Resize files of another size to the picture's.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    fit: bool = False

    @property
    def inputs(self) -> list[Path]:
        """Files that the source reads: a picture's own, and those that settings name, such as a network's."""
        return [*self.files.values(), *(value for value in self.options.values() if isinstance(value, Path))]

    def of(self, files: Mapping[str, Path]) -> "TrimapSpec":
        """Return the spec of one picture of a folder, with its own files."""
        return replace(self, files={role: files.get(role, path) for role, path in self.files.items()})

    def make(self, image: io.Picture, image_path: Path, max_megapixels: float) -> SourcedTrimap:
        """Make the trimap of an image, naming the file at fault in errors.

        Raises
        ------
        MattekitError
            If a file cannot be used, differs in size without `fit`, or there is no trimap.
        """
        given = {role: self._read(role, path, image, image_path, max_megapixels) for role, path in self.files.items()}
        blamed = io.name_of(next(iter(self.files.values()), image_path))
        return made(
            blamed, self.name, {**overscan.shifted_to_canvas(self.options, image.origin), **given}, image.pixels
        )

    def _read(self, role: str, path: Path, image: io.Picture, image_path: Path, max_megapixels: float) -> np.ndarray:
        raw = overscan.read(path, image.origin, max_megapixels)
        return of_role(role, io.name_of(path), raw, io.name_of(image_path), image.pixels.shape[:2], self.fit)


def made(blamed: str, name: str, options: Mapping[str, Any], image: np.ndarray) -> SourcedTrimap:
    """Make the trimap of an image (H, W, 3) by a source and its options; InputErrors begin with `blamed`."""
    try:
        return checked(name, registry.make(name, **options)(image), image.shape[:2])
    except InputError as error:
        raise InputError(f"{blamed}: {error}", remedy=error.remedy) from error


def of_role(role: str, name: str, raw: io.Raw, image_name: str, size: tuple[int, int], fit: bool = False) -> np.ndarray:
    """Return the array of a decoded file in a role of ROLES, of the size (height, width) of the image.

    Raises InputError if it holds something else, or another size without `fit`.
    """
    pixels = ROLES[role](name, raw)
    if pixels.shape[:2] == size:
        return pixels
    found, wanted = (f"{width}x{height}" for height, width in (pixels.shape[:2], size))
    if not fit:
        raise InputError(f"{name}: {found}, but {image_name} is {wanted}.", remedy="fit")
    if abs(np.log(pixels.shape[1] / pixels.shape[0] * size[0] / size[1])) > ASPECT:
        log.warning("%s: %s stretched to %s, which has other proportions.", name, found, wanted)
    return masks.fitted(pixels, size)


@dataclass(frozen=True, kw_only=True)
class SourcedJob(Job):
    """A picture in, the trimap that a source makes of it out, as the target "trimap"."""

    image: Path
    spec: TrimapSpec

    @property
    def inputs(self) -> list[Path]:
        """Files that no output may overwrite."""
        return [self.image, *self.spec.inputs]


def make_sourced(job: SourcedJob) -> dict:
    """Do one job; return the output, the size, and `facts_of` its trimap."""
    start = time.perf_counter()
    job.check_targets()
    image = io.read_image(job.image, max_megapixels=job.max_megapixels, layer=job.layer)
    sourced = job.spec.make(image, job.image, job.max_megapixels)
    facts = facts_of(job.spec.name, sourced)
    io.write_raw(job.targets["trimap"], to_levels(sourced.trimap))
    return job.outcome(sourced.trimap.shape, **facts, seconds=round(time.perf_counter() - start, 3))


def facts_of(name: str, made: SourcedTrimap) -> dict[str, Any]:
    """Return what JSON tells of a trimap: its source, its classes' and reasons' shares, and the source's own facts."""
    shares = trimap_check.shares(to_levels(made.trimap))
    return {"source": name, "shares": shares, "reasons": made.reason_shares(), "facts": made.facts}
