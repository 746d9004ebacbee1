"""What a file says about itself, read without decoding its pixels: format, size, depth, profile, orientation."""

import io
import struct
import warnings
from dataclasses import dataclass, field
from typing import Any

from PIL import BmpImagePlugin, Image, JpegImagePlugin

from mattekit.errors import InputError
from mattekit.imaging.codecs import chunks, tiff
from mattekit.imaging.codecs.chunks import Truncated

SIGNATURES = {
    chunks.PNG_SIGNATURE: "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",  # BigTIFF
    b"MM\0+": "TIFF",
    b"BM": "BMP",
    b"\x76\x2f\x31\x01": "EXR",
}
SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "TIFF": ".tif", "WEBP": ".webp", "BMP": ".bmp", "EXR": ".exr"}
CMYK = 5  # a TIFF's photometric interpretation: four colours and no alpha
DAMAGE = (SyntaxError, OSError, ValueError, KeyError, TypeError, IndexError, struct.error)


@dataclass(frozen=True)
class Header:
    """Facts of one file.

    size: (height, width) as stored. mode: Pillow's name of the channels (JPEG and BMP only). orientation: the EXIF
    value, 1 = upright. depth: "8", "16" or "float". lossy: compressed with loss. tags: TIFF number -> value.
    extras: whether a PNG holds more than its pixels need. clear: the one grey level of a PNG that is transparent.
    alpha: whether there is an alpha channel.
    """

    format: str
    size: tuple[int, int]
    mode: str = ""
    orientation: int = 1
    icc: bytes | None = None
    depth: str = "8"
    lossy: bool = False
    tags: dict[int, Any] = field(default_factory=dict)
    extras: bool = False
    clear: int | None = None
    alpha: bool = False

    @property
    def upright_size(self) -> tuple[int, int]:
        """(height, width) after the orientation is undone."""
        return self.size[::-1] if self.orientation >= 5 else self.size


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
        raise InputError(f"{name}: not an image, or of another format; wanted {' '.join(SUFFIXES)}. Convert it.")
    try:
        return READERS[form](data)
    except Truncated:
        raise InputError(f"{name}: the {form} file is truncated. Copy or download it again.") from None
    except DAMAGE:
        raise InputError(f"{name}: damaged or truncated {form} header. Copy or download the file again.") from None


def refuse_bomb(name: str, size: tuple[int, int], max_megapixels: float) -> None:
    """Raise InputError if a picture of (height, width) is larger than the limit."""
    height, width = size
    if height * width > max_megapixels * 1e6:
        found = f"{width}x{height} is {height * width / 1e6:.4g} megapixels"
        raise InputError(f"{name}: {found}, wanted at most {max_megapixels:g}. Raise the limit with --max-pixels.")


def _png(data: bytes) -> Header:
    found = chunks.png_chunks(data)
    width, height, bits, colour = struct.unpack_from(">IIBB", found[b"IHDR"])
    return Header(
        "PNG",
        (height, width),
        orientation=_orientation(found.get(b"eXIf")),
        icc=chunks.png_profile(found),
        depth="16" if bits == 16 else "8",
        extras=not found.keys() <= chunks.ESSENTIAL,
        clear=_clear_level(found[b"tRNS"], bits) if colour == 0 and b"tRNS" in found else None,
        alpha=colour in (4, 6) or b"tRNS" in found,
    )


def _clear_level(body: bytes, bits: int) -> int:
    (level,) = struct.unpack(">H", body)
    return level if bits == 16 else level * 255 // ((1 << bits) - 1)


def _jpeg(data: bytes) -> Header:
    # Inside the compressed scan 0xFF is always stuffed, so the last end-of-image mark is the picture's own
    # or belongs to data behind it; one in an EXIF thumbnail lies before the scan.
    if data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        raise Truncated
    return _from_pillow(JpegImagePlugin.JpegImageFile(io.BytesIO(data)), "JPEG", lossy=True)


def _bmp(data: bytes) -> Header:
    return _from_pillow(BmpImagePlugin.BmpImageFile(io.BytesIO(data)), "BMP", lossy=False)


def _from_pillow(image: Any, form: str, *, lossy: bool) -> Header:
    width, height = image.size
    orientation = _orientation(image.info.get("exif"))
    icc, alpha = image.info.get("icc_profile") or None, image.mode == "RGBA"
    return Header(form, (height, width), image.mode, orientation, icc, lossy=lossy, alpha=alpha)


def _webp(data: bytes) -> Header:
    found = chunks.webp_chunks(data)
    return Header(
        "WEBP",
        chunks.webp_size(found),
        orientation=_orientation(found.get(b"EXIF")),
        icc=found.get(b"ICCP") or None,
        lossy=b"VP8L" not in found,
        alpha=chunks.webp_alpha(found),
    )


def _tiff(data: bytes) -> Header:
    tags = tiff.read_tags(data)
    bits, kind, count = tiff.samples(tags)
    return Header(
        "TIFF",
        (int(tags[tiff.HEIGHT]), int(tags[tiff.WIDTH])),
        orientation=tags[tiff.ORIENTATION] if tags.get(tiff.ORIENTATION) in range(1, 9) else 1,
        icc=tags.get(tiff.PROFILE) or None,
        depth="float" if kind == tiff.FLOAT and bits > 16 else "16" if bits == 16 else "8",
        lossy=tags.get(tiff.COMPRESSION) in (6, 7),
        tags=tags,
        alpha=count in (2, 4) and tags.get(tiff.PHOTOMETRIC) != CMYK,
    )


READERS = {"PNG": _png, "JPEG": _jpeg, "WEBP": _webp, "BMP": _bmp, "TIFF": _tiff}


def _orientation(exif: bytes | None) -> int:
    if not exif:
        return 1
    tags = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tags.load(exif)
            value = tags.get(0x0112, 1)
    except DAMAGE:  # a camera's broken metadata must not stop the picture
        return 1
    return value if value in range(1, 9) else 1
