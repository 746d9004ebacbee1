"""Size of a JPEG XL picture from its first bits (ISO/IEC 18181-1 and -2): OpenImageIO decodes all of it to tell."""

import struct
from fractions import Fraction

CODESTREAM = b"\xff\x0a"
RATIOS = (1, Fraction(12, 10), Fraction(4, 3), Fraction(3, 2), Fraction(16, 9), Fraction(5, 4), 2)  # width to height
SIDE_BITS = (9, 13, 18, 30)
MOST_BOXES = 100


def read(data: bytes) -> tuple[int, int] | None:
    """Return (height, width) of the upright picture of a file; None if its first bits say nothing."""
    try:
        bits = _Bits(_codestream(data))
        small = bits.take(1)
        height = bits.side(small)
        ratio = bits.take(3)
        width = int(height * RATIOS[ratio - 1]) if ratio else bits.side(small)
        turned = not bits.take(1) and bits.take(1) and bits.take(3) >= 4  # not all defaults, more fields, orientation
    except (IndexError, ValueError, struct.error):
        return None
    return (width, height) if turned else (height, width)


def _codestream(data: bytes) -> bytes:
    """Return the first bytes behind the codestream's mark, from the bare file or from its box."""
    if data.startswith(CODESTREAM):
        return data[2:64]
    at = 0
    for _ in range(MOST_BOXES):
        size, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        if kind in (b"jxlc", b"jxlp"):  # the latter in parts, numbered by four bytes
            start += 4 * (kind == b"jxlp")
            if data[start : start + 2] != CODESTREAM:
                break
            return data[start + 2 : start + 64]
        if size < 8:
            break
        at += size
    raise ValueError("no codestream")


class _Bits:
    """Numbers of some bits each, the lowest bit first."""

    def __init__(self, data: bytes) -> None:
        self._number, self._left = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise IndexError(count)
        value = self._number & ((1 << count) - 1)
        self._number >>= count
        self._left -= count
        return value

    def side(self, small: int) -> int:
        """A side in pixels: of `small` pictures in units of eight."""
        return 8 * (self.take(5) + 1) if small else self.take(SIDE_BITS[self.take(2)]) + 1
