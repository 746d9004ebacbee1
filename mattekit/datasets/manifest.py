"""The manifest of a composed data set: JSON lines, one an image, with parts, sizes and SHA-256; and its journal.

A run appends every finished image to a hidden journal, so that a killed run can continue. At the end the manifest is
written in the order of the data set, for any number of jobs and interruptions. Each of several ranks has its own
journal, and the rank that finds every image in a journal writes the manifest.
"""

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from mattekit import files
from mattekit.datasets.plan import Item
from mattekit.datasets.records import MANIFEST, SETTINGS, Failure, Record, read, read_journal, read_settings
from mattekit.errors import InputError
from mattekit.files import missing
from mattekit.imaging import io
from mattekit.ranks import Rank

JOURNAL = ".manifest.journal"
FOLDERS = ("merged", "alpha", "trimaps")
FOREGROUNDS = "fg"  # folder of synthetic foregrounds; in other sets a folder of this name may be the user's


class Facts(NamedTuple):
    """SHA-256 in hexadecimal and (height, width) of an image file, upright."""

    sha256: str
    size: tuple[int, int]


def facts(path: Path) -> Facts:
    """Return hash and size of an image file; it is read again only if it has changed.

    Raises MissingFileError, or InputError if it is no image.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise missing(path) from None
    return _facts(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)  # foreground, alpha and trimap serve many images in a row
def _facts(path: Path, *_changes: int) -> Facts:
    size = io.read_size(path)  # before hashing, as it refuses files that are no pictures
    return Facts(sha256(path), size)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a regular file in hexadecimal; raises as `files.open_regular`."""
    with files.open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def record(item: Item, output: Path, outputs: dict[str, Path], size: tuple[int, int] | None = None) -> Record:
    """Return the record of one image; `size` (height, width) is that of synthetic parts."""
    parts = {role: facts(path) for role, path in item.files.items()}
    sizes = {role: parts[role].size if role in parts else size for role in ("foreground", "background")}
    hashes = {role: part.sha256 for role, part in parts.items()}
    return Record(
        name=item.name,
        kind=item.kind,
        parts=item.named,
        outputs={role: path.relative_to(output).as_posix() for role, path in outputs.items()},
        size=sizes["foreground"],
        background_size=sizes["background"],
        sha256={"parts": hashes, "outputs": {role: sha256(path) for role, path in outputs.items()}},
    )


def claim(output: Path, settings: dict[str, Any]) -> None:
    """Make `output` the folder of a data set with these settings, or check that it is.

    Raises
    ------
    InputError
        If the folder holds a data set made with other settings, or files of another origin.
    """
    path = output / SETTINGS
    folders = (*FOLDERS, FOREGROUNDS) if "kinds" in settings else FOLDERS
    others = [output / name for name in folders if (output / name).is_dir() and any((output / name).iterdir())]
    if path.exists():  # tested last: another rank may just have claimed and filled the folder
        for name, stored in read_settings(output).model_dump(exclude_unset=True).items():
            if stored != settings.get(name):
                difference = f"made with {name} {stored!r}, but now it is {settings.get(name)!r}"
                raise InputError(f"{output}: {difference}. Name another folder, or remove this one.")
        for folder in (output, *(output / name for name in folders)):
            files.sweep(folder)
        return
    if others:
        raise InputError(f"{others[0]}: not empty, and not made by this command. Name a new folder.")
    files.write_bytes(path, (json.dumps(settings, indent=2) + "\n").encode())


def finished_records(output: Path, *, complete: bool = True) -> dict[str, Record]:
    """Return name -> record of every image that an earlier run or another rank finished.

    They come from all journals and, if `complete`, the manifest; failed images are left out.
    """
    finished = _finished(note for path in sorted(output.glob(f"{JOURNAL}*")) for note in read_journal(path).values())
    # Read last: a rank that finishes writes the manifest first and then removes the journals.
    complete = complete and (output / MANIFEST).exists()
    return ({record.name: record for record in read(output)} if complete else {}) | finished


class Journal:
    """Record of the finished and failed images of one rank; `finish` writes the manifest from all journals."""

    def __init__(self, output: Path, rank: Rank, *, complete: bool = True) -> None:
        self.output = output
        self._complete = complete
        self._path = output / (f"{JOURNAL}.{rank.index + 1}-of-{rank.count}" if rank.count > 1 else JOURNAL)
        self._notes: dict[str, Record | Failure] = _finished(read_journal(self._path).values())
        files.write_bytes(self._path, "".join(map(_line, self._notes.values())).encode())

    def add(self, note: Record | Failure) -> None:
        """Add the record of a finished or failed image, in memory and on disk."""
        self._notes[note.name] = note
        with files.naming(self._path), self._path.open("a", encoding="utf-8") as stream:
            stream.write(_line(note))

    def fail(self, name: str) -> None:
        """Record that an image failed, so that no rank waits for it."""
        self.add(Failure(name=name))

    def finish(self, names: Iterable[str]) -> bool:
        """Write the manifest of the named images, in their order, if all are finished or failed; return whether."""
        names, journals = list(names), list(self.output.glob(f"{JOURNAL}*"))
        tried = {name for journal in journals for name in read_journal(journal)} | set(self._notes)
        finished = finished_records(self.output, complete=self._complete) | _finished(self._notes.values())
        if any(name not in finished and name not in tried for name in names):
            return False
        lines = [_line(finished[name]) for name in names if name in finished]
        files.write_bytes(self.output / MANIFEST, "".join(lines).encode())
        for journal in self.output.glob(f"{JOURNAL}*"):
            journal.unlink(missing_ok=True)
        return True


def _finished(notes: Iterable[Record | Failure]) -> dict[str, Record]:
    return {note.name: note for note in notes if isinstance(note, Record)}


def _line(note: Record | Failure) -> str:
    return json.dumps(as_dictionary(note), ensure_ascii=False) + "\n"


def as_dictionary(note: Record | Failure) -> dict[str, Any]:
    """Return a record as a JSON-ready dictionary."""
    return note.model_dump(mode="json", exclude_none=True)
