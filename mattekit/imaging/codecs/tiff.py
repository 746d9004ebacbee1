"""TIFF directories: reading and setting tags, and showing OpenCV the kinds of samples that it cannot read itself."""

import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any

import cv2
import numpy as np

from mattekit.imaging.codecs import Truncated


class Tag(IntEnum):
    """The tags that matter here, by the names of the TIFF 6.0 standard."""

    WIDTH = 256
    HEIGHT = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES_PER_PIXEL = 277
    STRIP_BYTE_COUNTS = 279
    PLANAR_CONFIGURATION = 284
    PREDICTOR = 317
    TILE_WIDTH = 322
    TILE_OFFSETS = 324
    TILE_BYTE_COUNTS = 325
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    ICC_PROFILE = 34675


TAGS = frozenset(Tag)
MANY = (Tag.BITS_PER_SAMPLE, Tag.EXTRA_SAMPLES, Tag.SAMPLE_FORMAT)  # a value for each channel
MOST_CHANNELS = MOST_ENTRIES = 65535
SHORT, LONG, BYTES = 3, 4, 7  # types of values
CODES = {1: "B", SHORT: "H", LONG: "I", 13: "I", 16: "Q"}  # types of whole numbers as NumPy and struct name them
PREDICTED = (5, 8, 32946)  # compressions that use Tag.PREDICTOR: LZW and Deflate
PREMULTIPLIED, STRAIGHT = 1, 2  # values of Tag.EXTRA_SAMPLES
UNSIGNED, SIGNED, FLOAT = 1, 2, 3  # values of Tag.SAMPLE_FORMAT
NAMES = {UNSIGNED: "unsigned", SIGNED: "signed", FLOAT: "float"}


def read_tags(data: bytes) -> dict[Tag, Any]:
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
            if tag in (Tag.STRIP_OFFSETS, Tag.STRIP_BYTE_COUNTS, Tag.TILE_OFFSETS, Tag.TILE_BYTE_COUNTS):
                extents[tag] = np.frombuffer(data, _whole_numbers(data, kind), count, start).astype(np.uint64)
            elif tag == Tag.ICC_PROFILE:
                tags[tag] = bytes(data[start : start + count])
            else:
                values = np.frombuffer(data, _whole_numbers(data, kind), min(count, MOST_CHANNELS), start).tolist()
                tags[tag] = tuple(values) if tag in MANY else values[0]
    except struct.error:
        raise Truncated from None
    for starts, sizes in ((Tag.STRIP_OFFSETS, Tag.STRIP_BYTE_COUNTS), (Tag.TILE_OFFSETS, Tag.TILE_BYTE_COUNTS)):
        _require_inside(len(data), extents.get(starts, ()), extents.get(sizes, ()))
    if not (tags[Tag.WIDTH] and tags[Tag.HEIGHT]):
        raise ValueError("a side of 0 pixels")
    return tags


def _entries(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """(tag, type, number of values, where they start) of the entries of the first directory that matter here."""
    order, big = _order(data), b"+" in data[2:4]
    offset, layout, inline, first = ("Q", "HHQ", 8, 8) if big else ("I", "HHI", 4, 2)
    (start,) = struct.unpack_from(order + offset, data, 8 if big else 4)
    (number,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
    step = struct.calcsize(order + layout) + inline
    for at in range(start + first, start + first + min(number, MOST_ENTRIES) * step, step):
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


def samples(tags: dict[Tag, Any]) -> tuple[int, int, int]:
    """Bits and kind (UNSIGNED, FLOAT, ...) of a sample, and samples of a pixel."""
    return (
        max(tags.get(Tag.BITS_PER_SAMPLE, (1,))),
        tags.get(Tag.SAMPLE_FORMAT, (UNSIGNED,))[0],
        tags.get(Tag.SAMPLES_PER_PIXEL, 1),
    )


def unsupported(data: bytes, tags: dict[Tag, Any]) -> str | None:
    """Name what keeps a TIFF of more than 8 bits from being read; None if nothing does."""
    bits, kind, count = samples(tags)
    if bits <= 8:
        return None
    name = f"{bits}-bit {NAMES.get(kind, 'integer')} samples"
    if (kind, bits) not in ((UNSIGNED, 16), (FLOAT, 16), (FLOAT, 32), (FLOAT, 64)):
        return name
    if tags.get(Tag.PLANAR_CONFIGURATION) == 2 and count > 1:
        return f"{name} in separate planes"
    if count > 4 or tags.get(Tag.PHOTOMETRIC) not in (0, 1, 2):
        return f"{count} channels of {name} (photometric {tags.get(Tag.PHOTOMETRIC)})"
    if needs_grey_plane(tags) and (tags.get(Tag.PREDICTOR) == 3 or b"+" in data[2:4]):
        return f"{count} channels of {name} in a BigTIFF or with the float predictor"
    return None


def needs_grey_plane(tags: dict[Tag, Any]) -> bool:
    """Whether OpenCV must be shown the samples as one grey plane: it cuts two channels, and knows no half floats."""
    bits, kind, count = samples(tags)
    return count == 2 or (kind == FLOAT and bits == 16)


def decode(data: bytes, tags: dict[Tag, Any]) -> np.ndarray | None:
    """Pixels of more than 8 bits, upright in OpenCV's order of channels; as stored where `needs_grey_plane`."""
    if not needs_grey_plane(tags):
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    # tifffile would read these, but LZW only with imagecodecs (26 MB): a second reader in place of twenty lines.
    bits, kind, count = samples(tags)
    plane = _decode_grey(data, tags, bits, kind, count)
    if plane is None:
        return None
    pixels = plane.reshape(plane.shape[0], -1, count)
    if tags.get(Tag.PREDICTOR) == 2 and count > 1 and tags.get(Tag.COMPRESSION) in PREDICTED:
        # The decoder has summed neighbours, which are of different channels.
        differences = np.diff(plane, axis=1, prepend=plane.dtype.type(0)).reshape(pixels.shape)
        pixels = np.cumsum(differences, axis=1, dtype=plane.dtype)
    if kind == FLOAT and bits == 16:
        pixels = pixels.view(np.float16).astype(np.float32)
    return pixels[..., 0] if count == 1 else pixels


def _decode_grey(data: bytes, tags: dict[Tag, Any], bits: int, kind: int, count: int) -> np.ndarray | None:
    """All samples as one grey plane (H, W x count), of whole numbers where floats have 16 bits."""
    changes = {
        Tag.WIDTH: (LONG, tags[Tag.WIDTH] * count),
        Tag.BITS_PER_SAMPLE: (SHORT, bits),
        Tag.SAMPLES_PER_PIXEL: (SHORT, 1),
        Tag.PHOTOMETRIC: (SHORT, 1),
        Tag.SAMPLE_FORMAT: (SHORT, UNSIGNED if bits == 16 else kind),
        Tag.ORIENTATION: (SHORT, 1),
        Tag.EXTRA_SAMPLES: (SHORT, None),
    }
    if Tag.TILE_WIDTH in tags:
        changes[Tag.TILE_WIDTH] = (LONG, tags[Tag.TILE_WIDTH] * count)
    for tag, (size, value) in changes.items():
        data = set_tag(data, tag, size, value)
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


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
