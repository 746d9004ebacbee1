"""Files on disk: read only if they are regular and small enough; written whole or not at all."""

import errno
import functools
import hashlib
import os
import platform
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from mattekit.errors import InputError, MissingFileError

ONE_DAY = 24 * 60 * 60
LONGEST_NAME = 255  # bytes of a file's name on every common file system


def missing(path: Path, wanted: str = "file") -> MissingFileError:
    """Return the error for a path that does not exist; its message names the path beside it that is most like it."""
    found = "a link to a file that does not exist" if path.is_symlink() else f"no such {wanted}"
    nearest = "" if "\0" in str(path) else _nearest(path)
    return MissingFileError(f"{path}: {found}. Check the path.{f' Nearest: {nearest}.' if nearest else ''}")


def _nearest(path: Path) -> Path | None:
    """Return what is most like the first part of a path that is missing: another extension before another name."""
    while path != path.parent and not os.path.lexists(path.parent):
        path = path.parent
    try:
        names = [entry.name for entry in islice(os.scandir(path.parent), 10_000) if entry.name != path.name]
    except OSError:
        return None
    same_stem = sorted(name for name in names if os.path.splitext(name)[0] == path.stem)
    near = same_stem or get_close_matches(path.name, names, 1, 0.75)
    return path.parent / near[0] if near else None


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading: a named pipe would wait for its writer, and a device has no end.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, it is no regular one, or it must not be read.
    """
    try:
        # Without blocking, a named pipe opens at once and can be told from a file that replaced it meanwhile.
        file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0)))
    except FileNotFoundError:
        raise missing(path) from None
    except IsADirectoryError:
        raise InputError(f"{path}: a folder, wanted a file.") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Check the path and its permissions.") from None
    with file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            pipe = stat.S_ISFIFO(mode)
            found, advice = (
                ("a pipe", "Pass it as standard input, -") if pipe else ("a device or socket", "Name a file")
            )
            raise InputError(f"{path}: {found}, wanted a regular file. {advice}.")
        yield file


def read_text(path: Path, largest: int) -> str:
    """Read a UTF-8 text file of at most `largest` bytes; raises as `open_regular`, and InputError if it is none."""
    with open_regular(path) as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise InputError(f"{path}: more than {largest / 1e6:g} MB, wanted a text file of at most that. Check the path.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: byte {error.start} is not UTF-8 text. Check the path, or save it as UTF-8."
        ) from None


def resolved(path: Path) -> Path:
    """Absolute path with symbolic links followed; unlike `Path.resolve` without an error for links in a circle."""
    return Path(os.path.realpath(path))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` when the block ends well, remove it otherwise.

    The temporary file is hidden and carries the numbers of its process and computer, so that one left by a killed
    process is recognised: the first write of a process into a folder removes those. A device or a pipe is given
    itself: it is written to and must not be replaced by a file.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        with naming(path):
            yield path
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep_once(resolved(path.parent))  # listing a large folder for every file would cost more than writing it
    part = path.with_name(part_name(path.name))
    try:
        with naming(path):
            yield part
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let errors of the system in the block name `path`: a full disk names no file, and a temporary one says little."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and (error.filename is None or str(error.filename).endswith(".part")):
            error.filename, error.filename2 = str(path), None
        raise
    except Exception as error:  # libraries in Rust tell of the system in words: "... File too large (os error 27)"
        if number := re.search(r"\(os error (\d+)\)", str(error)):
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
        raise


def sweep(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder."""
    for part in folder.glob(".*.part"):
        if abandoned(part):
            part.unlink(missing_ok=True)


_sweep_once = functools.cache(sweep)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` through a temporary file."""
    with replacing(path) as part:
        part.write_bytes(data)


def state(path: Path) -> tuple[str, int, int]:
    """Path, time of the last change and size of a file: equal only for the same file, unchanged."""
    status = path.stat()
    return str(resolved(path)), status.st_mtime_ns, status.st_size


def require_writable(folder: Path) -> None:
    """Raise OSError if no file can be written into a folder, or it cannot be made; nothing is changed."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(existing))
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(existing))


def refuse_overwriting(output: Path, inputs: Iterable[Path]) -> None:
    """Raise InputError if writing `output` would replace one of the files in `inputs`; "-" is stdout, no file."""
    if str(output) == "-":
        return
    for source in inputs:
        if output == source or (output.exists() and source.exists() and output.samefile(source)):
            raise InputError(f"{output}: the output is also an input.", remedy="output")


def part_name(name: str) -> str:
    """Name of the temporary file of a file; a name without room for the ending gives way to its hash."""
    ending = f".{os.getpid()}@{_computer()}.part"
    raw = os.fsencode(name)
    return f".{name if len(raw) + len(ending) < LONGEST_NAME else hashlib.sha256(raw).hexdigest()[:32]}{ending}"


@functools.cache
def _computer() -> str:
    return "".join(c if c.isalnum() else "-" for c in platform.node())


def abandoned(part: Path) -> bool:
    """Whether a temporary file or folder is of a process that has ended."""
    number, _, computer = part.name.split(".")[-2].partition("@")
    if not number.isdigit():
        return False
    if computer and computer != _computer():  # a folder shared over the network: its process may well be alive
        return time.time() - part.stat().st_mtime > ONE_DAY
    if os.name != "posix":  # elsewhere os.kill(pid, 0) is not a question
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return int(number) == os.getpid()  # an earlier process of this number; our own files come after the sweep
