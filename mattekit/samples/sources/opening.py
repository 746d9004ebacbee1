"""Opening sources by name, with a check of all their files, so that training does not stop at a bad one hours later."""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from mattekit.datasets.plan import Library
from mattekit.datasets.records import MANIFEST
from mattekit.errors import InputError, MattekitError, MissingFileError
from mattekit.imaging import io
from mattekit.imaging.codecs.probe import Probe, probe
from mattekit.pairing import images as find_images
from mattekit.samples.sources import layouts
from mattekit.samples.sources.files import FileBackgrounds, FileSource, Item, PixelCache
from mattekit.samples.sources.source import Sources
from mattekit.samples.sources.spec import SYNTHETIC, Spec, parse
from mattekit.samples.sources.synthetic import GeneratedBackgrounds, SyntheticSource

logger = logging.getLogger("mattekit")
THREADS = 8  # mostly waiting for the disk


def open_sources(
    specs: Sequence[str | Spec],
    *,
    backgrounds: Sequence[Path] = (),
    foregrounds: Path | None = None,
    cache: Path | None = None,
) -> Sources:
    """Find the items of all sources, and check that their files can be used.

    Parameters
    ----------
    specs : as `spec.parse` takes them, or parsed; an empty sequence is the synthetic source.
    backgrounds : folders of images; if there are none, backgrounds are generated.
    foregrounds : folder of re-estimated foregrounds, used instead of those of the same name.
    cache : folder of the `PixelCache` for foregrounds and composites; None caches nothing.

    Raises
    ------
    MissingFileError
        If a folder does not exist.
    InputError
        If files are unfit, with a line for each of them.
    """
    parsed = [spec for each in specs or [SYNTHETIC] for spec in (parse([each]) if isinstance(each, str) else [each])]
    if foregrounds and all(spec.kind == SYNTHETIC for spec in parsed):
        reason = "foregrounds to use instead, but no source has any in files"
        raise InputError(f"{foregrounds}: {reason}.", remedy="data")
    opened, problems, items = [], [], []
    for spec in parsed:
        if spec.kind == SYNTHETIC:
            opened.append(SyntheticSource())
            continue
        listed, unusable = _items(spec, list(backgrounds), foregrounds)
        problems += unusable
        items += listed
        opened.append(FileSource(listed, PixelCache(cache)) if listed else None)
    images = [path for folder in backgrounds for path in _images(folder, problems)]
    problems += file_problems(items, images)
    if problems:
        raise InputError(_message(problems))
    return Sources(
        opened,
        [spec.weight for spec in parsed],
        FileBackgrounds(images) if images else GeneratedBackgrounds(),
    )


def _items(spec: Spec, backgrounds: list[Path], foregrounds: Path | None) -> tuple[list[Item], list[str]]:
    root, reestimated = spec.path, spec.foregrounds or foregrounds
    layouts.require_folder(root)
    kind = spec.kind or _kind(root)
    if kind == "manifest":
        folders = {"foreground": [reestimated] if reestimated else [], "alpha": [spec.alpha] if spec.alpha else []}
        return layouts.manifest_items(root, folders | {"background": list(spec.backgrounds) or backgrounds})
    items, problems = _items_of_kind(kind, root, spec.alpha)
    if reestimated and kind != "composites":
        items = _with_foregrounds(items, reestimated)
    return items, problems


def _kind(root: Path) -> str:
    if (root / MANIFEST).exists():
        return "manifest"
    if layouts.foregrounds(root):
        return "foregrounds"
    return "composites" if layouts.composites(root) else "cutouts"


def _items_of_kind(kind: str, root: Path, alpha: Path | None) -> tuple[list[Item], list[str]]:
    if alpha is not None:
        return layouts.items({"image" if kind == "composites" else "fg": root, "alpha": alpha}, root)
    if kind == "cutouts":
        return layouts.cutouts(root)
    parts = layouts.foregrounds(root) if kind == "foregrounds" else [layouts.composites(root)]
    if not any(parts):
        wanted = "fg and alpha" if kind == "foregrounds" else "image and alpha"
        raise InputError(f"{root}: no folders {wanted} in it. Check the path, or give the folder of the alphas.")
    items, problems = [], []
    for folders in parts:
        more_items, more_problems = layouts.items(folders, root)
        items, problems = items + more_items, problems + more_problems
    return items, problems


def _with_foregrounds(items: list[Item], folder: Path) -> list[Item]:
    """Replace foregrounds by the files of the same name in `folder`; cut-outs keep their own alpha."""
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
    listing = find_images(folder, recursive=True)
    problems += listing.problems
    return [files["image"] for files in listing.groups.values()]


def _message(problems: Sequence[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    return "\n".join([f"{len(problems)} files cannot be trained on:", *problems])


def file_problems(items: Sequence[Item], backgrounds: Iterable[Path] = ()) -> list[str]:
    """List files that are missing, damaged, truncated, of another size than their partner or without alpha.

    Headers and ends of files are read; pixels are not decoded.
    """
    cached = lru_cache(maxsize=None)(_probe)  # one alpha may serve many images

    def check(item: Item | Path) -> list[str]:
        if isinstance(item, Item):
            return _item_problems(item, cached)
        _, problem = cached(item)
        return [problem] if problem else []

    with ThreadPoolExecutor(THREADS) as pool:
        lines = [line for lines in pool.map(check, [*items, *backgrounds]) for line in lines]
    return list(dict.fromkeys(lines))


def _item_problems(item: Item, probe: Callable[[Path], tuple[Probe | None, str]]) -> list[str]:
    probes = {role: probe(path) for role, path in item.files.items()}
    if problems := [problem for _, problem in probes.values() if problem]:
        return problems
    leader = "image" if item.composed else "fg"
    sizes = {role: result.size for role, (result, _) in probes.items()}
    first = item.files[leader]
    for role, path in item.files.items():
        if role != "bg" and sizes[role] != sizes[leader]:  # Exif behind the pixels may still turn one on its side
            try:
                io.require_same_size(str(path), io.read_size(path), str(first), io.read_size(first))
            except InputError as error:
                problems.append(str(error))
    if "alpha" not in item.files and not probes["fg"][0].alpha:
        problems.append(f"{item.files['fg']}: no alpha channel, and no alpha beside it. Give the folder of its alpha.")
    return problems


def _probe(path: Path) -> tuple[Probe | None, str]:
    try:
        return probe(path), ""
    except MattekitError as error:
        return None, str(error)
