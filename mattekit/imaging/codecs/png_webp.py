"""Chunks of PNG and WebP files: their size, profile and orientation, and whether the file is complete."""

import struct
import zlib

from mattekit.imaging.codecs import Truncated

LARGEST_PROFILE = 1 << 24  # bytes; a compressed profile must not be a bomb either
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ESSENTIAL = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}  # what the pixels depend on


def png_spans(data: bytes) -> list[tuple[bytes, int, int]]:
    """(kind, start, end) of every PNG chunk up to IEND, length field and checksum included."""
    spans, at, kind = [], len(PNG_SIGNATURE), b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise Truncated
        length, kind = struct.unpack_from(">I4s", data, at)
        spans.append((kind, at, at + 12 + length))
        at += 12 + length
    if at > len(data):
        raise Truncated
    return spans


def png_chunks(data: bytes) -> dict[bytes, bytes]:
    """First body of each kind of chunk, without the pixels."""
    bodies: dict[bytes, bytes] = {}
    for kind, start, end in png_spans(data):
        if kind != b"IDAT":
            bodies.setdefault(kind, data[start + 8 : end - 4])
    return bodies


def without_metadata(data: bytes) -> bytes:
    """Remove the chunks that the pixels of a PNG do not need: libpng refuses pictures for their odd profiles."""
    return PNG_SIGNATURE + b"".join(data[start:end] for kind, start, end in png_spans(data) if kind in ESSENTIAL)


def png_profile(chunks: dict[bytes, bytes]) -> bytes | None:
    """Colour profile of a PNG; a broken one counts as none."""
    compressed = chunks.get(b"iCCP", b"").partition(b"\0")[2][1:]  # name, 0, method, data
    try:
        return zlib.decompressobj().decompress(compressed, LARGEST_PROFILE) or None
    except zlib.error:
        return None


def webp_chunks(data: bytes) -> dict[bytes, bytes]:
    """First body of each kind of chunk of a WebP file."""
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise Truncated
    bodies, at = {}, 12
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > end:
            raise Truncated
        bodies.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2
    return bodies


def webp_size(chunks: dict[bytes, bytes]) -> tuple[int, int]:
    """(height, width) of a WebP picture."""
    if b"VP8X" in chunks:
        body = chunks[b"VP8X"]
        return int.from_bytes(body[7:10], "little") + 1, int.from_bytes(body[4:7], "little") + 1
    if b"VP8L" in chunks:
        (bits,) = struct.unpack_from("<I", chunks[b"VP8L"], 1)
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", chunks[b"VP8 "], 6)
    return height & 0x3FFF, width & 0x3FFF


def webp_alpha(chunks: dict[bytes, bytes]) -> bool:
    """Whether a WebP picture has an alpha channel."""
    if b"VP8L" in chunks:
        (bits,) = struct.unpack_from("<I", chunks[b"VP8L"], 1)
        return bool(bits >> 28 & 1)
    return b"ALPH" in chunks
