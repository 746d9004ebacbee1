"""TIFF directories: reading and setting tags, and showing OpenCV the kinds of samples that it cannot read itself."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np

from mattekit.imaging.codecs.chunks import Truncated

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIPS, ORIENTATION = 256, 257, 258, 259, 262, 273, 274
SAMPLES, STRIP_SIZES, PLANES, PREDICTOR, TILE_WIDTH, TILES, TILE_SIZES = 277, 279, 284, 317, 322, 324, 325
EXTRA, KIND, PROFILE = 338, 339, 34675
TAGS = (WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIPS, ORIENTATION, SAMPLES, STRIP_SIZES, PLANES)
TAGS += (PREDICTOR, TILE_WIDTH, TILES, TILE_SIZES, EXTRA, KIND, PROFILE)
MANY = (BITS, EXTRA, KIND)  # a value for each channel
MOST_CHANNELS = 65535
SHORT, LONG, BYTES = 3, 4, 7  # types of values
CODES = {1: "B", SHORT: "H", LONG: "I", 13: "I", 16: "Q"}  # types of whole numbers as NumPy and struct name them
PREDICTED = (5, 8, 32946)  # compressions that use PREDICTOR: LZW and Deflate
PREMULTIPLIED, STRAIGHT = 1, 2  # values of EXTRA
UNSIGNED, SIGNED, FLOAT = 1, 2, 3  # values of KIND
NAMES = {UNSIGNED: "unsigned", SIGNED: "signed", FLOAT: "float"}


def read_tags(data: bytes) -> dict[int, Any]:
    """Tags of the first picture that matter here: whole numbers, tuples of them for `MANY`, bytes for the profile.

    Raises
    ------
    Truncated
        If the directory, a value or the pixels reach beyond the file.
    ValueError
        If a value is no whole number, or a side is 0.
    """
    tags, extents = {}, {}
    try:
        for tag, kind, count, start in _entries(data):
            if tag in (STRIPS, STRIP_SIZES, TILES, TILE_SIZES):
                extents[tag] = np.frombuffer(data, _whole_numbers(data, kind), count, start).astype(np.uint64)
            elif tag == PROFILE:
                tags[tag] = bytes(data[start : start + count])
            else:
                values = np.frombuffer(data, _whole_numbers(data, kind), min(count, MOST_CHANNELS), start).tolist()
                tags[tag] = tuple(values) if tag in MANY else values[0]
    except struct.error:
        raise Truncated from None
    for starts, sizes in ((STRIPS, STRIP_SIZES), (TILES, TILE_SIZES)):
        _require_inside(len(data), extents.get(starts, ()), extents.get(sizes, ()))
    if not (tags[WIDTH] and tags[HEIGHT]):
        raise ValueError("a side of 0 pixels")
    return tags


def _entries(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """(tag, type, number of values, where they start) of the entries of the first directory that matter here."""
    order, big = _order(data), b"+" in data[2:4]
    offset, layout, inline, first = ("Q", "HHQ", 8, 8) if big else ("I", "HHI", 4, 2)
    (start,) = struct.unpack_from(order + offset, data, 8 if big else 4)
    (number,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
    step = struct.calcsize(order + layout) + inline
    for at in range(start + first, start + first + number * step, step):
        tag, kind, count = struct.unpack_from(order + layout, data, at)
        if tag not in TAGS or not count:
            continue
        place = at + step - inline
        size = count * struct.calcsize(CODES.get(kind, "B"))
        if size > inline:
            (place,) = struct.unpack_from(order + offset, data, place)
        if place + size > len(data):
            raise Truncated
        yield tag, kind, count, place


def _order(data: bytes) -> str:
    return "<" if data[:2] == b"II" else ">"


def _whole_numbers(data: bytes, kind: int) -> str:
    """Byte order and code of a type of whole numbers, as `struct` and NumPy name them."""
    if kind not in CODES:
        raise ValueError(f"type {kind}, wanted whole numbers")
    return _order(data) + CODES[kind]


def _require_inside(length: int, starts: Sequence[int], sizes: Sequence[int]) -> None:
    """Raise Truncated if a strip or tile ends beyond the file."""
    count = min(len(starts), len(sizes))
    starts, sizes = np.asarray(starts[:count]), np.asarray(sizes[:count])
    if ((starts > length) | (sizes > length) | (starts + sizes > length)).any():  # first alone, as sums may overflow
        raise Truncated


def samples(tags: dict[int, Any]) -> tuple[int, int, int]:
    """Bits and kind (UNSIGNED, FLOAT, ...) of a sample, and samples of a pixel."""
    return max(tags.get(BITS, (1,))), tags.get(KIND, (UNSIGNED,))[0], tags.get(SAMPLES, 1)


def unsupported(data: bytes, tags: dict[int, Any]) -> str | None:
    """What makes a TIFF of more than 8 bits one that cannot be read, None if nothing does."""
    bits, kind, count = samples(tags)
    if bits <= 8:
        return None
    name = f"{bits}-bit {NAMES.get(kind, 'integer')} samples"
    if (kind, bits) not in ((UNSIGNED, 16), (FLOAT, 16), (FLOAT, 32), (FLOAT, 64)):
        return name
    if tags.get(PLANES) == 2 and count > 1:
        return f"{name} in separate planes"
    if count > 4 or tags.get(PHOTOMETRIC) not in (0, 1, 2):
        return f"{count} channels of {name} (photometric {tags.get(PHOTOMETRIC)})"
    if disguised(tags) and (tags.get(PREDICTOR) == 3 or b"+" in data[2:4]):
        return f"{count} channels of {name} in a BigTIFF or with the float predictor"
    return None


def disguised(tags: dict[int, Any]) -> bool:
    """Whether the samples have to be decoded as one grey plane: two channels, or half floats."""
    bits, kind, count = samples(tags)
    return count == 2 or (kind == FLOAT and bits == 16)


def decode(data: bytes, tags: dict[int, Any]) -> np.ndarray | None:
    """Pixels of more than 8 bits, upright in OpenCV's order of channels, or, if `disguised`, as they are stored."""
    if not disguised(tags):
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    # OpenCV cuts two channels to one of 8 bits and knows no half floats: decode all samples as one wide grey plane.
    bits, kind, count = samples(tags)
    disguise = [(WIDTH, LONG, tags[WIDTH] * count), (BITS, SHORT, bits), (SAMPLES, SHORT, 1), (PHOTOMETRIC, SHORT, 1)]
    disguise += [(KIND, SHORT, UNSIGNED if bits == 16 else kind), (ORIENTATION, SHORT, 1)]
    disguise += [(TILE_WIDTH, LONG, tags[TILE_WIDTH] * count)] if TILE_WIDTH in tags else []
    for tag, size, value in disguise:
        data = set_tag(data, tag, size, value)
    plane = cv2.imdecode(np.frombuffer(set_tag(data, EXTRA, SHORT, None), np.uint8), cv2.IMREAD_UNCHANGED)
    if plane is None:
        return None
    pixels = plane.reshape(plane.shape[0], -1, count)
    if tags.get(PREDICTOR) == 2 and count > 1 and tags.get(COMPRESSION) in PREDICTED:
        # Neighbours of different channels were summed.
        differences = np.diff(plane, axis=1, prepend=plane.dtype.type(0)).reshape(pixels.shape)
        pixels = np.cumsum(differences, axis=1, dtype=plane.dtype)
    if kind == FLOAT and bits == 16:
        pixels = pixels.view(np.float16).astype(np.float32)
    return pixels[..., 0] if count == 1 else pixels


