"""In which order to eliminate pixels, so that little fills in: nested dissection (numba).

A region is cut by a strip two pixels wide: as equations reach two pixels far, the halves then do not touch, are
eliminated first and leave equations on the strip alone. George, "Nested dissection of a regular finite element
mesh", 1973. Each piece, a half too small to cut or a strip, is one block of the factor.
"""

import numpy as np
from numba import njit

REACH = 2  # pixels: two pixels of one 3 x 3 window are at most this far apart
SMALLEST = 24  # pixels: a region this small is not cut


@njit(cache=True, nogil=True)
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
    order = np.arange(rows.size)
    sizes, leaves = [0], [True]
    stack = [(0, rows.size)]
    while stack:  # a parent, its right half, its left half: the reverse is the order wanted
        low, high = stack.pop()
        left, right = low, low
        if high - low > SMALLEST:
            left, right = _cut(rows, columns, order[low:high])
            left, right = left + low, right + low
            stack.append((low, left))
            stack.append((left, right))
        sizes.append(high - right)
        leaves.append(right == low)
    count = len(sizes) - 1
    starts, is_leaf = np.zeros(count + 1, np.int64), np.zeros(count, np.bool_)
    for b in range(count):
        starts[b + 1] = starts[b] + sizes[count - b]
        is_leaf[b] = leaves[count - b]
    return order, starts, is_leaf


@njit(cache=True, nogil=True)
def _cut(rows, columns, region):
    """Sort a region into left half, right half and the strip between, in place; return where the last two start."""
    along, across = rows[region], columns[region]
    if np.ptp(across) > np.ptp(along):
        along = across
    strip = _thinnest(along)
    pieces = (region[along < strip], region[along >= strip + REACH], region[(along >= strip) & (along < strip + REACH)])
    left, right = pieces[0].size, pieces[0].size + pieces[1].size
    region[:left] = pieces[0]
    region[left:right] = pieces[1]
    region[right:] = pieces[2]
    return left, right


@njit(cache=True, nogil=True)
def _thinnest(along):
    """Where the strip has fewest pixels, among the places that leave each half a third of the region."""
    first = along.min()
    counts = np.bincount(along - first)
    best, where, before = along.size + 1, 1, 0
    for c in range(1, counts.size - REACH):
        before += counts[c - 1]
        strip = counts[c] + counts[c + 1]
        uneven = abs(2 * before + strip - along.size)
        cost = strip if 3 * uneven <= along.size else strip + uneven
        if cost < best:
            best, where = cost, c
    return first + where


@njit(cache=True, nogil=True)
def boundaries(rows, columns, place, starts, is_leaf):
    """Which later pixels each block's elimination reaches.

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
    count = starts.size - 1
    seen = np.full(rows.size, -1)
    ends, waiting = np.zeros(count + 1, np.int64), [0]
    reached = np.empty(16 * rows.size + 64, np.int32)
    for b in range(count):
        low, high = starts[b], starts[b + 1]
        found = []
        for p in range(low, high):
            for dy in range(5):
                for dx in range(5):
                    q = place[rows[p] + dy, columns[p] + dx]
                    if q >= high and seen[q] != b:
                        seen[q] = b
                        found.append(q)
        if not is_leaf[b]:
            for _ in range(2):
                child = waiting.pop()
                for q in reached[ends[child] : ends[child + 1]]:
                    if q >= high and seen[q] != b:
                        seen[q] = b
                        found.append(q)
        waiting.append(b)
        ends[b + 1] = ends[b] + len(found)
        if ends[b + 1] > reached.size:
            reached = np.concatenate((reached, np.empty(reached.size + len(found), np.int32)))
        reached[ends[b] : ends[b + 1]] = np.sort(np.array(found, np.int32)) if found else reached[:0]
    return reached[: ends[count]], ends
