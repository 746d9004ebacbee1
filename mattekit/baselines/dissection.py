"""Order of elimination with little fill-in: nested dissection of the pixels (numba).

A region is cut by a strip two pixels wide: as equations reach two pixels far, the halves then do not touch, are
eliminated first and leave equations on the strip alone. George, "Nested dissection of a regular finite element
mesh", 1973. Each piece, a half too small to cut or a strip, is one block of the factor.
"""

import numpy as np
from numba import njit

REACH = 2  # pixels: two pixels of one 3 x 3 window are at most this far apart
SMALLEST = 24  # pixels: a region this small is not cut


@njit(cache=True, nogil=True, error_model="numpy")
def dissect(rows, columns):
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
    order, buffer = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    for k in range(rows.size):
        order[k] = k
    # No half is empty, so that there are fewer than twice as many blocks as pixels.
    sizes, leaves, count = np.empty(2 * rows.size, np.int64), np.empty(2 * rows.size, np.bool_), 0
    lows, highs, waiting = np.zeros(rows.size + 1, np.int64), np.zeros(rows.size + 1, np.int64), 1
    highs[0] = rows.size
    while waiting:  # a parent, its right half, its left half: the reverse is the order wanted
        waiting -= 1
        low, high = lows[waiting], highs[waiting]
        left, right = low, low
        if high - low > SMALLEST:
            left, right = _cut(rows, columns, order[low:high], buffer)
            left, right = left + low, right + low
            lows[waiting], highs[waiting] = low, left
            lows[waiting + 1], highs[waiting + 1] = left, right
            waiting += 2
        sizes[count], leaves[count] = high - right, right == low
        count += 1
    starts, is_leaf = np.zeros(count + 1, np.int64), np.zeros(count, np.bool_)
    for b in range(count):
        starts[b + 1] = starts[b] + sizes[count - 1 - b]
        is_leaf[b] = leaves[count - 1 - b]
    return order, starts, is_leaf


# Loops over scalars throughout: NumPy's functions take numba up to a second each to compile.
@njit(cache=True, nogil=True, error_model="numpy")
def _cut(rows, columns, region, buffer):
    """Sort a region into left half, right half and the strip between, in place; return where the last two start."""
    top, bottom = _range(rows, region)
    first, last = _range(columns, region)
    along = rows
    if last - first > bottom - top:
        along, top, bottom = columns, first, last
    strip = _thinnest(along, region, top, bottom)
    left, right, between = 0, 0, 0
    for k in range(region.size):
        left += along[region[k]] < strip
        between += strip <= along[region[k]] < strip + REACH
    right = region.size - between
    ends = 0, left, right
    for k in range(region.size):
        buffer[k] = region[k]
    a, b, c = ends
    for k in range(region.size):
        at = along[buffer[k]]
        if at < strip:
            region[a] = buffer[k]
            a += 1
        elif at >= strip + REACH:
            region[b] = buffer[k]
            b += 1
        else:
            region[c] = buffer[k]
            c += 1
    return left, right


@njit(cache=True, nogil=True, error_model="numpy")
def _range(values, region):
    low = high = values[region[0]]
    for k in range(region.size):
        low, high = min(low, values[region[k]]), max(high, values[region[k]])
    return low, high


@njit(cache=True, nogil=True, error_model="numpy")
def _thinnest(along, region, first, last):
    """Return where a strip has fewest pixels, among the places that leave each half a third of the region."""
    counts = np.zeros(last - first + 1, np.int64)
    for k in range(region.size):
        counts[along[region[k]] - first] += 1
    best, where, before = region.size + 1, 1, 0
    for c in range(1, counts.size - REACH):
        before += counts[c - 1]
        strip = counts[c] + counts[c + 1]
        uneven = abs(2 * before + strip - region.size)
        cost = strip if 3 * uneven <= region.size else strip + uneven
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
    reached, ends = _reach(rows, columns, place, starts, is_leaf)
    block = np.repeat(np.arange(is_leaf.size), np.diff(ends))
    return (np.sort(block * rows.size + reached) % rows.size).astype(np.int32), ends


@njit(cache=True, nogil=True, error_model="numpy")
def _reach(rows, columns, place, starts, is_leaf):
    """Return the positions, unsorted, and `ends` of `boundaries`."""
    count = starts.size - 1
    reached_by = np.zeros(rows.size, np.int64)  # the last block that reached a pixel, counted from 1
    ends, waiting, children = np.zeros(count + 1, np.int64), np.empty(count, np.int64), 0
    reached = np.empty(16 * rows.size + 64, np.int32)
    for b in range(count):
        high, total = starts[b + 1], ends[b]
        most = total + 25 * (high - starts[b])
        if not is_leaf[b]:
            for child in waiting[children - 2 : children]:
                most += ends[child + 1] - ends[child]
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
        if not is_leaf[b]:
            for child in waiting[children - 2 : children]:
                for k in range(ends[child], ends[child + 1]):
                    q = reached[k]
                    if q >= high and reached_by[q] != b + 1:
                        reached_by[q] = b + 1
                        reached[total] = q
                        total += 1
            children -= 2
        waiting[children] = b
        children += 1
        ends[b + 1] = total
    return reached[: ends[count]], ends
