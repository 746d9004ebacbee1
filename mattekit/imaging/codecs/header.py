"""Headers: format, size, depth, profile and orientation of a file, read without decoding its pixels."""

import io
import struct
from dataclasses import dataclass, field
from typing import Any

from PIL import BmpImagePlugin, Image, JpegImagePlugin

from mattekit.errors import InputError
from mattekit.imaging.codecs import chunks, tiff
from mattekit.imaging.codecs.chunks import Truncated
from mattekit.imaging.codecs.silence import silent_libraries

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
PALETTE, CMYK = 3, 5  # a TIFF's photometric interpretations; CMYK is four colours and no alpha
PNG_CHANNELS = {0: 1, 2: 3, 3: 4, 4: 4, 6: 4}  # type of colour -> channels as decoded
MODE_CHANNELS = {"1": 1, "L": 1, "RGBA": 4, "CMYK": 4}
BYTES_PER_PIXEL = 4  # that a picture of the most pixels may take decoded; deeper ones must be smaller
METADATA = 1 << 24  # bytes that a file may have besides its pixels


@dataclass(frozen=True)
class Header:
    """Facts of one file.

    size: (height, width) as stored. pixel_bytes: of a decoded pixel. mode: Pillow's name of the channels (JPEG and
    BMP only). orientation: the EXIF value, 1 = upright. depth: "8", "16" or "float". lossy: compressed with loss.
    tags: TIFF number -> value. extras: whether a PNG holds more than its pixels need. clear: the one grey level of a
    PNG that is transparent. alpha: whether there is an alpha channel.
    """

    format: str
    size: tuple[int, int]
    pixel_bytes: int
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
        with silent_libraries():
            return READERS[form](data)
    except Truncated:
        raise InputError(f"{name}: the {form} file is truncated. Copy or download it again.") from None
    except MemoryError:
        raise
    except Exception:  # Pillow's readers raise errors of every kind on bytes that nobody has foreseen
        raise InputError(f"{name}: damaged or truncated {form} header. Copy or download the file again.") from None


def refuse_bomb(name: str, size: tuple[int, int], pixel_bytes: int, max_megapixels: float) -> None:
    """Raise InputError if a picture of (height, width) has too many pixels, or takes too much memory decoded."""
    height, width = size
    megapixels, megabytes = height * width / 1e6, height * width * pixel_bytes / 1e6
    if megapixels > max_megapixels:
        found, most = f"{width}x{height} is {megapixels:.4g} megapixels", f"{max_megapixels:g}"
    elif megabytes > max_megapixels * BYTES_PER_PIXEL:
        found = f"{width}x{height} pixels of {pixel_bytes} bytes are {megabytes:.4g} MB"
        most = f"{max_megapixels * BYTES_PER_PIXEL:g} MB"
    else:
        return
    raise InputError(f"{name}: {found}, wanted at most {most}. Make it smaller.", remedy="max-pixels")


def largest_file(max_megapixels: float) -> float:
    """Bytes of the largest file of a picture: as it is in memory, and metadata."""
    return max_megapixels * 1e6 * BYTES_PER_PIXEL + METADATA


def _png(data: bytes) -> Header:
    found = chunks.png_chunks(data)
    width, height, bits, colour = struct.unpack_from(">IIBB", found[b"IHDR"])
    return Header(
        "PNG",
        (height, width),
        (4 if b"tRNS" in found else PNG_CHANNELS[colour]) * (2 if bits == 16 else 1),
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
    channels = MODE_CHANNELS.get(image.mode, 3)
    return Header(form, (height, width), channels, image.mode, orientation, icc, lossy=lossy, alpha=alpha)


def _webp(data: bytes) -> Header:
    found = chunks.webp_chunks(data)
    return Header(
        "WEBP",
        chunks.webp_size(found),
        4 if chunks.webp_alpha(found) else 3,
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
        (tags[tiff.HEIGHT], tags[tiff.WIDTH]),
        max(1, bits // 8) * (4 if count == 2 or tags.get(tiff.PHOTOMETRIC) == PALETTE else count),
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
        tags.load(exif)
        value = tags.get(0x0112, 1)
    except Exception:  # a camera's broken metadata must not stop the picture
        return 1
    return value if value in range(1, 9) else 1