def set_tag(data: bytes, tag: int, kind: int, value: int | bytes | None) -> bytes:
    """Append a copy of the first directory with a tag set (None: removed) and let the header point at it.

    `kind` is the type of the value: SHORT, LONG or BYTES.
    """
    order = _order(data)
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    end = start + 2 + 12 * count
    entries = [data[i : i + 12] for i in range(start + 2, end, 12)]
    entries = [entry for entry in entries if struct.unpack_from(order + "H", entry)[0] != tag]
    rest = data[8:] + b"\0" * (len(data) % 2)
    if value is not None:
        if isinstance(value, int):
            value = struct.pack(order + {SHORT: "H", LONG: "I"}[kind], value)
        number = len(value) // {SHORT: 2, LONG: 4, BYTES: 1}[kind]
        place = value.ljust(4, b"\0")
        if len(value) > 4:
            place = struct.pack(order + "I", 8 + len(rest))
            rest += value + b"\0" * (len(value) % 2)
        entries.append(struct.pack(order + "HHI", tag, kind, number) + place)
    entries.sort(key=lambda entry: struct.unpack_from(order + "H", entry))
    directory = struct.pack(order + "H", len(entries)) + b"".join(entries) + data[end : end + 4]
    return data[:4] + struct.pack(order + "I", 8 + len(rest)) + rest + directory
