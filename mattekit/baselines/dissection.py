"""Order of elimination with little fill-in: nested dissection of the pixels (numba).

A region is cut by a strip two pixels wide: as equations reach two pixels far, the halves then do not touch, are
eliminated first and leave equations on the strip alone. George, "Nested dissection of a regular finite element
mesh", 1973. Each piece, a half too small to cut or a strip, is one block of the factor.
"""

import numpy as np
from numba import njit

from mattekit.compiling import KERNEL, PART

REACH = 2  # pixels: two pixels of one 3 x 3 window are at most this far apart
SMALLEST = 24  # pixels: a region this small is not cut


def dissect(rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order pixels for elimination.

    Parameters
    ----------
    rows, columns : (N,) int32

    Returns
    -------
    order : (N,) int64
        Pixels in the order of elimination.
    starts : (B + 1,) int64
        Block b holds order[starts[b]:starts[b + 1]]; children come before parents.
    is_leaf : (B,) bool
        Whether a block has no children; it has two otherwise, the last two whose parent was not met yet.
    """
    count = rows.size
    # No half is empty, so that there are fewer than twice as many blocks as pixels.
    order, ends, sizes, leaves = (
        np.arange(count),
        np.zeros(count + 1, int),
        np.empty(2 * count, int),
        np.empty(2 * count, int),
    )
    buffer, strips = np.empty(count, int), np.empty(max(np.ptp(rows), np.ptp(columns)) + 1, int)
    blocks = dissected(rows, columns, order, np.zeros_like(ends), ends, buffer, strips, sizes, leaves)
    starts = np.concatenate([[0], sizes[:blocks][::-1].cumsum()])
    return order, starts, leaves[:blocks][::-1] > 0


# Loops over scalars throughout, and no allocation: NumPy's functions take numba up to a second each to compile.
@njit(**KERNEL)
def dissected(rows, columns, order, lows, highs, buffer, strips, sizes, leaves):
    """Sort `order`, write sizes of blocks and whether they are leaves, last one first; return their number."""
    count, waiting, highs[0] = 0, 1, rows.size
    while waiting:  # a parent, its right half, its left half: the reverse is the order wanted
        waiting -= 1
        low, high = lows[waiting], highs[waiting]
        left, right = low, low
        if high - low > SMALLEST:
            left, right = _cut(rows, columns, order, low, high, buffer, strips)
            lows[waiting], highs[waiting] = low, left
            lows[waiting + 1], highs[waiting + 1] = left, right
            waiting += 2
        sizes[count], leaves[count] = high - right, right == low
        count += 1
    return count


@njit(**PART)
def _cut(rows, columns, order, low, high, buffer, strips):
    """Sort a region into left half, right half and the strip between, in place; return where the last two start."""
    top = bottom = rows[order[low]]
    first = last = columns[order[low]]
    for k in range(low, high):
        y, x = rows[order[k]], columns[order[k]]
        top, bottom, first, last = min(top, y), max(bottom, y), min(first, x), max(last, x)
    along = rows
    if last - first > bottom - top:
        along, top, bottom = columns, first, last
    strip = _thinnest(along, order, low, high, top, bottom - top + 1, strips)
    left, right = low, high
    for k in range(low, high):
        buffer[k] = order[k]
        left += along[order[k]] < strip
        right -= strip <= along[order[k]] < strip + REACH
    a, b, c = low, left, right
    for k in range(low, high):
        at = along[buffer[k]]
        if at < strip:
            order[a] = buffer[k]
            a += 1
        elif at >= strip + REACH:
            order[b] = buffer[k]
            b += 1
        else:
            order[c] = buffer[k]
            c += 1
    return left, right


@njit(**PART)
def _thinnest(along, order, low, high, first, length, strips):
    """Return where a strip has fewest pixels, among the places that leave each half a third of the region."""
    for c in range(length):
        strips[c] = 0
    for k in range(low, high):
        strips[along[order[k]] - first] += 1
    size = high - low
    best, where, before = size + 1, 1, 0
    for c in range(1, length - REACH):
        before += strips[c - 1]
        strip = strips[c] + strips[c + 1]
        uneven = abs(2 * before + strip - size)
        cost = strip if 3 * uneven <= size else strip + uneven
        if cost < best:
            best, where = cost, c
    return first + where


def boundaries(rows, columns, place, starts, is_leaf):
    """Find the later pixels that each block's elimination reaches.

    Parameters
    ----------
    rows, columns : (N,) int32
        Pixels in the order of elimination.
    place : (H + 4, W + 4) int32
        Position of each pixel in that order, -1 where there is none.
    starts, is_leaf
        As from `dissect`.

    Returns
    -------
    reached : (R,) int32
        Positions, sorted within each block.
    ends : (B + 1,) int64
        Block b reaches reached[ends[b]:ends[b + 1]].
    """
    count = is_leaf.size
    reached_by, ends, waiting = np.zeros(rows.size, int), np.zeros(count + 1, int), np.empty(count, int)
    reached = find_reached(rows, columns, place, starts, is_leaf, reached_by, ends, waiting)[: ends[-1]]
    block = np.repeat(np.arange(count), np.diff(ends))
    return (np.sort(block * rows.size + reached) % rows.size).astype(np.int32), ends


@njit(**KERNEL)
def find_reached(rows, columns, place, starts, is_leaf, reached_by, ends, waiting):
    """Return the positions, unsorted, and write `ends` of `boundaries`.

    reached_by : (N,) int64, 0; the last block that reached a pixel, counted from 1. waiting : (B,) int64, anything.
    """
    children, reached = 0, np.empty(16 * rows.size + 64, np.int32)
    for b in range(starts.size - 1):
        high, total = starts[b + 1], ends[b]
        most = total + 25 * (high - starts[b])
        first = children if is_leaf[b] else children - 2
        for c in range(first, children):
            most += ends[waiting[c] + 1] - ends[waiting[c]]
        if most > reached.size:
            longer = np.empty(2 * most, np.int32)
            for k in range(total):
                longer[k] = reached[k]
            reached = longer
        for p in range(starts[b], high):
            for dy in range(5):
                for dx in range(5):
                    q = place[rows[p] + dy, columns[p] + dx]
                    if q >= high and reached_by[q] != b + 1:
                        reached_by[q] = b + 1
                        reached[total] = q
                        total += 1
        for c in range(first, children):
            for k in range(ends[waiting[c]], ends[waiting[c] + 1]):
                q = reached[k]
                if q >= high and reached_by[q] != b + 1:
                    reached_by[q] = b + 1
                    reached[total] = q
                    total += 1
        waiting[first], children, ends[b + 1] = b, first + 1, total
    return reached
