"""Plan of a composed data set: presets of published sets, and the foreground, background and name of every image."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mattekit.errors import InputError, MissingFileError
from mattekit.files import missing, read_text
from mattekit.formats import PLAIN
from mattekit.imaging.trimap_random import generator
from mattekit.pairing import Problem, natural

LARGEST_LIST = 1 << 26  # bytes of a list of names


@dataclass(frozen=True)
class Preset:
    """Rules of one published data set and split.

    foregrounds : number of foregrounds in the published set; None where any number is right.
    per_foreground : backgrounds each foreground is put before.
    truncate : blends are truncated to whole numbers, as the published compositor does; otherwise rounded.
    trimap : the row of `trimap_random.RULES` that makes trimaps where none are given.
    ships_trimaps : the published set comes with trimaps, and scores refer to those.
    """

    foregrounds: int | None
    per_foreground: int
    truncate: bool = True
    trimap: str = "dim"
    ships_trimaps: bool = False


# Adobe Image Matting and Composition-1k: Xu et al., "Deep Image Matting" (CVPR 2017), section 3, with MS COCO and
# Pascal VOC behind; the counts are those of the released set, as A2U's section 6.2 gives them (IndexNet's section 5.1
# says 100 x 10 for Composition-1k, its list of names 50 x 20).
# Distinctions-646: Qiao et al., "Attention-Guided Hierarchical Structure Aggregation for Image Matting" (CVPR 2020),
# composed by "the same protocol" (A2U, section 6.2); it ships no trimaps.
PRESETS = {
    "aim": {"train": Preset(431, 100)},
    "composition-1k": {"test": Preset(50, 20, ships_trimaps=True)},
    "distinctions-646": {"train": Preset(596, 100), "test": Preset(50, 20)},
    "custom": {"train": Preset(None, 20, truncate=False), "test": Preset(None, 20, truncate=False)},
}


def find_preset(name: str, split: str | None = None) -> tuple[str, Preset]:
    """Return split and row of a preset; if `split` is not given, its first.

    Raises
    ------
    InputError
        If there is no such preset or split.
    """
    if name not in PRESETS:
        raise InputError(f"preset {name}: unknown. Choose from {', '.join(PRESETS)}.")
    splits = PRESETS[name]
    split = split or next(iter(splits))
    if split not in splits:
        raise InputError(f"preset {name}: no split {split}. It has {' and '.join(splits)}.")
    return split, splits[split]


@dataclass(frozen=True)
class Item:
    """One image to compose: its name (`cat_3`), that of its foreground (`cat`), role -> name, and role -> file.

    `kind` is the kind of a synthetic foreground, which has no file.
    """

    name: str
    group: str
    named: dict[str, str]
    files: dict[str, Path]
    kind: str | None = None


@dataclass
class Plan:
    """Items in the order of the data set, one line per missing or unfit part, and a hash of all names asked for."""

    items: list[Item] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    digest: str = ""


class Library:
    """The image files of one or more folders, found by name.

    Raises MissingFileError if a folder does not exist, InputError for a name that is no text.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = list(folders)
        self._by_name: dict[str, list[Path]] = {}
        self._by_stem: dict[str, list[Path]] = {}
        for folder in self.folders:
            if not folder.is_dir():
                if folder.exists():
                    raise MissingFileError(f"{folder}: a file, wanted a folder. Check the path.")
                raise missing(folder, "folder")
            for path in folder.iterdir():
                if path.suffix.lower() in PLAIN and not path.name.startswith("."):
                    _require_text(path)
                    self._by_name.setdefault(path.name, []).append(path)
                    self._by_stem.setdefault(path.stem, []).append(path)

    def __str__(self) -> str:
        return " or ".join(map(str, self.folders))

    def names(self) -> list[str]:
        """List all file names in natural order: `2.png` before `10.png`. Raises MissingFileError if there are none."""
        if not self._by_name:
            raise MissingFileError(f"{self}: no images found. Check the path.")
        return sorted(self._by_name, key=natural)

    def find(self, name: str) -> Path:
        """Return the file called `name`, or the only one that differs from it by its extension alone.

        Raises MissingFileError if there is none, InputError if there are several.
        """
        name = Path(name).name  # lists may carry folders of another machine
        stem = Path(name).stem if Path(name).suffix.lower() in PLAIN else name
        matches = self._by_name.get(name) or self._by_stem.get(stem, [])
        if not matches:
            raise MissingFileError(f"{name}: not in {self}. Add it, or check the folder.")
        if len(matches) > 1:
            raise InputError(f"{name}: it could be {' or '.join(map(str, sorted(matches)))}. Keep one of them.")
        return matches[0]


