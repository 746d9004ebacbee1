"""Composing one image of a data set: reading its parts, writing image, alpha and trimap, recording their hashes."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from mattekit import files
from mattekit.datasets import manifest
from mattekit.datasets.plan import Item
from mattekit.errors import InputError
from mattekit.imaging import io, pixel_values
from mattekit.imaging.codecs import encode
from mattekit.imaging.codecs.encode import output_depth
from mattekit.imaging.integer_compositing import Cutout, enlarge, opacity_of, read_integers
from mattekit.imaging.trimap import to_levels
from mattekit.imaging.trimap_random import generator, random_from_alpha


@dataclass(frozen=True)
class Settings:
    """Settings that all images of a run share.

    output : folder of the data set, with merged/, alpha/ and trimaps/ in it.
    truncate : cut blends to whole numbers instead of rounding.
    trimap_rule : row of `trimap_random.RULES` for trimaps that are not given; None makes none.
    seed : of random trimaps and synthetic parts, together with the name of the image.
    pixels : write images; if False, only the manifest is written.
    size : (height, width) of synthetic foregrounds, in pixels; None where foregrounds are files.
    """

    output: Path
    truncate: bool = False
    trimap_rule: str | None = None
    seed: int = 0
    pixels: bool = True
    size: tuple[int, int] | None = None
    max_megapixels: float = io.MAX_MEGAPIXELS


@dataclass(frozen=True)
class Task:
    """One image to compose; `outputs` is set for finished images, so that `run_folder` skips them."""

    item: Item
    settings: Settings
    outputs: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """Name of the image, for messages."""
        return self.item.name


def targets(item: Item, settings: Settings) -> dict[str, Path]:
    """Map roles to files below the output folder: one image a background, one alpha a foreground."""
    if not settings.pixels:
        return {}
    outputs = {"image": Path("merged") / f"{item.name}.png", "alpha": Path("alpha") / f"{item.group}.png"}
    if item.kind:
        outputs["foreground"] = Path(manifest.FOREGROUNDS) / f"{item.group}.png"
    if "trimap" in item.files:
        outputs["trimap"] = Path("trimaps") / f"{item.name}{item.files['trimap'].suffix}"
    elif settings.trimap_rule:
        outputs["trimap"] = Path("trimaps") / f"{item.name}.png"
    return outputs


def finished(item: Item, settings: Settings) -> bool:
    """Whether every output of an image exists and no part of it is newer."""
    return all(_is_fresh(settings.output / target, item) for target in targets(item, settings).values())


def compose(task: Task) -> dict:
    """Compose the missing outputs of one image and return its line of the manifest.

    Raises
    ------
    MattekitError
        If a part cannot be used.
    """
    item, settings = task.item, task.settings
    out = {role: settings.output / target for role, target in targets(item, settings).items()}
    sizes = {role: manifest.facts(path).size for role, path in item.files.items()}
    for role in ("alpha", "trimap"):
        if role in item.files:
            foreground = item.files["foreground"]
            io.require_same_size(str(item.files[role]), sizes[role], str(foreground), sizes["foreground"])
    if not finished(item, settings):
        _write(item, settings, out)
    return manifest.as_dictionary(manifest.record(item, settings.output, out, settings.size))


def _write(item: Item, settings: Settings, out: dict[str, Path]) -> None:
    if item.kind:
        cutout, opacity, depth = _synthetic_cutout(settings.seed, item.group, settings.size, item.kind)
        if not _is_fresh(out["foreground"], item):
            io.write_raw(out["foreground"], cutout.fg, fast=True)
    else:
        cutout, opacity, depth = _cutout(_key(item, settings))
    if not _is_fresh(out["alpha"], item):
        io.write_image(out["alpha"], opacity, depth=depth, fast=True)
    if "trimap" in item.files:
        with files.open_regular(item.files["trimap"]) as given:
            files.write_bytes(out["trimap"], given.read())
    elif "trimap" in out:
        trimap = random_from_alpha(opacity, generator(settings.seed, item.name), settings.trimap_rule)
        io.write_raw(out["trimap"], to_levels(trimap), fast=True)
    io.write_raw(out["image"], cutout.over(enlarge(_background(item, settings, cutout), cutout.size)), fast=True)


def _background(item: Item, settings: Settings, cutout: Cutout) -> np.ndarray:
    if "background" in item.files:
        limit = settings.max_megapixels
        return read_integers(item.files["background"], cutout.fg.dtype, max_megapixels=limit)
    from mattekit.synthetic import background

    return encode.quantise(background(generator(settings.seed, f"{item.name} background"), cutout.size), "8")


def _is_fresh(output: Path, item: Item) -> bool:
    try:
        written = output.stat().st_mtime_ns
    except FileNotFoundError:
        return False
    return all(path.stat().st_mtime_ns <= written for path in item.files.values())


def _key(item: Item, settings: Settings) -> tuple:
    paths = [item.files["foreground"], item.files.get("alpha")]
    times = tuple(path.stat().st_mtime_ns for path in paths if path)
    return (*paths, settings.truncate, settings.max_megapixels, times)


@lru_cache(maxsize=1)  # the images of one foreground come one after another
def _cutout(key: tuple) -> tuple[Cutout, np.ndarray, str]:
    """Read a foreground ready to composite, its alpha (H, W) float32, and the depth of the alpha's file."""
    foreground, alpha, truncate, limit, _ = key
    fg = read_integers(foreground, max_megapixels=limit)
    if alpha is None:
        pixels = io.read_raw(foreground, max_megapixels=limit).pixels
        if pixels.ndim != 3 or pixels.shape[2] != 4:
            raise InputError(f"{foreground}: no alpha channel.", remedy="alphas")
        plane = np.ascontiguousarray(pixels[..., 3])
        picture = io.Picture(pixel_values.to_float(plane), "8" if plane.dtype == np.uint8 else "16")
    else:
        picture = io.read_alpha(alpha, max_megapixels=limit)
    depth = output_depth("auto", picture.depth, ".png")
    return Cutout(fg, opacity_of(picture.pixels, picture.depth), truncate=truncate), picture.pixels, depth


@lru_cache(maxsize=1)
def _synthetic_cutout(seed: int, name: str, size: tuple[int, int], kind: str) -> tuple[Cutout, np.ndarray, str]:
    """Draw a synthetic foreground from the seed and its name, in 8 bits; returns as `_cutout`."""
    from mattekit.synthetic import foreground

    fg, alpha = foreground(generator(seed, name), size, kind)
    opacity = np.rint(alpha * 255) / 255
    return Cutout(encode.quantise(fg, "8"), opacity_of(opacity, "8")), opacity, "8"
