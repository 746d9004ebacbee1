"""Trimaps of what a form holds: a trimap's own file, or one of the sources."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging import io, pixel_values
from mattekit.jobs.trimap_source import facts_of, made, of_role
from mattekit.trimap_sources import registry
from mattekit.trimap_sources.places import parse_box, parse_points
from mattekit.web.body import Form
from mattekit.web.workers import Work

# Field of a form -> source, argument of its factory, and how a text is read; None for files, whose argument is a role.
FIELDS: dict[str, tuple[str, str, Callable[[str], Any] | None]] = {
    "mask": ("mask", "mask", None),
    "clean_plate": ("clean-plate", "plate", None),
    "scribbles": ("scribbles", "strokes", None),
    "box": ("box", "box", parse_box),
    "points": ("points", "points", parse_points),
    "screen": ("screen", "screen", str),
}
BANDED = {"mask", "clean_plate", "box", "points"}


class Made(NamedTuple):
    """A trimap (H, W) float32 of 0, 0.5 and 1, and what is told of it; None for a file's own."""

    trimap: np.ndarray
    facts: dict[str, Any] | None


def chosen(form: Form) -> str:
    """Return the field of a form that says what the trimap is: "trimap" or one of FIELDS.

    Raises InputError for none, for several that exclude each other, and for a source that cannot be made.
    """
    fields = {name for name in FIELDS if name in form.fields}
    files = {name for name in ("trimap", *FIELDS) if name in form.files}
    for name in sorted(files | fields):
        wants_file = name == "trimap" or FIELDS[name][2] is None
        if wants_file != (name in files):
            raise InputError(f"{name}: wanted a {'file' if wants_file else 'text'}.")
    if "trimap" in form.fields:
        raise InputError("trimap: wanted a file.")
    named = sorted(files | fields)
    if len(named) > 1 and set(named) != {"box", "points"}:
        raise InputError(f"{' and '.join(named)}: exclude each other. Send one of them.")
    if not named:
        raise InputError(f"no trimap: wanted a file as trimap, or one of {', '.join(FIELDS)}.")
    if "band" in form.fields and named[0] not in BANDED:
        raise InputError(f"band: does not apply with {named[0]}.")
    if named[0] in fields:
        registry.make(FIELDS[named[0]][0], **_settings(form))  # what is wrong shows before any work
    return named[0]


def make(form: Form, image: np.ndarray, work: Work, megapixels: float, fit: bool = False) -> Made:
    """Read or make the trimap of an image (H, W, 3) as a form chooses it.

    Raises MattekitError if a file cannot be used, differs in size without `fit`, or there is no trimap.
    """
    name, size = chosen(form), image.shape[:2]
    data = form.files.get(name)
    raw = None if data is None else io.decode_raw(name, data, max_megapixels=megapixels)
    if name == "trimap":
        trimap = pixel_values.trimap_of(name, raw.pixels, lossy=raw.lossy)
        io.require_same_size(name, trimap.shape, "image", size)
        return Made(trimap, None)
    work.step("trimap")
    source, argument, _ = FIELDS[name]
    settings = _settings(form)
    if raw is not None:
        settings[argument] = of_role(argument, name, raw, "image", size, fit)
    sourced = made(name, source, settings, image)
    return Made(sourced.trimap, facts_of(source, sourced))


def _settings(form: Form) -> dict[str, Any]:
    found = {FIELDS[name][1]: FIELDS[name][2](form.fields[name]) for name in FIELDS if name in form.fields}
    return found | ({"band": form.fields["band"]} if "band" in form.fields else {})
