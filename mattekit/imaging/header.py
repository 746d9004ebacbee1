"""What a file says about itself, read without decoding its pixels: format, size, colour profile, orientation."""

import io
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from PIL import BmpImagePlugin, Image, JpegImagePlugin, TiffImagePlugin, WebPImagePlugin

from mattekit.errors import InputError

SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",  # BigTIFF
    b"MM\0+": "TIFF",
    b"BM": "BMP",
    b"\x76\x2f\x31\x01": "EXR",
}
SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "TIFF": ".tif", "WEBP": ".webp", "BMP": ".bmp", "EXR": ".exr"}
LARGEST_PROFILE = 1 << 24  # bytes; a compressed profile must not be a bomb either


@dataclass(frozen=True)
class Header:
    """Facts of one file. `size` is (height, width) as stored; `orientation` the EXIF value, 1 = upright."""

    format: str
    size: tuple[int, int]
    mode: str = ""  # Pillow's name of the channels; empty for TIFF and PNG
    orientation: int = 1
    icc: bytes | None = None
    lossy: bool = False
    tags: dict[Any, Any] = field(default_factory=dict)  # TIFF: number -> value; PNG: name -> chunk


def format_of(data: bytes) -> str | None:
    """Name of the format by the first bytes: PNG, JPEG, TIFF, WEBP, BMP, EXR or None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for signature, name in SIGNATURES.items() if data.startswith(signature)), None)


def read_header(name: str, data: bytes) -> Header:
    """Header of an encoded image (not EXR); `name` is used in messages.

    Raises
    ------
    InputError
        If the bytes are no image of a known format, or the file ends too early.
    """
    if not data:
        raise InputError(f"{name}: an empty file, wanted an image. Check how it was made.")
    form = format_of(data)
    if form is None:
        raise InputError(f"{name}: not an image, or of an unknown format. Formats: PNG, JPEG, TIFF, WebP, BMP, EXR.")
    try:
        return READERS[form](data)
    except _Truncated:
        raise InputError(f"{name}: the file is truncated. Copy or download it again.") from None
    except (SyntaxError, OSError, ValueError, KeyError, TypeError, IndexError, struct.error, zlib.error) as error:
        raise InputError(f"{name}: a damaged {form} header ({error}). Copy or download the file again.") from None


class _Truncated(Exception):
    """The file ends before its own structure says."""


def _png(data: bytes) -> Header:
    chunks: dict[str, bytes] = {}
    at, kind = 8, b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise _Truncated
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind != b"IDAT":
            chunks.setdefault(kind.decode("latin-1"), data[at + 8 : at + 8 + length])
        at += 12 + length
    if at > len(data):
        raise _Truncated
    width, height = struct.unpack_from(">II", chunks["IHDR"])
    return Header("PNG", (height, width), "", _orientation(chunks.get("eXIf")), _png_profile(chunks), tags=chunks)


def _png_profile(chunks: dict[str, bytes]) -> bytes | None:
    if "iCCP" not in chunks:
        return None
    compressed = chunks["iCCP"].partition(b"\0")[2][1:]  # name, 0, method
    try:
        return zlib.decompressobj().decompress(compressed, LARGEST_PROFILE) or None
    except zlib.error:
        return None  # a broken profile does not make the pixels unreadable


def _jpeg(data: bytes) -> Header:
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    # Inside the compressed scan 0xFF is always stuffed, so the last end-of-image mark is the picture's own
    # or belongs to data behind it; one in an EXIF thumbnail lies before the scan.
    if data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        raise _Truncated
    return _from_pillow(image, "JPEG", lossy=True)


def _webp(data: bytes) -> Header:
    if len(data) < 8 + struct.unpack_from("<I", data, 4)[0]:
        raise _Truncated
    return _from_pillow(WebPImagePlugin.WebPImageFile(io.BytesIO(data)), "WEBP", lossy=b"VP8L" not in data[:4096])


def _bmp(data: bytes) -> Header:
    return _from_pillow(BmpImagePlugin.BmpImageFile(io.BytesIO(data)), "BMP")


def _from_pillow(image: Any, form: str, *, lossy: bool = False) -> Header:
    width, height = image.size
    orientation = _orientation(image.info.get("exif"))
    return Header(form, (height, width), image.mode, orientation, image.info.get("icc_profile") or None, lossy)


def _tiff(data: bytes) -> Header:
    # Pillow opens no colour TIFF of floats, but its directory reader reads every file's tags.
    start = 16 if data[2:4] in (b"+\0", b"\0+") else 8
    directory = TiffImagePlugin.ImageFileDirectory_v2(data[:start])
    if directory.next >= len(data):
        raise _Truncated
    stream = io.BytesIO(data)
    stream.seek(directory.next)
    directory.load(stream)
    tags = {tag: directory[tag] for tag in TAGS if tag in directory}
    for offsets, counts in ((273, 279), (324, 325)):
        ends = [o + c for o, c in zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False)]
        if ends and max(ends) > len(data):
            raise _Truncated
    size = int(tags[257]), int(tags[256])
    return Header("TIFF", size, "", int(tags.get(274, 1)), tags.get(34675) or None, tags.get(259) in (6, 7), tags)


# width, height, bits, compression, photometric, strips, orientation, samples, strip and tile sizes, planar,
# predictor, extra samples, sample format, profile
TAGS = (256, 257, 258, 259, 262, 273, 274, 277, 279, 284, 317, 324, 325, 338, 339, 34675)
READERS = {"PNG": _png, "JPEG": _jpeg, "WEBP": _webp, "BMP": _bmp, "TIFF": _tiff}


def _orientation(exif: bytes | None) -> int:
    if not exif:
        return 1
    tags = Image.Exif()
    try:
        tags.load(exif)
        value = tags.get(0x0112, 1)
    except Exception:  # a camera's broken metadata must not stop the picture
        return 1
    return value if value in range(1, 9) else 1
