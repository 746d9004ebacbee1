"""Attributes of EXR files as bytes: the package reads all kinds but does not write them, rational numbers for one.

Layout of "OpenEXR File Layout": magic number, version, headers of attributes, tables of the places of chunks, chunks.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LONG_NAMES, SEVERAL_PARTS = 0x400, 0x1000  # flags of the version
LONGEST = 31  # bytes of a name without the flag
# Attributes of how pixels are stored, or of a picture that is not the one made from it.
STRUCTURE = frozenset(
    b"channels chunkCount compression dataWindow displayWindow dwaCompressionLevel lineOrder maxSamplesPerPixel "
    b"multiView name preview tiles type version zipCompressionLevel".split()
)


class Attribute(NamedTuple):
    """Name, type and value of one attribute."""

    name: bytes
    kind: bytes
    value: bytes

    def encoded(self) -> bytes:
        """Return its bytes in a header."""
        return self.name + b"\0" + self.kind + b"\0" + struct.pack("<i", len(self.value)) + self.value


def read(data: bytes) -> list[list[Attribute]]:
    """Return the attributes of each part of a file that is known to be whole."""
    return _headers(data)[0]


def carried(attributes: Sequence[Attribute]) -> list[Attribute]:
    """Return those that say nothing of how pixels are stored."""
    return [one for one in attributes if one.name not in STRUCTURE]


def replace(data: bytes, parts: Sequence[Sequence[Attribute]]) -> bytes:
    """Put attributes into the headers of a file as the package writes it, in place of those of the same names.

    Chunks are in the order of their tables, as in files whose lines go from top to bottom.
    """
    headers, end = _headers(data)
    (version,) = struct.unpack_from("<I", data, 4)
    several, made = version & SEVERAL_PARTS, b""
    for own, new in zip(headers, parts, strict=True):
        names = {one.name for one in new}
        kept = [one for one in own if one.name not in names] + list(new)
        version |= LONG_NAMES * any(len(text) > LONGEST for one in kept for text in one[:2])
        made += b"".join(one.encoded() for one in kept) + b"\0"
    made += b"\0" if several else b""
    shift = 8 + len(made) - end
    (first,) = struct.unpack_from("<Q", data, end)  # the first chunk, where tables end
    table = np.frombuffer(data, "<u8", (first - end) // 8, end) + np.uint64(shift % 2**64)
    return data[:4] + struct.pack("<I", version) + made + table.astype("<u8").tobytes() + data[first:]


def _headers(data: bytes) -> tuple[list[list[Attribute]], int]:
    """Return the attributes of each part, and where the headers end."""
    (version,) = struct.unpack_from("<I", data, 4)
    parts, at = [], 8
    while not parts or (version & SEVERAL_PARTS and data[at]):
        attributes = []
        while data[at]:
            name, at = _text(data, at)
            kind, at = _text(data, at)
            (size,) = struct.unpack_from("<i", data, at)
            attributes.append(Attribute(name, kind, data[at + 4 : at + 4 + size]))
            at += 4 + size
        parts.append(attributes)
        at += 1
    return parts, at + bool(version & SEVERAL_PARTS)


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    end = data.index(b"\0", at)
    return data[at:end], end + 1
