"""Names of the classes that a network tells apart: found in its file, and looked up."""

import ast
import zipfile
from collections.abc import Sequence
from pathlib import Path

from mattekit.errors import InputError
from mattekit.inference.onnx_graph import read_metadata

KEYS = ("names", "classes", "labels", "id2label")  # of an ONNX file's metadata
LARGEST = 1 << 20  # bytes of a list of names
SHOWN = 30  # names in a message


def names_in(path: Path) -> tuple[str, ...]:
    """Return the names of a network's classes in order, empty if its file does not tell.

    ONNX files may hold a list or a table by number in their metadata, written as in Python or JSON; TFLite files a text
    file with a name a line (TensorFlow Lite Metadata, "associated files").
    """
    if path.suffix.lower() == ".onnx":
        found = read_metadata(path)
        return next((names for key in KEYS if (names := _parsed(found.get(key, "")))), ())
    return _listed(path)


def numbers_of(path: Path, wanted: Sequence[int | str], names: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of classes that are given by number or name; case, `_` and `-` do not matter.

    Raises
    ------
    InputError
        For a name that is none of `names`.
    """
    known = {_plain(name): number for number, name in enumerate(names) if name}
    for name in wanted:
        if isinstance(name, str) and _plain(name) not in known:
            listed = f"a number or one of {shown(names)}" if known else "whole numbers, as its file names no classes"
            raise InputError(f"{path}: class {name}: wanted {listed}. Correct it.")
    return tuple(known[_plain(name)] if isinstance(name, str) else name for name in wanted)


def shown(names: Sequence[str]) -> str:
    """Return names for a message, not too many of them."""
    kept = [" ".join(name.split())[:40] for name in names if name]
    return ", ".join(kept[:SHOWN]) + (", ..." if len(kept) > SHOWN else "")


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", " ").replace("-", " ")


def _parsed(text: str) -> tuple[str, ...]:
    """Names of a list, or of a table whose keys are numbers; none of anything else."""
    if not text or len(text) > LARGEST:
        return ()
    try:
        found = ast.literal_eval(text.strip())  # JSON's lists and tables of strings are Python's, too
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ()
    if isinstance(found, dict):
        numbered = {int(key): name for key, name in found.items() if str(key).isdecimal() and len(str(key)) < 5}
        found = [numbered.get(number, "") for number in range(max(numbered, default=-1) + 1)]
    return tuple(map(str, found)) if isinstance(found, (list, tuple)) else ()


def _listed(path: Path) -> tuple[str, ...]:
    """Names of the first text file in the archive at the end of a TFLite file."""
    try:
        with zipfile.ZipFile(path) as archive:
            lists = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".txt")]
            if not lists or lists[0].file_size > LARGEST:
                return ()
            with archive.open(lists[0]) as file:
                return tuple(file.read(LARGEST).decode(errors="replace").splitlines())
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return ()
