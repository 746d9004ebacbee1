"""Items of data sets on disk: folders recognised by the names of their sub-folders, and sets of `mattekit composite`.

| data set | what is recognised |
|---|---|
| Adobe Image Matting | `Combined_Dataset/Training_set/Adobe-licensed images/{fg,alpha}`, `.../Other/{fg,alpha}`; any part of that path may be given, or be missing |
| Distinctions-646 | `Train/FG`, `Train/GT` |
| VideoMatte240K, as frames | `train/fgr`, `train/pha` |
| composites | `image`, `alpha`, perhaps `trimap` and `prior` |
| a folder of cut-outs | images with an alpha channel, or `cat.png` with `cat_alpha.png` |
"""  # noqa: E501 (a table)

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mattekit.datasets import manifest, records
from mattekit.datasets.plan import Library
from mattekit.datasets.records import Record
from mattekit.errors import InputError, MattekitError, MissingFileError
from mattekit.files import missing
from mattekit.formats import PLAIN
from mattekit.imaging.codecs.probe import probe
from mattekit.pairing import pair
from mattekit.samples.sources.files import Item

logger = logging.getLogger("mattekit")


# Role -> names of its folder, in any case.
FOREGROUND = {"fg": ("fg", "fgr", "foreground", "foregrounds"), "alpha": ("alpha", "alphas", "gt", "pha", "mask")}
COMPOSITE = {"image": ("image", "images", "merged", "original"), "alpha": FOREGROUND["alpha"]}
OPTIONAL = {"trimap": ("trimap", "trimaps"), "prior": ("prior", "priors")}
TEST = ("test", "test_set", "validation", "val")  # below a folder that is given, not to be trained on
DEEPEST = 3  # AIM/Combined_Dataset/Training_set/Other


def foregrounds(root: Path) -> list[dict[str, Path]]:
    """Return role -> folder for every part of a data set below `root` that has foregrounds and their alphas."""
    return [roles for folder in _folders(root, DEEPEST) if (roles := _roles(folder, FOREGROUND))]


def composites(root: Path) -> dict[str, Path]:
    """Return role -> folder of composites with their alphas; none if `root` has no such folders."""
    if not (roles := _roles(root, COMPOSITE)):
        return {}
    return roles | {role: folder for role in OPTIONAL for folder in _roles(root, {role: OPTIONAL[role]}).values()}


def items(folders: Mapping[str, Path], root: Path) -> tuple[list[Item], list[str]]:
    """Return the items of paired folders, and a line for each file without a partner.

    Composites may share one alpha: `cat_0.png`, `cat_1.png`, ... of `cat.png`, as the published sets have them.
    """
    numbered = ("alpha",) if "image" in folders else ()
    pairing = pair(folders, recursive=True, numbered=numbered)
    part = next(iter(folders.values())).relative_to(root)  # several parts of a set may have a file of one name
    return [Item((part / name).as_posix(), files) for name, files in pairing.groups.items()], list(pairing.problems)


def cutouts(root: Path) -> tuple[list[Item], list[str]]:
    """Return the items of a folder of cut-outs, or of pairs `cat.png`, `cat_alpha.png` side by side; and problems."""
    if any(path.stem.endswith("_alpha") for path in root.rglob("*") if path.suffix.lower() in PLAIN):
        return items({"fg": root, "alpha": root}, root)
    pairing = pair({"fg": root}, recursive=True)
    if not any(_may_be_cutout(files["fg"]) for files in pairing.groups.values()):
        wanted = "an alpha channel, and no alpha beside it. Wanted cut-outs, or folders fg and alpha"
        raise InputError(f"{root}: none of its {len(pairing.groups)} images has {wanted}.")
    return [Item(name, files) for name, files in pairing.groups.items()], list(pairing.problems)


def _may_be_cutout(path: Path) -> bool:
    try:
        return probe(path).alpha
    except (InputError, OSError):  # reported with all other bad files
        return True


