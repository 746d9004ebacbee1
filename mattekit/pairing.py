"""Pairing of files that belong together: by relative path and stem, never by position."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mattekit import frames
from mattekit.errors import MissingFileError
from mattekit.files import missing, resolved
from mattekit.formats import BY_SUFFIX, PLAIN, is_picture


class Problem(str):
    """A line about an item that cannot even be started, with the item's `name`, and a `remedy` as errors have it."""

    name: str
    remedy: str

    def __new__(cls, name: str, line: str, remedy: str = "") -> "Problem":
        """Make the line of an item."""
        problem = super().__new__(cls, line)
        problem.name, problem.remedy = name, remedy
        return problem

    def __getnewargs__(self) -> tuple[str, str, str]:
        return self.name, str(self), self.remedy


@dataclass
class Pairing:
    """Files of several folders that belong together.

    groups: name (relative path without extension, with /) -> role -> file, sorted by name.
    problems: one line for every leader without a partner and every wanted name that two files have.
    unused: role -> names in that folder which no leader asked for.
    frames: name -> frame number, of shots.
    """

    groups: dict[str, dict[str, Path]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unused: dict[str, list[str]] = field(default_factory=dict)
    frames: dict[str, int] = field(default_factory=dict)


def pair(
    folders: Mapping[str, Path],
    *,
    recursive: bool = False,
    numbered: Collection[str] = (),
    leave_out: Path | None = None,
    distinct: bool = True,
) -> Pairing:
    """Find, for every image of the first folder, its partner in each other one.

    Parameters
    ----------
    folders : role -> folder; the first role leads, the others follow. A follower's file may be named as the
        leader's or with its role behind (`cat.png` and `cat_trimap.png`), so that one folder can hold both. A leader
        `cat_alpha.png` also finds a follower `cat.png`. With a pattern or a video among them, `frames.pair` does it.
    recursive : also look into sub-folders; the relative path is part of the name.
    numbered : roles whose one file `name` serves all of `name_0`, `name_1`, ... (Composition-1k's alphas).
    leave_out : a sub-folder not to look into: the outputs of an earlier run are no inputs.
    distinct : no file is its own partner, as no image is its own trimap; a truth may be scored against itself.

    Raises
    ------
    MissingFileError
        If a folder does not exist or the leading one holds no image.
    """
    result = Pairing()
    leader, *followers = folders
    if any(frames.is_shot(place) for place in folders.values()):
        return _pair_frames(folders)
    others = tuple(f"_{role}" for role in followers)
    images = {role: _images(folder, recursive, leave_out) for role, folder in folders.items()}
    # A folder of its own may name its files as it likes; only in a shared one does the role tell them apart.
    shared = distinct and any(resolved(folders[leader]) == resolved(folders[role]) for role in followers)
    names = [n for n in sorted(images[leader]) if not (shared and n.endswith(others))]
    if not names:
        raise _no_images(folders[leader], deeper=not recursive and bool(_images(folders[leader], True, leave_out)))
    used: dict[str, set[str]] = {role: set() for role in followers}
    for name in names:
        keys = {leader: name} | {r: _partner(name, r, images[r], r in numbered, own=not shared) for r in followers}
        claims = {role: images[role][key] for role, key in keys.items() if key is not None}
        missing = [role for role, key in keys.items() if key is None]
        for role in claims.keys() & used.keys():
            used[role].add(keys[role])
        problems = _faults(folders, claims) + [_missing(name, r, folders[r], claims[leader][0]) for r in missing]
        result.problems += [Problem(name, line) for line in problems]
        if not problems:
            result.groups[name] = {role: paths[0] for role, paths in claims.items()}
    result.problems = list(dict.fromkeys(result.problems))  # one alpha may serve many images
    for role in followers:
        result.unused[role] = sorted(set(images[role]) - used[role] - (set(names) if shared else set()))
    return result


def images(folder: Path, *, recursive: bool = False, leave_out: Path | None = None) -> Pairing:
    """All images of one folder under the role "image"; two files of one name are problems."""
    return pair({"image": folder}, recursive=recursive, leave_out=leave_out)


def _pair_frames(places: Mapping[str, Path]) -> Pairing:
    """Pair the frames of shots; names are those of the leader's files."""
    groups, problems, unused = frames.pair(places)
    leader = next(iter(places))
    return Pairing(
        {group[leader].stem: group for group in groups.values()},
        [Problem(name, line) for name, line in problems],
        {role: [str(number) for number in numbers] for role, numbers in unused.items()},
        {group[leader].stem: number for number, group in groups.items()},
    )


def natural(name: str) -> tuple:
    """Sort key that puts `name_10` behind `name_9`, and capitals beside small letters."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if i % 2 else (0, part.casefold()) for i, part in enumerate(parts)], name


def _images(folder: Path, recursive: bool, leave_out: Path | None) -> dict[str, list[Path]]:
    if not folder.is_dir():
        if folder.exists():
            raise MissingFileError(f"{folder}: a file, wanted a folder like the others. Check the path.")
        raise missing(folder, "folder")
    left_out = _inside(leave_out, folder)
    by_name: dict[str, list[Path]] = {}
    unreadable: dict[str, list[Path]] = {}  # here, without an extra: errors name it if there is nothing else
    for path in sorted(folder.rglob("*") if recursive else folder.iterdir()):
        inside = path.relative_to(folder)
        if path.suffix.lower() not in BY_SUFFIX or any(part.startswith(".") for part in inside.parts):
            continue
        if not path.is_dir() and not (left_out and inside.is_relative_to(left_out)):
            found = by_name if is_picture(path.suffix.lower()) else unreadable
            found.setdefault(inside.with_suffix("").as_posix(), []).append(path)
    # Beside a picture of its name, a layered file or a plate is what it was made from.
    return {
        name: [path for path in paths if path.suffix.lower() in PLAIN] or paths
        for name, paths in (by_name or unreadable).items()
    }


def _no_images(folder: Path, *, deeper: bool) -> MissingFileError:
    if deeper:
        return MissingFileError(f"{folder}: no images found but in its sub-folders.", remedy="recursive")
    formats = " ".join(sorted(filter(is_picture, BY_SUFFIX)))
    return MissingFileError(f"{folder}: no images found. Check the path. Formats: {formats}.")


def _faults(folders: Mapping[str, Path], claims: Mapping[str, list[Path]]) -> list[str]:
    """List what is wrong with the files of one name: two for one role, or one that is not regular."""
    lines = []
    for role, paths in claims.items():
        if len(paths) > 1:
            lines.append(
                f"{folders[role]}: {' and '.join(path.name for path in paths)} have one name. Keep one of them."
            )
        for path in paths:
            if path.is_symlink() and not path.exists():
                lines.append(f"{path}: a link to a file that does not exist. Repair or remove it.")
            elif not path.is_file():
                lines.append(f"{path}: a pipe, device or socket, wanted a regular file. Remove it.")
    return lines


def _missing(name: str, role: str, folder: Path, leader: Path) -> str:
    return f"{leader}: no {role} named {Path(name).name} in {folder}. Add it, or check the folder."


def _inside(inner: Path | None, folder: Path) -> Path | None:
    """Give the path of `inner` within `folder`; None if it is the folder itself or lies elsewhere."""
    if inner is None or not resolved(inner).is_relative_to(resolved(folder)):
        return None
    within = resolved(inner).relative_to(resolved(folder))
    return within if within.parts else None


def _partner(name: str, role: str, images: Mapping[str, list[Path]], numbered: bool, *, own: bool) -> str | None:
    names = [name, name.removesuffix("_alpha")]  # as `predict` names a matte beside its image
    names += [re.sub(r"_\d+$", "", candidate) for candidate in names] if numbered else []
    for candidate in dict.fromkeys(names):
        for key in ([candidate] if own else []) + [f"{candidate}_{role}"]:
            if key in images:
                return key
    return None
