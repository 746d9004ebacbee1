"""Size and alpha channel of a file, read from its two ends: checking a large data set must not read all of it."""

from pathlib import Path
from typing import NamedTuple

from mattekit.errors import InputError
from mattekit.files import open_regular
from mattekit.formats import BY_NAME, VFX, format_of
from mattekit.imaging.codecs import exr, openimageio
from mattekit.imaging.codecs.header import read_bytes, read_header

HEAD, TAIL = 1 << 16, 1 << 10  # bytes; of most files all metadata, and the mark of the end
JPEG_END = b"\xff\xd9"
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


class Probe(NamedTuple):
    """(height, width) of the upright picture of a file, and whether it has an alpha channel (EXR and JPEG XL may)."""

    size: tuple[int, int]
    alpha: bool


def probe(path: Path) -> Probe:
    """Probe a file by its two ends, and by all of it only if they do not tell.

    Raises
    ------
    MissingFileError, InputError
        If it is missing, unreadable, damaged or truncated, or not an image; pixels are not decoded.
    """
    with open_regular(path) as file:
        head = file.read(HEAD)
        file.seek(0, 2)
        if file.tell() > 2 * HEAD and format_of(head) in SHORT:
            file.seek(-TAIL, 2)
            try:
                return probe_bytes(str(path), SHORT[format_of(head)](head, file.read()))
            except InputError:
                pass  # perhaps of an unusual order: the whole file decides
    return probe_bytes(str(path), read_bytes(path))


def probe_bytes(name: str, data: bytes) -> Probe:
    """Probe the bytes of a file, called `name` in messages; raises as `probe`, and MissingExtraError."""
    form = format_of(data)
    if form == "EXR":
        return Probe(exr.read_size(name, data), True)
    vfx = form and BY_NAME[form].extra == VFX
    header = openimageio.read_header(name, form, data) if vfx else read_header(name, data)
    return Probe(header.upright_size, header.alpha)


def _short_png(head: bytes, tail: bytes) -> bytes:
    """Make a PNG of the chunks before its pixels, with its end if it has one."""
    start = head.find(b"IDAT") - 4
    return head[: max(0, start)] + (PNG_END if PNG_END in tail else b"")


def _short_jpeg(head: bytes, tail: bytes) -> bytes:
    """Start of a JPEG, which has its headers, with the mark of the end if it has one."""
    return head + (JPEG_END if JPEG_END in tail else b"")


SHORT = {"PNG": _short_png, "JPEG": _short_jpeg}
