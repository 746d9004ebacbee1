"""Layouts of folders with matting data, recognised by the names of their sub-folders.

| data set | what is recognised |
|---|---|
| Adobe Image Matting | `Combined_Dataset/Training_set/Adobe-licensed images/{fg,alpha}`, `.../Other/{fg,alpha}`; any part of that path may be given, or be missing |
| Distinctions-646 | `Train/FG`, `Train/GT` |
| VideoMatte240K, as frames | `train/fgr`, `train/pha` |
| composites | `image`, `alpha`, perhaps `trimap` and `prior` |
| a folder of cut-outs | images with an alpha channel, or `cat.png` with `cat_alpha.png` |
"""  # noqa: E501 (a table)

from collections.abc import Iterator, Mapping
from pathlib import Path

from mattekit.errors import InputError, MissingFileError
from mattekit.imaging.codecs.probe import probe
from mattekit.pairing import IMAGE_SUFFIXES, pair
from mattekit.samples.sources.item import Item

# Role -> names of its folder, in any case.
FOREGROUND = {"fg": ("fg", "fgr", "foreground", "foregrounds"), "alpha": ("alpha", "alphas", "gt", "pha", "mask")}
COMPOSITE = {"image": ("image", "images", "merged", "original"), "alpha": FOREGROUND["alpha"]}
OPTIONAL = {"trimap": ("trimap", "trimaps"), "prior": ("prior", "priors")}
TEST = ("test", "test_set", "validation", "val")  # below a folder that is given, not to be trained on
DEEPEST = 3  # AIM/Combined_Dataset/Training_set/Other


def foregrounds(root: Path) -> list[dict[str, Path]]:
    """Role -> folder for every part of a data set below `root` that has foregrounds and their alphas."""
    return [roles for folder in _folders(root, DEEPEST) if (roles := _roles(folder, FOREGROUND))]


def composites(root: Path) -> dict[str, Path]:
    """Role -> folder of composites with their alphas; none if `root` has no such folders."""
    if not (roles := _roles(root, COMPOSITE)):
        return {}
    return roles | {role: folder for role in OPTIONAL for folder in _roles(root, {role: OPTIONAL[role]}).values()}


def items(folders: Mapping[str, Path], root: Path) -> tuple[list[Item], list[str]]:
    """Items of paired folders, and a line for each file without a partner.

    Composites may share one alpha: `cat_0.png`, `cat_1.png`, ... of `cat.png`, as the published sets have them.
    """
    numbered = ("alpha",) if "image" in folders else ()
    found = pair(folders, recursive=True, numbered=numbered)
    part = next(iter(folders.values())).relative_to(root)  # several parts of a set may have a file of one name
    return [Item((part / name).as_posix(), files) for name, files in found.groups.items()], list(found.problems)


def cutouts(root: Path) -> tuple[list[Item], list[str]]:
    """Items of a folder of files with alpha channels, or of pairs `cat.png`, `cat_alpha.png` side by side."""
    if any(path.stem.endswith("_alpha") for path in root.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES):
        return items({"fg": root, "alpha": root}, root)
    found = pair({"fg": root}, recursive=True)
    if not any(_may_be_cutout(files["fg"]) for files in found.groups.values()):
        wanted = "an alpha channel, and no alpha beside it. Wanted cut-outs, or folders fg and alpha"
        raise InputError(f"{root}: none of its {len(found.groups)} images has {wanted}.")
    return [Item(name, files) for name, files in found.groups.items()], list(found.problems)


def _may_be_cutout(path: Path) -> bool:
    try:
        return probe(path).alpha
    except (InputError, OSError):  # told of with all other bad files
        return True


def require_folder(root: Path) -> None:
    """Raise MissingFileError or InputError if it is none."""
    if not root.exists():
        raise MissingFileError(f"{root}: no such folder. Check the path.")
    if not root.is_dir():
        raise InputError(f"{root}: a file, wanted a folder, or a .toml file that lists sources.")


def _folders(root: Path, depth: int) -> Iterator[Path]:
    yield root
    if depth:
        for folder in sorted(root.iterdir()):
            if folder.is_dir() and not folder.name.startswith(".") and folder.name.lower() not in TEST:
                yield from _folders(folder, depth - 1)


def _roles(folder: Path, wanted: Mapping[str, tuple[str, ...]]) -> dict[str, Path]:
    """Role -> sub-folder if there is one for every role wanted."""
    there = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}
    roles = {role: there[name] for role, names in wanted.items() for name in reversed(names) if name in there}
    return roles if roles.keys() == wanted.keys() else {}
