"""Size and alpha channel of a file from its two ends: checking a large data set must not read all of it."""

from pathlib import Path
from typing import NamedTuple

from mattekit.errors import InputError
from mattekit.imaging.codecs import exr
from mattekit.imaging.codecs.header import format_of, read_header

HEAD, TAIL = 1 << 16, 1 << 10  # bytes; of most files all metadata, and the mark of the end
JPEG_END = b"\xff\xd9"
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


class Look(NamedTuple):
    """What a file is: (height, width) of its upright picture, and whether it has an alpha channel (an EXR may)."""

    size: tuple[int, int]
    alpha: bool


def peek(path: Path) -> Look:
    """Look at a file, at all of it only if its ends do not tell.

    Raises
    ------
    OSError
        If it cannot be read.
    InputError
        If it is unreadable, damaged or truncated, or not an image; pixels are not decoded.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(0, 2)
        if file.tell() > 2 * HEAD and format_of(head) in SHORT:
            file.seek(-TAIL, 2)
            try:
                return _look(str(path), SHORT[format_of(head)](head, file.read()))
            except InputError:
                pass  # perhaps of an unusual order: the whole file decides
        file.seek(0)
        return _look(str(path), file.read())


def _look(name: str, data: bytes) -> Look:
    if format_of(data) == "EXR":
        return Look(exr.read_size(name, data), True)
    header = read_header(name, data)
    return Look(header.upright_size, header.alpha)


def _short_png(head: bytes, tail: bytes) -> bytes:
    """A PNG of the chunks before its pixels, with its end if it has one."""
    start = head.find(b"IDAT") - 4
    return head[: max(0, start)] + (PNG_END if PNG_END in tail else b"")


def _short_jpeg(head: bytes, tail: bytes) -> bytes:
    """What is before a JPEG's pixels, with the mark of the end if it has one."""
    return head + (JPEG_END if JPEG_END in tail else b"")


SHORT = {"PNG": _short_png, "JPEG": _short_jpeg}
