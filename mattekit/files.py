"""Writing files so that a reader sees the old file or the whole new one, whatever happens in between."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mattekit.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` when the block ends well, remove it otherwise.

    The temporary file is hidden and carries the process number, so that one left by a killed process is
    recognised, and removed by the next write of the same file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent, path.name)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def sweep(folder: Path, name: str | None = None) -> None:
    """Remove the temporary files that killed processes left in a folder, or only those of one file."""
    for left in folder.glob(f".{_escaped(name) if name else '*'}.*.part"):
        if _abandoned(left):
            left.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` through a temporary file."""
    with replacing(path) as part:
        part.write_bytes(data)


def refuse_overwriting(output: Path, inputs: Iterable[Path]) -> None:
    """Raise InputError if writing `output` would replace one of the files in `inputs`; "-" is stdout, no file."""
    if str(output) == "-":
        return
    for source in inputs:
        if output == source or (output.exists() and source.exists() and output.samefile(source)):
            raise InputError(f"{output}: the output is also an input. Name another output with -o.")


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _abandoned(part: Path) -> bool:
    number = part.name.split(".")[-2]
    if os.name != "posix" or not number.isdigit():  # elsewhere os.kill(pid, 0) is not a question
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return int(number) == os.getpid()
