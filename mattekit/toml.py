"""TOML files of people: read within bounds, so that none of them can exhaust memory or the stack, and written."""

import tomllib
from pathlib import Path
from typing import Any

from mattekit.errors import InputError
from mattekit.files import missing

LARGEST = 1 << 20  # bytes
DEEPEST = 8  # tables and lists within one another


def read(path: Path) -> dict[str, Any]:
    """Read a TOML file of up to 1 MiB.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is another kind of file, too large, or not what `loads` takes.
    """
    if "\0" in str(path) or not path.exists():
        raise missing(path)
    if not path.is_file():
        raise InputError(f"{path}: not a regular file, wanted TOML. Check the path.")
    with path.open("rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise InputError(f"{path}: more than 1 MiB, wanted TOML. Check the path.")
    try:
        return loads(data.decode(), str(path))
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text, wanted TOML. Check the path.") from None


def loads(text: str, where: str) -> dict[str, Any]:
    """Tables of a text; InputError, beginning with `where`, if it is no TOML, nested too deeply, or has odd values."""
    try:
        values = tomllib.loads(text)
        _check(values)
    except RecursionError:
        raise InputError(f"{where}: nested more than {DEEPEST} deep. Simplify it.") from None
    except ValueError as error:  # TOMLDecodeError is one; so is what an integer of thousands of digits raises
        raise InputError(f"{where}: not valid TOML ({str(error).rstrip('.')}). Correct it.") from None
    return values


def dumps(values: dict[str, Any]) -> str:
    """Text of nested tables whose leaves are strings, booleans, numbers and sequences of these."""
    import tomli_w

    return tomli_w.dumps(values)


def _check(value: Any, depth: int = 0) -> None:
    """Raise ValueError for what TOML allows and no file of ours needs."""
    if depth > DEEPEST:
        raise RecursionError
    if isinstance(value, str) and "\0" in value:
        raise ValueError("a string with a NUL character")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:  # TOML promises 64 bits, Python reads more
        raise ValueError("an integer of more than 64 bits")
    if isinstance(value, dict):
        for key, each in value.items():
            _check(key)
            _check(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _check(each, depth + 1)