def _require_text(path: Path) -> None:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise InputError(f"{path}: its name is not UTF-8, and a manifest cannot name it. Rename the file.") from None


def read_names(path: Path) -> list[str]:
    """Read the names in a list that comes with a data set: one a line, empty lines left out."""
    names = [line.strip() for line in read_text(path, LARGEST_LIST).splitlines()]
    return [name for name in names if name]


def assign(
    foregrounds: Sequence[str], backgrounds: Sequence[str], count: int, *, seed: int | None = None
) -> list[list[str]]:
    """Choose `count` backgrounds for every foreground.

    Without `seed`, as the published lists mean it: foreground i takes backgrounds i count .. (i + 1) count - 1.
    With `seed`, a random choice that depends on the seed and the foreground's name; none twice before all were used.

    Raises
    ------
    InputError
        If there are no foregrounds or backgrounds, or too few backgrounds for the order of the lists.
    """
    if not foregrounds or not backgrounds:
        raise InputError(f"{len(foregrounds)} foregrounds and {len(backgrounds)} backgrounds: wanted some of each.")
    if seed is not None:
        return [_random_backgrounds(backgrounds, count, seed, Path(name).stem) for name in foregrounds]
    wanted = len(foregrounds) * count
    if len(backgrounds) < wanted:
        raise InputError(
            f"{len(backgrounds)} backgrounds: {len(foregrounds)} foregrounds with {count} each want {wanted}.",
            remedy="backgrounds",
        )
    return [list(backgrounds[i * count : (i + 1) * count]) for i in range(len(foregrounds))]


def _random_backgrounds(backgrounds: Sequence[str], count: int, seed: int, name: str) -> list[str]:
    rng, chosen = generator(seed, name), []
    while len(chosen) < count:
        chosen += [backgrounds[i] for i in rng.permutation(len(backgrounds))[: count - len(chosen)]]
    return chosen


def plan(
    foregrounds: Sequence[str], backgrounds: Sequence[Sequence[str]], libraries: dict[str, Library | None]
) -> Plan:
    """Find the parts of every image; a missing part becomes a problem, and its images are left out.

    `libraries` maps "foreground" and "background", and where given "alpha" and "trimap", to their files.
    Image k of foreground NAME is called NAME_k, counted from 0.
    """
    result, digest, seen = Plan(), hashlib.sha256(), set()
    for foreground, chosen in zip(foregrounds, backgrounds, strict=True):
        group = Path(foreground).stem
        digest.update("\n".join([foreground, *chosen, ""]).encode())
        if group in seen:
            line = f"{foreground}: a second foreground named {group}. Rename one of them."
            result.problems.append(Problem(group, line))
            continue
        seen.add(group)
        wanted = {"foreground": foreground, "alpha": group}
        shared = _look_up(group, wanted, libraries, result.problems)
        for k, background in enumerate(chosen):
            name = f"{group}_{k}"
            own = _look_up(name, {"background": background, "trimap": (name, group)}, libraries, result.problems)
            if shared is not None and own is not None:
                files = {**shared, **own}
                result.items.append(Item(name, group, {role: path.name for role, path in files.items()}, files))
    result.problems = list(dict.fromkeys(result.problems))  # a background that is missing twice is one problem
    result.digest = digest.hexdigest()
    return result


def _look_up(
    name: str, wanted: dict[str, str | tuple[str, ...]], libraries: dict[str, Library | None], problems: list[str]
) -> dict[str, Path] | None:
    """Find the file of each role that has a library; None, with a line in `problems` for each missing one."""
    files, complete = {}, True
    for role, names in wanted.items():
        if libraries.get(role) is None:
            continue
        try:
            files[role] = _first(libraries[role], (names,) if isinstance(names, str) else names)
        except (MissingFileError, InputError) as error:
            problems.append(Problem(name, f"{role} {error}"))
            complete = False
    return files if complete else None


def _first(library: Library, names: tuple[str, ...]) -> Path:
    for name in names[:-1]:
        try:
            return library.find(name)
        except MissingFileError:
            continue
    return library.find(names[-1])
