"""A request for a matte, checked before any work; and the work: decoding, the trimap, alpha, pictures, their bytes."""

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from mattekit.baselines import FOREGROUND
from mattekit.errors import InputError
from mattekit.imaging import background as backgrounds
from mattekit.imaging import io
from mattekit.imaging.codecs.encode import CHOICES, check
from mattekit.jobs.matte import OWN_FOREGROUND
from mattekit.web import trimaps
from mattekit.web.answers import FORMATS, TooLarge, encoded
from mattekit.web.body import Form, number
from mattekit.web.served_job import NOWHERE, ServedJob
from mattekit.web.workers import Work

SAVES = ("alpha", "cutout", "foreground", "composite", "trimap")
TTA = ("none", "flip", "dihedral", "full")
FOREGROUNDS = (OWN_FOREGROUND, *FOREGROUND)
ANSWERS = ("auto", "picture", "json", "events")
SETTINGS = {"model", "save", "format", "depth", "answer", "tta", "max_size", "foreground_method", "fit", "background"}
PICTURES = {"image", "background_image", "trimap", *(name for name, field in trimaps.FIELDS.items() if not field[2])}


@dataclass(frozen=True)
class Settings:
    """Wishes of a form; see `openapi` for the fields."""

    model: str
    save: tuple[str, ...]
    suffix: str
    depth: str
    answer: str
    tta: str
    max_size: int | None
    foreground_method: str
    background: str
    fit: bool

    @classmethod
    def of(cls, form: Form, models: Collection[str], megapixels: float) -> "Settings":
        """Read the fields of a form, and the headers of its files.

        Raises
        ------
        InputError
            For unknown fields, values, models and formats, and what cannot be had together.
        TooLarge
            For pictures of too many pixels.
        """
        unknown = (form.fields.keys() - SETTINGS - trimaps.FIELDS.keys() - {"band"}) | (form.files.keys() - PICTURES)
        if unknown := sorted(unknown - {"trimap", "image"}):
            raise InputError(f"{unknown[0][:80]}: no such field, wanted {', '.join(sorted(SETTINGS | PICTURES))}.")
        if "image" not in form.files:
            raise InputError("image: missing, wanted a file.")
        for name, data in form.files.items():
            require_pixels(name, data, megapixels)
        trimaps.chosen(form)
        names = [name.strip() for name in form.fields.get("save", "alpha").split(",")]
        save = tuple(dict.fromkeys(choice(name, "save", SAVES) for name in names))
        suffix, depth = FORMATS[_of(form, "format", tuple(FORMATS), "png")], _of(form, "depth", CHOICES, "auto")
        if depth != "auto":
            for kind in save:
                check(kind, (1, 1, 4) if kind == "cutout" else (1, 1), "8" if kind == "trimap" else depth, suffix)
        settings = cls(
            model=_of(form, "model", tuple(models), next(iter(models))),
            save=save,
            suffix=suffix,
            depth=depth,
            answer=_of(form, "answer", ANSWERS, "auto"),
            tta=_of(form, "tta", TTA, "none"),
            max_size=number(form.fields.get("max_size"), "max_size", 16, 100_000, 0) or None,
            foreground_method=_of(form, "foreground_method", FOREGROUNDS, OWN_FOREGROUND),
            background=form.fields.get("background", "white"),
            fit=_of(form, "fit", ("true", "false"), "false") == "true",
        )
        if settings.answer == "picture" and len(save) > 1:
            raise InputError(f"save: {', '.join(save)}, but the answer is one picture. Ask for json.")
        backgrounds.colour(settings.background)
        return settings

    @property
    def as_picture(self) -> bool:
        """Whether the answer is a picture's own bytes."""
        return self.answer == "picture" or (self.answer == "auto" and len(self.save) == 1)


def matte(form: Form, settings: Settings, model: str, megapixels: float, work: Work) -> dict[str, Any]:
    """Do the work of a request: return "outputs" (bytes by kind), "width", "height", "model", "seconds", "trimap".

    `model` is what `registry.resolve` takes for the settings' own.

    Raises
    ------
    MattekitError
        If a picture cannot be used, or there is no alpha.
    Left
        If the client has left, at the beginning of the next part.
    """
    start = time.perf_counter()
    work.step("decoding")
    source = _image("image", form, megapixels)
    with ONE_SOURCE:
        made = trimaps.make(form, source.pixels, work, megapixels, settings.fit)
    job = ServedJob(
        name="image",
        targets=dict.fromkeys(settings.save, NOWHERE),
        image=NOWHERE,
        model=model,
        max_size=settings.max_size,
        tta=settings.tta,
        foreground_method=settings.foreground_method,
        background=settings.background,
        behind=_image("background_image", form, megapixels).pixels if "background_image" in form.files else None,
        work=work,
    )
    pictures = job.pictures(source, made.trimap)
    work.step("encoding")
    outputs = {
        kind: encoded(kind, pixels, settings.suffix, settings.depth, source) for kind, pixels in pictures.items()
    }
    facts = {} if made.facts is None else {"trimap": made.facts}
    size = {"width": made.trimap.shape[1], "height": made.trimap.shape[0]}
    return {"outputs": outputs, **size, "model": settings.model, **facts, "seconds": time.perf_counter() - start}


ONE_SOURCE = threading.Lock()  # OpenCV's random numbers are the process's, and numba's threads may not be entered twice


def _image(name: str, form: Form, megapixels: float) -> io.Picture:
    return io.image_of(name, io.decode_raw(name, form.files[name], max_megapixels=megapixels))


def require_pixels(name: str, data: bytes, megapixels: float) -> tuple[int, int]:
    """Return the size (height, width) in a picture's header; TooLarge beyond the limit, InputError for no picture."""
    height, width = io.size_of(name, data)
    if height * width > megapixels * 1e6:
        raise TooLarge(f"{name}: {width}x{height} pixels, wanted at most {megapixels:g} megapixels. Make it smaller.")
    if not height or not width:
        raise InputError(f"{name}: {width}x{height} pixels, wanted some.")
    return height, width


def choice(value: str, name: str, among: Collection[str]) -> str:
    """Return a value that is one of several; InputError otherwise."""
    if value not in among:
        raise InputError(f"{name}: {value[:80]}, wanted one of {', '.join(among)}.")
    return value


def _of(form: Form, name: str, among: Collection[str], otherwise: str) -> str:
    return choice(form.fields.get(name, otherwise), name, among)
