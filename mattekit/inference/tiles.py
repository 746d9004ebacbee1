"""Where the tiles of an image lie, and how they are blended."""

from typing import NamedTuple

import numpy as np

from mattekit.errors import InputError


class Span(NamedTuple):
    """One side of a tile: `start` to `stop`, all of which the network sees.

    Of that it answers for `first` to `last`, with `weights` (last - first); `begin` to `end` is its share of what is
    counted once, multiples of the stride within the image.
    """

    start: int
    stop: int
    first: int
    last: int
    weights: np.ndarray
    begin: int
    end: int

    @property
    def seen(self) -> slice:
        """What the network sees."""
        return slice(self.start, self.stop)

    @property
    def answered(self) -> slice:
        """What it answers for."""
        return slice(self.first, self.last)


def spans(length: int, size: int, overlap: int, stride: int) -> list[Span]:
    """Cut a side into spans that begin at multiples of the stride and end with the side.

    Neighbours share at least `overlap`. The seam is blended smoothly over the overlap's middle quarter; what lies
    further out is there for the network to see, since near a tile's edge it answers otherwise than in the image.

    Parameters
    ----------
    length : int
        Of the side: a multiple of the stride, or one more, which tiles then have too.
    size, overlap, stride : int
        In pixels; the size is rounded up to a multiple of the stride.

    Raises
    ------
    InputError
        If the overlap leaves less than a stride of a tile.
    """
    extra = length % stride
    size = -(-size // stride) * stride
    if size + extra >= length:
        return [Span(0, length, 0, length, np.ones(length, np.float32), 0, length)]
    step = (size - overlap) // stride * stride
    if step < stride:
        raise InputError(
            f"tiles: an overlap of {overlap} in tiles of {size}, wanted at most {size - stride}. "
            "Give larger tiles, or a smaller overlap."
        )
    room = length - extra - size
    number = -(-room // step) + 1
    starts = [round(i * room / (number - 1) / stride) * stride for i in range(number)]
    apart = min(b - a for a, b in zip(starts, starts[1:], strict=False))  # seams of tiny steps must not run together
    seams = [
        _Seam.between(start, before + size + extra, apart, stride)
        for before, start in zip(starts, starts[1:], strict=False)
    ]
    return [
        _span(start, start + size + extra, before, after)
        for start, before, after in zip(starts, [None, *seams], [*seams, None], strict=True)
    ]


class _Seam(NamedTuple):
    first: int
    last: int  # the blend goes from first to last
    middle: int  # of the overlap, the nearest multiple of the stride

    @classmethod
    def between(cls, start: int, stop: int, most: int, stride: int) -> "_Seam":
        """Of two spans that share start to stop, blended over so many pixels at most."""
        width = min((stop - start) // 4, most)
        first = (start + stop - width) // 2
        return cls(first, first + width, (start + stop + stride) // (2 * stride) * stride)

    def rise(self) -> np.ndarray:
        t = (np.arange(self.last - self.first, dtype=np.float32) + 0.5) / (self.last - self.first)
        return t * t * (3 - 2 * t)


def _span(start: int, stop: int, before: _Seam | None, after: _Seam | None) -> Span:
    first, last = before.first if before else start, after.last if after else stop
    weights = np.ones(last - first, np.float32)
    if before:
        weights[: before.last - before.first] *= before.rise()
    if after:
        weights[len(weights) - (after.last - after.first) :] *= 1 - after.rise()
    begin, end = before.middle if before else start, after.middle if after else stop
    return Span(start, stop, first, last, weights, begin, end)
