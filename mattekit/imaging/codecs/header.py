"""Files before their pixels are decoded: reading bytes within limits; format, size, depth, profile, orientation."""

import io
import os
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from PIL import BmpImagePlugin, Image, JpegImagePlugin

from mattekit.errors import InputError
from mattekit.files import open_regular
from mattekit.formats import BY_NAME, format_of
from mattekit.imaging.codecs import Truncated, png_webp, tiff
from mattekit.imaging.codecs.silence import silent_libraries

PALETTE, CMYK = 3, 5  # a TIFF's photometric interpretations; CMYK is four colours and no alpha
PNG_CHANNELS = {0: 1, 2: 3, 3: 4, 4: 4, 6: 4}  # type of colour -> channels as decoded
STANDARD = Path("-")
MAX_MEGAPIXELS = 256.0
BYTES_PER_PIXEL = 4  # that a picture of the most pixels may take decoded (1 GB); deeper ones must be smaller
METADATA = 1 << 24  # bytes that a file may have besides its pixels
HEAD = 16  # bytes that tell the format
MODE_CHANNELS = {"1": 1, "L": 1, "RGBA": 4, "CMYK": 4}


@dataclass(frozen=True)
class Header:
    """Properties of one file.

    size: (height, width) as stored. pixel_bytes: of a decoded pixel. mode: Pillow's name of the channels (JPEG and
    BMP only). orientation: the EXIF value, 1 = upright. depth: "8", "16" or "float". lossy: compressed with loss.
    tags: of a TIFF. metadata: whether a PNG holds more than its pixels need. transparent_level: the one grey level of
    a PNG that is transparent. alpha: whether there is an alpha channel. curve: what values are, of `curves.CURVES`.
    """

    format: str
    size: tuple[int, int]
    pixel_bytes: int
    mode: str = ""
    orientation: int = 1
    icc: bytes | None = None
    depth: str = "8"
    lossy: bool = False
    tags: dict[tiff.Tag, Any] = field(default_factory=dict)
    metadata: bool = False
    transparent_level: int | None = None
    alpha: bool = False
    curve: str = "srgb"

    @property
    def associated(self) -> bool:
        """Whether colours are stored times alpha."""
        return self.tags.get(tiff.Tag.EXTRA_SAMPLES) == (tiff.PREMULTIPLIED,)

    @property
    def upright_size(self) -> tuple[int, int]:
        """(height, width) after the orientation is undone."""
        return self.size[::-1] if self.orientation >= 5 else self.size


def read_header(name: str, data: bytes) -> Header:
    """Read the header of an encoded image that needs no extra; `name` is used in messages.

    Raises
    ------
    InputError
        If the bytes are no image of a known format, or the file ends too early.
    """
    with silent_libraries():
        return parse_header(name, data)


def parse_header(name: str, data: bytes) -> Header:
    """Read a header as `read_header` does, where libraries are silent already: that costs as much as an icon."""
    if not data:
        raise InputError(f"{name}: an empty file, wanted an image. Check how it was made.")
    form = format_of(data)
    if form is None:
        raise InputError(f"{name}: not an image, or of another format; wanted {' '.join(BY_NAME)}. Convert it.")
    try:
        return READERS[form](data)
    except Truncated:
        raise InputError(f"{name}: the {form} file is truncated. Copy or download it again.") from None
    except MemoryError:
        raise
    except Exception:  # Pillow's readers raise errors of every kind on bytes that nobody has foreseen
        raise InputError(f"{name}: damaged or truncated {form} header. Copy or download the file again.") from None


def _png(data: bytes) -> Header:
    chunks = png_webp.png_chunks(data)
    width, height, bits, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    return Header(
        "PNG",
        (height, width),
        (4 if b"tRNS" in chunks else PNG_CHANNELS[colour]) * (2 if bits == 16 else 1),
        orientation=_orientation(chunks.get(b"eXIf")),
        icc=png_webp.png_profile(chunks),
        depth="16" if bits == 16 else "8",
        metadata=not chunks.keys() <= png_webp.ESSENTIAL,
        transparent_level=_transparent_level(chunks[b"tRNS"], bits) if colour == 0 and b"tRNS" in chunks else None,
        alpha=colour in (4, 6) or b"tRNS" in chunks,
    )


def _transparent_level(body: bytes, bits: int) -> int:
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
    chunks = png_webp.webp_chunks(data)
    return Header(
        "WEBP",
        png_webp.webp_size(chunks),
        4 if png_webp.webp_alpha(chunks) else 3,
        orientation=_orientation(chunks.get(b"EXIF")),
        icc=chunks.get(b"ICCP") or None,
        lossy=b"VP8L" not in chunks,
        alpha=png_webp.webp_alpha(chunks),
    )


def _tiff(data: bytes) -> Header:
    tags = tiff.read_tags(data)
    bits, kind, count = tiff.samples(tags)
    return Header(
        "TIFF",
        (tags[tiff.Tag.HEIGHT], tags[tiff.Tag.WIDTH]),
        max(1, bits // 8) * (4 if count == 2 or tags.get(tiff.Tag.PHOTOMETRIC) == PALETTE else count),
        orientation=tags[tiff.Tag.ORIENTATION] if tags.get(tiff.Tag.ORIENTATION) in range(1, 9) else 1,
        icc=tags.get(tiff.Tag.ICC_PROFILE) or None,
        depth="float" if kind == tiff.FLOAT and bits > 16 else "16" if bits == 16 else "8",
        lossy=tags.get(tiff.Tag.COMPRESSION) in (6, 7),
        tags=tags,
        alpha=count in (2, 4) and tags.get(tiff.Tag.PHOTOMETRIC) != CMYK,
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


def read_bytes(source: Path, max_megapixels: float = MAX_MEGAPIXELS) -> bytes:
    """Read an encoded picture from a regular file, or from standard input for Path("-").

    Of anything else than a picture only the start is returned, so that reading its header says what is wrong.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, it is no regular one, or it is larger than a picture of so many megapixels.
    """
    if Path(source) == STANDARD:
        return _read_stream(sys.stdin.buffer, max_megapixels)
    with open_regular(Path(source)) as file:
        if format_of(head := file.read(HEAD)) is None:
            return head
        _refuse_large_file(str(source), os.fstat(file.fileno()).st_size, max_megapixels)
        file.seek(0)
        return file.read()


def refuse_large(name: str, size: tuple[int, int], pixel_bytes: int, max_megapixels: float) -> None:
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


def _read_stream(stream: BinaryIO, max_megapixels: float) -> bytes:
    chunks, size = [], 0
    while chunk := stream.read(1 << 20):
        chunks.append(chunk)
        size += len(chunk)
        if format_of(chunks[0]) is None:
            break
        _refuse_large_file("standard input", size, max_megapixels)
    return b"".join(chunks)


def _refuse_large_file(name: str, size: int, max_megapixels: float) -> None:
    largest = max_megapixels * 1e6 * BYTES_PER_PIXEL + METADATA
    if size > largest:
        found = f"a file of more than {largest / 1e6:.0f} MB, too large for a picture"
        raise InputError(f"{name}: {found}. Make it smaller.", remedy="max-pixels")
