"""Open sources by what names them, and look at all of their files first."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mattekit.datasets.plan import Library
from mattekit.datasets.records import MANIFEST
from mattekit.errors import InputError, MissingFileError
from mattekit.pairing import images
from mattekit.samples.pixel_cache import PixelCache
from mattekit.samples.sources import checking, from_manifest, layouts
from mattekit.samples.sources.files import FileBackgrounds, FileSource, GeneratedBackgrounds
from mattekit.samples.sources.item import Item
from mattekit.samples.sources.source import Sources
from mattekit.samples.sources.spec import SYNTHETIC, Spec, parse

logger = logging.getLogger("mattekit")


def open_sources(
    specs: Sequence[str | Spec],
    *,
    backgrounds: Sequence[Path] = (),
    foregrounds: Path | None = None,
    cache: Path | None = None,
) -> Sources:
    """Find the samples of all sources, and make sure that their files can be used.

    Parameters
    ----------
    specs : as `spec.parse` takes them, or parsed; none is the synthetic source.
    backgrounds : folders of images; if there are none, backgrounds are generated.
    foregrounds : folder of re-estimated foregrounds, used instead of those of the same name.
    cache : folder in which `samples.pixel_cache` keeps the pixels of foregrounds and composites; None keeps none.

    Raises
    ------
    MissingFileError
        If a folder does not exist.
    InputError
        If files are unfit, with a line for each of them.
    """
    parsed = [spec for each in specs or [SYNTHETIC] for spec in (parse([each]) if isinstance(each, str) else [each])]
    if foregrounds and all(spec.kind == SYNTHETIC for spec in parsed):
        found = "foregrounds to use instead, but no source has any in files"
        raise InputError(f"{foregrounds}: {found}.", remedy="data")
    opened, problems, items = [], [], []
    for spec in parsed:
        if spec.kind == SYNTHETIC:
            opened.append(_synthetic())
            continue
        found, bad = _items(spec, list(backgrounds), foregrounds)
        problems += bad
        items += found
        opened.append(FileSource(found, PixelCache(cache)) if found else None)
    behind = [path for folder in backgrounds for path in _images(folder, problems)]
    problems += checking.problems(items, behind)
    if problems:
        raise InputError(_told(problems))
    drawn = FileBackgrounds(behind) if behind else GeneratedBackgrounds()
    return Sources(opened, [spec.weight for spec in parsed], drawn)


def _items(spec: Spec, backgrounds: list[Path], foregrounds: Path | None) -> tuple[list[Item], list[str]]:
    root, refined = spec.path, spec.foregrounds or foregrounds
    layouts.require_folder(root)
    kind = spec.kind or _kind(root)
    if kind == "manifest":
        folders = {"foreground": [refined] if refined else [], "alpha": [spec.alpha] if spec.alpha else []}
        return from_manifest.items(root, folders | {"background": list(spec.backgrounds) or backgrounds})
    found, problems = _of_kind(kind, root, spec.alpha)
    if refined and kind != "composites":
        found = _refined(found, refined)
    return found, problems


def _kind(root: Path) -> str:
    if (root / MANIFEST).exists():
        return "manifest"
    if layouts.foregrounds(root):
        return "foregrounds"
    return "composites" if layouts.composites(root) else "cutouts"


def _of_kind(kind: str, root: Path, alpha: Path | None) -> tuple[list[Item], list[str]]:
    if alpha is not None:
        return layouts.items({"image" if kind == "composites" else "fg": root, "alpha": alpha}, root)
    if kind == "cutouts":
        return layouts.cutouts(root)
    parts = layouts.foregrounds(root) if kind == "foregrounds" else [layouts.composites(root)]
    if not any(parts):
        wanted = "fg and alpha" if kind == "foregrounds" else "image and alpha"
        raise InputError(f"{root}: no folders {wanted} in it. Check the path, or give the folder of the alphas.")
    found, problems = [], []
    for folders in parts:
        some, bad = layouts.items(folders, root)
        found, problems = found + some, problems + bad
    return found, problems


def _refined(items: list[Item], folder: Path) -> list[Item]:
    """Items with the colours of `folder` where it has them; a cut-out's alpha stays its own."""
    library, changed, count = Library([folder]), [], 0
    for item in items:
        try:
            path = library.find(item.files["fg"].name)
        except MissingFileError:
            changed.append(item)
            continue
        files = {"fg": path, "alpha": item.files.get("alpha", item.files["fg"])}
        changed.append(Item(item.name, files))
        count += 1
    if not count:
        raise InputError(f"{folder}: none of its files is named like a foreground. Check the folder.")
    logger.info("%s: re-estimated foregrounds of %d of %d are used.", folder, count, len(items))
    return changed


def _images(folder: Path, problems: list[str]) -> list[Path]:
    found = images(folder, recursive=True)
    problems += found.problems
    return [files["image"] for files in found.groups.values()]


def _synthetic() -> Any:
    from mattekit.samples.sources.synthetic import SyntheticSource

    return SyntheticSource()


def _told(problems: Sequence[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    return "\n".join([f"{len(problems)} files cannot be trained on:", *problems])
