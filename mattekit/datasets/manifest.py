"""The manifest of a composed data set: JSON lines, one an image, with parts, sizes and SHA-256; and its journal.

A run appends every finished image to a hidden journal, in the order they finish, so that a killed run can go on.
At the end the manifest is written in the order of the data set, whatever the number of jobs and interruptions. Of
several ranks each has a journal of its own, and the one that finds every image accounted for writes the manifest.
"""

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from mattekit import files
from mattekit.datasets.plan import Item
from mattekit.errors import InputError, MissingFileError
from mattekit.imaging import io
from mattekit.ranks import Rank

MANIFEST, SETTINGS, JOURNAL = "manifest.jsonl", "settings.json", ".manifest.journal"
FOLDERS = ("merged", "alpha", "trimaps")
FOREGROUNDS = "fg"  # of synthetic foregrounds; elsewhere a folder of that name may hold the user's own


class Facts(NamedTuple):
    """SHA-256 in hexadecimal and (height, width) of an image file, upright."""

    sha256: str
    size: tuple[int, int]


def facts(path: Path) -> Facts:
    """Hash and size of an image file; read again only if it has changed.

    Raises MissingFileError, or InputError if it is no image.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise MissingFileError(f"{path}: no such file. Check the path.") from None
    return _facts(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)  # foreground, alpha and trimap serve many images in a row
def _facts(path: Path, *_changes: int) -> Facts:
    return Facts(sha256(path), io.read_size(path))


def sha256(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def record(item: Item, output: Path, outputs: dict[str, Path], size: tuple[int, int] | None = None) -> dict[str, Any]:
    """Line of the manifest for one image.

    Parts are named relative to the folders they were found in, outputs relative to `output`; sizes are
    [height, width] in pixels, `size` that of parts which are no files.
    """
    parts = {role: facts(path) for role, path in item.files.items()}
    sizes = {role: list(parts[role].size if role in parts else size) for role in ("foreground", "background")}
    return {
        "name": item.name,
        **({"kind": item.kind} if item.kind else {}),
        "parts": item.named,
        "outputs": {role: path.relative_to(output).as_posix() for role, path in outputs.items()},
        "size": sizes["foreground"],
        "background_size": sizes["background"],
        "sha256": {
            "parts": {role: part.sha256 for role, part in parts.items()},
            "outputs": {role: sha256(path) for role, path in outputs.items()},
        },
    }


def claim(output: Path, settings: dict[str, Any]) -> None:
    """Make `output` the folder of the data set with these settings, or make sure that it is.

    Raises
    ------
    InputError
        If the folder holds a data set made with other settings, or files of another origin.
    """
    path = output / SETTINGS
    ours = (*FOLDERS, FOREGROUNDS) if "kinds" in settings else FOLDERS
    strange = [output / name for name in ours if (output / name).is_dir() and any((output / name).iterdir())]
    if path.exists():  # asked last: another rank may have claimed the folder and filled it just now
        for name, there in read_settings(output).items():
            if there != settings.get(name):
                found = f"made with {name} {there!r}, but now it is {settings.get(name)!r}"
                raise InputError(f"{output}: {found}. Name another folder with -o, or remove this one.")
        for folder in (output, *(output / name for name in ours)):
            files.sweep(folder)
        return
    if strange:
        raise InputError(f"{strange[0]}: not empty, and not made by this command. Name a new folder with -o.")
    files.write_bytes(path, (json.dumps(settings, indent=2) + "\n").encode())


def read_settings(output: Path) -> dict[str, Any]:
    """Settings a data set was made with; InputError or MissingFileError if there are none."""
    path = output / SETTINGS
    if not path.is_file():
        raise MissingFileError(f"{path}: no such file; {output} holds no data set made by `mattekit composite`.")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}). Remove the folder and compose it again.") from None


def read(output: Path) -> list[dict[str, Any]]:
    """Lines of the manifest in a data set's folder; InputError with the line's number if one is damaged."""
    path = output / MANIFEST
    if not path.is_file():
        raise MissingFileError(f"{path}: no such file. Run `mattekit composite --preset ...` to its end first.")
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            records.append(json.loads(line))
        except ValueError:
            raise InputError(f"{path}: line {number} is not JSON. Compose the data set again.") from None
    return records


def known(output: Path, *, complete: bool = True) -> dict[str, dict[str, Any]]:
    """Name -> line of every image that an earlier run or another rank finished.

    From all journals and, if `complete`, the manifest. Images that failed are not known.
    """
    noted: dict[str, dict[str, Any]] = {}
    for journal in sorted(output.glob(f"{JOURNAL}*")):
        noted |= {name: line for name, line in _noted(journal).items() if not _failed(line)}
    # Read last: a rank that finishes writes the manifest first and then removes the journals.
    complete = complete and (output / MANIFEST).exists()
    return ({line["name"]: line for line in read(output)} if complete else {}) | noted


class Journal:
    """Notes what becomes of the images of one run, or one rank of it; `finish` makes the manifest of all notes."""

    def __init__(self, output: Path, rank: Rank, *, complete: bool = True) -> None:
        self.output = output
        self._complete = complete
        self._path = output / (f"{JOURNAL}.{rank.index + 1}-of-{rank.count}" if rank.count > 1 else JOURNAL)
        self._notes = {name: line for name, line in _noted(self._path).items() if not _failed(line)}
        files.write_bytes(self._path, "".join(map(_line, self._notes.values())).encode())

    def add(self, record: dict[str, Any]) -> None:
        """Keep the line of a finished image, on disk too."""
        self._notes[record["name"]] = record
        with files.naming(self._path), self._path.open("a", encoding="utf-8") as stream:
            stream.write(_line(record))

    def fail(self, name: str) -> None:
        """Note that an image was tried in vain, so that nobody waits for it."""
        self.add({"name": name, "failed": True})

    def finish(self, names: Iterable[str]) -> bool:
        """Write the manifest of the named images, in their order, if all are finished or failed; say if so."""
        names = list(names)
        failed: set[str] = set()
        for journal in self.output.glob(f"{JOURNAL}*"):
            failed |= {name for name, line in _noted(journal).items() if _failed(line)}
        failed |= {name for name, line in self._notes.items() if _failed(line)}
        found = known(self.output, complete=self._complete)
        found |= {name: line for name, line in self._notes.items() if not _failed(line)}
        if any(name not in found and name not in failed for name in names):
            return False
        lines = [_line(found[name]) for name in names if name in found]
        files.write_bytes(self.output / MANIFEST, "".join(lines).encode())
        for journal in self.output.glob(f"{JOURNAL}*"):
            journal.unlink(missing_ok=True)
        return True


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _failed(line: dict[str, Any]) -> bool:
    return "failed" in line


def _noted(journal: Path) -> dict[str, dict[str, Any]]:
    """Name -> last line in a journal; lines that a kill or a full disk has cut are left out."""
    notes = {}
    try:
        text = journal.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:  # never begun, or made into the manifest just now
        return {}
    for line in text.split("\n"):
        try:
            record = json.loads(line)
            notes[record["name"]] = record
        except (ValueError, TypeError, KeyError):
            continue
    return notes