def require_folder(root: Path) -> None:
    """Raise MissingFileError or InputError if `root` is no folder."""
    if not root.exists():
        raise missing(root, "folder")
    if not root.is_dir():
        raise InputError(f"{root}: a file, wanted a folder, or a .toml file that lists sources.")


def _folders(root: Path, depth: int) -> Iterator[Path]:
    yield root
    if depth:
        for folder in sorted(root.iterdir()):
            if folder.is_dir() and not folder.name.startswith(".") and folder.name.lower() not in TEST:
                yield from _folders(folder, depth - 1)


def _roles(folder: Path, wanted: Mapping[str, tuple[str, ...]]) -> dict[str, Path]:
    """Return role -> sub-folder if there is one for every role wanted, else nothing."""
    folders = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}
    roles = {role: folders[name] for role, names in wanted.items() for name in reversed(names) if name in folders}
    return roles if roles.keys() == wanted.keys() else {}


def manifest_items(root: Path, folders: dict[str, list[Path]]) -> tuple[list[Item], list[str]]:
    """Return the items of a manifest, composed anew from their parts or as they are, and a line for each problem.

    Parameters
    ----------
    root : holds manifest.jsonl.
    folders : "foreground", "alpha" and "background" -> folders of the parts. Without foregrounds the composed images
        are used, unless the set keeps its own; without alphas those of the data set, or the foregrounds' alpha
        channels; without backgrounds any.

    Raises
    ------
    InputError
        If there are neither foregrounds nor composed images.
    """
    entries = records.read(root)
    if not folders.get("foreground") and any("foreground" in record.outputs for record in entries):
        folders = folders | {"foreground": [root / manifest.FOREGROUNDS]}  # of a synthetic set
    if not folders.get("foreground"):
        if not any("image" in record.outputs for record in entries):
            raise InputError(f"{root}: a manifest without images. Give the folder of its foregrounds.")
        logger.info("%s: its composed images are used; with its foregrounds' folder they are composed anew.", root)
        return _items_of_records(entries, lambda record: _composite_files(root, record))
    libraries = {role: Library(paths) for role, paths in folders.items() if paths}
    return _items_of_records(entries, lambda record: _layer_files(root, record, libraries))


def _items_of_records(
    entries: list[Record], files_of: Callable[[Record], dict[str, Path]]
) -> tuple[list[Item], list[str]]:
    items, problems = [], []
    for record in entries:
        try:
            items.append(Item(record.name, files_of(record)))
        except MattekitError as error:
            problems.append(str(error))
    return items, list(dict.fromkeys(problems))  # one part serves many images


def _composite_files(root: Path, record: Record) -> dict[str, Path]:
    _require(root, record, "image" in record.outputs, "composed image")
    used = [role for role in ("image", "alpha", "trimap") if role in record.outputs]
    files = {role: records.located(root, record.outputs[role]) for role in used}
    for path in files.values():
        if not path.is_file():
            raise MissingFileError(f"{path}: no such file, but the manifest names it.")
    return files


def _layer_files(root: Path, record: Record, libraries: dict[str, Library]) -> dict[str, Path]:
    foreground = record.parts.get("foreground") or record.outputs.get("foreground")
    _require(root, record, foreground is not None, "foreground")
    files = {"fg": libraries["foreground"].find(foreground)}
    if files["fg"].parent == root / manifest.FOREGROUNDS:
        files["fg"] = records.located(root, f"{manifest.FOREGROUNDS}/{files['fg'].name}")
    if "alpha" in libraries and "alpha" in record.parts:
        files["alpha"] = libraries["alpha"].find(record.parts["alpha"])
    elif "alpha" in record.outputs:
        files["alpha"] = records.located(root, record.outputs["alpha"])
    if "background" in libraries and "background" in record.parts:
        files["bg"] = libraries["background"].find(record.parts["background"])
    return files


def _require(root: Path, record: Record, present: bool, kind: str) -> None:
    if not present:
        raise InputError(f"{root}: the manifest names no {kind} of {record.name}. Compose the data set again.")
