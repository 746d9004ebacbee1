"""Put a colour profile into an encoded PNG, JPEG, TIFF or WebP without touching its pixels.

OpenCV's own functions for metadata refuse profiles of more than 64 KB in JPEG and those that libpng finds odd in PNG.
"""

import struct
import zlib

from mattekit.imaging.codecs import tiff
from mattekit.imaging.codecs.png_webp import webp_chunks, webp_size

SPACES = {b"RGB ": "rgb", b"GRAY": "grey"}


def matches(icc: bytes | None, channels: int) -> bool:
    """Whether a profile describes pictures of so many channels (1 grey; 3, 4 RGB)."""
    return icc is not None and SPACES.get(icc[16:20]) == ("grey" if channels == 1 else "rgb")


def embed(data: bytes, suffix: str, icc: bytes) -> bytes:
    """Add a profile to an encoded picture; return formats that cannot carry one as they are."""
    return EMBEDDERS.get(suffix, lambda data, icc: data)(data, icc)


def _png(data: bytes, icc: bytes) -> bytes:
    body = b"iCCP" + b"ICC profile\0\0" + zlib.compress(icc)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]  # behind the signature and IHDR


def _jpeg(data: bytes, icc: bytes) -> bytes:
    size = 65533 - 14  # a segment's length counts itself, and the 14 bytes of mark and numbering
    parts = [icc[i : i + size] for i in range(0, len(icc), size)]
    segments = b"".join(
        struct.pack(">HH", 0xFFE2, len(part) + 16) + b"ICC_PROFILE\0" + bytes([i, len(parts)]) + part
        for i, part in enumerate(parts, 1)
    )
    start = 2
    if data[2:4] == b"\xff\xe0":  # JFIF must stay first
        start = 4 + struct.unpack_from(">H", data, 4)[0]
    return data[:start] + segments + data[start:]


def _tiff(data: bytes, icc: bytes) -> bytes:
    return tiff.set_tag(data, tiff.Tag.ICC_PROFILE, tiff.BYTES, icc)


def _webp(data: bytes, icc: bytes) -> bytes:
    chunks = webp_chunks(data)
    height, width = webp_size(chunks)
    flags = 0x20 | (chunks[b"VP8X"][0] if b"VP8X" in chunks else 0x10 * _lossless_alpha(chunks))
    start = struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    rest = {kind: body for kind, body in chunks.items() if kind not in (b"VP8X", b"ICCP")}
    parts = {b"VP8X": start, b"ICCP": icc, **rest}
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for kind, part in parts.items()
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _lossless_alpha(chunks: dict[bytes, bytes]) -> int:
    return struct.unpack_from("<I", chunks[b"VP8L"], 1)[0] >> 28 & 1 if b"VP8L" in chunks else 0


EMBEDDERS = {".png": _png, ".jpg": _jpeg, ".jpeg": _jpeg, ".tif": _tiff, ".tiff": _tiff, ".webp": _webp}
