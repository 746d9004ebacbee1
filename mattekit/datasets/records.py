"""The strict format of a composed data set's manifest.jsonl, of its journals and of settings.json.

These files hold data that others may have written: fields, types, sizes and depth are bounded, and paths stay inside
the folder of the data set.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from mattekit.errors import InputError, MissingFileError
from mattekit.files import open_regular, read_text

MANIFEST, SETTINGS = "manifest.jsonl", "settings.json"
LONGEST_LINE, LARGEST_SETTINGS = 1 << 16, 1 << 20  # bytes; a line takes about 1 KB
MOST_LINES = 10_000_000

Role = Literal["foreground", "alpha", "background", "trimap"]
Output = Literal["image", "alpha", "foreground", "trimap"]
Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024, pattern=r"^[^\x00/]+$")]
Digest = Annotated[str, StringConstraints(strict=True, pattern="^[0-9a-f]{64}$")]
Side = Annotated[int, Field(strict=True, ge=1, lt=1 << 31)]
Value = str | int | bool | list[int] | list[str]


def _inside(path: str) -> str:
    """Refuse a path that leaves the folder it is relative to, on any system."""
    for pure in (PurePosixPath(path), PureWindowsPath(path)):
        if pure.is_absolute() or pure.drive or ".." in pure.parts or not pure.parts or "\0" in path:
            raise ValueError(f"the path {path!r} leaves the folder of the data set")
    return path


Inside = Annotated[str, StringConstraints(strict=True, max_length=4096), AfterValidator(_inside)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Hashes(_Strict):
    """SHA-256 in hexadecimal of the files an image was made of, and of those that were made."""

    parts: dict[Role, Digest]
    outputs: dict[Output, Digest]


class Record(_Strict):
    """Line of the manifest for one image.

    Parts are named relative to the folders they were found in, outputs relative to the data set's; sizes are
    (height, width) in pixels. `kind` is the kind of a synthetic foreground.
    """

    name: Name
    kind: Name | None = None
    parts: dict[Role, Name]
    outputs: dict[Output, Inside]
    size: tuple[Side, Side]
    background_size: tuple[Side, Side]
    sha256: Hashes

    @model_validator(mode="after")
    def _hashes_of_all(self) -> "Record":
        if self.sha256.parts.keys() != self.parts.keys() or self.sha256.outputs.keys() != self.outputs.keys():
            raise ValueError("sha256 is not of the same files as parts and outputs")
        return self


class Failure(_Strict):
    """Line of a journal for an image that failed."""

    name: Name
    failed: Literal[True] = True


class StoredSettings(BaseModel):
    """Settings of a data set; `images` is its number of images."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Value]

    images: Annotated[int, Field(ge=0)] | None = None


def located(output: Path, name: str) -> Path:
    """Path of an output in a data set's folder, of whatever a record names it.

    Raises
    ------
    InputError
        If a symbolic link on the way leads out of the folder, as an unpacked archive may hold.
    """
    path = output / name
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(output)):
        raise InputError(f"{path}: a link that leaves the folder of the data set. Replace it by what it points to.")
    return path


def read(output: Path) -> list[Record]:
    """Read the manifest in a data set's folder.

    Raises
    ------
    MissingFileError
        If there is none.
    InputError
        With the number of the line and the field, if one is not as `Record` says.
    """
    path = output / MANIFEST
    if not path.exists():
        raise MissingFileError(f"{path}: no such file. Compose the data set to its end first.")
    records = []
    for number, line in enumerate(_lines(path), 1):
        try:
            records.append(Record.model_validate_json(line))
        except ValidationError as error:
            raise InputError(f"{path}: line {number}: {_first(error)}. Compose the data set again.") from None
    return records


def read_journal(path: Path) -> dict[str, Record | Failure]:
    """Read name -> last record of a journal; incomplete lines, after a kill or on a full disk, are left out."""
    notes: dict[str, Record | Failure] = {}
    try:
        for line in _lines(path):
            try:
                note = (Failure if b'"failed"' in line else Record).model_validate_json(line)
            except ValidationError:
                continue
            notes[note.name] = note
    except MissingFileError:  # not started, or just turned into the manifest
        return {}
    return notes


def read_settings(output: Path) -> StoredSettings:
    """Read the settings of a data set; InputError or MissingFileError if there are none."""
    path = output / SETTINGS
    if not path.exists():
        raise MissingFileError(f"{path}: no such file; {output} holds no data set made by `mattekit composite`.")
    try:
        return StoredSettings.model_validate_json(read_text(path, LARGEST_SETTINGS))
    except ValidationError as error:
        raise InputError(f"{path}: {_first(error)}. Remove the folder and compose it again.") from None


def _lines(path: Path) -> Iterator[bytes]:
    with open_regular(path) as file:
        for _ in range(MOST_LINES):
            line = file.readline(LONGEST_LINE)
            if not line:
                return
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                raise InputError(f"{path}: a line of more than {LONGEST_LINE} bytes. Compose the data set again.")
            yield line
    raise InputError(f"{path}: more than {MOST_LINES} lines. Compose the data set again.")


def _first(error: ValidationError) -> str:
    """Return the first problem and its place as text."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part)[:64] for part in first["loc"] if part != "[key]")
    return f"{where}{': ' * bool(where)}{first['msg'].removeprefix('Value error, ')}"
