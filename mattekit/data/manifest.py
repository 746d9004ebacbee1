"""The manifest of a composed data set: JSON lines, one an image, with parts, sizes and SHA-256; and its journal.

A run appends every finished image to a hidden journal, in the order they finish, so that a killed run can go on.
At the end the manifest is written in the order of the data set, whatever the number of jobs and interruptions.
"""

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from mattekit import files
from mattekit.data.plan import Item
from mattekit.errors import InputError, MissingFileError
from mattekit.imaging import io

MANIFEST, SETTINGS, JOURNAL = "manifest.jsonl", "settings.json", ".manifest.journal"
FOLDERS = ("merged", "alpha", "trimaps")


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


def record(item: Item, output: Path, outputs: dict[str, Path]) -> dict[str, Any]:
    """Line of the manifest for one image.

    Parts are named relative to the folders they were found in, outputs relative to `output`; sizes are
    [height, width] in pixels.
    """
    parts = {role: facts(path) for role, path in item.files.items()}
    return {
        "name": item.name,
        "parts": item.named,
        "outputs": {role: path.relative_to(output).as_posix() for role, path in outputs.items()},
        "size": list(parts["foreground"].size),
        "background_size": list(parts["background"].size),
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
    if path.exists():
        for name, there in read_settings(output).items():
            if there != settings.get(name):
                found = f"made with {name} {there!r}, but now it is {settings.get(name)!r}"
                raise InputError(f"{output}: {found}. Name another folder with -o, or remove this one.")
        for folder in (output, *(output / name for name in FOLDERS)):
            files.sweep(folder)
        return
    for folder in FOLDERS:
        if (output / folder).is_dir() and any((output / folder).iterdir()):
            raise InputError(f"{output / folder}: not empty, and not made by this command. Name a new folder with -o.")
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
    """Name -> line of every image that an earlier run finished, from its journal and, if `complete`, the manifest."""
    complete = complete and (output / MANIFEST).exists()
    found = {line["name"]: line for line in read(output)} if complete else {}
    journal = output / JOURNAL
    for line in journal.read_text(encoding="utf-8").split("\n")[:-1] if journal.exists() else []:
        record = json.loads(line)  # every line but the last, which a kill may have cut, is whole
        found[record["name"]] = record
    return found


class Journal:
    """Collects the lines of one run; `finish` turns them, with those of earlier runs, into the manifest."""

    def __init__(self, output: Path, records: dict[str, dict[str, Any]]) -> None:
        self.output = output
        self.records = dict(records)
        self._path = output / JOURNAL
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in self.records.values())
        files.write_bytes(self._path, "".join(lines).encode())

    def add(self, record: dict[str, Any]) -> None:
        """Keep the line of a finished image, on disk too."""
        self.records[record["name"]] = record
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")

    def finish(self, names: Iterable[str]) -> None:
        """Write the manifest of the named images, in their order, as far as they are finished."""
        lines = [json.dumps(self.records[name], ensure_ascii=False) + "\n" for name in names if name in self.records]
        files.write_bytes(self.output / MANIFEST, "".join(lines).encode())
        self._path.unlink(missing_ok=True)
