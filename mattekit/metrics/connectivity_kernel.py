"""The largest connected set at each of ten levels, found in one sweep: the compiled part of Conn.

The ten sets {pixels >= level} are nested, so their components form a forest: a component of one level lies inside
exactly one of the level below. The forest is built over runs (equal neighbours in a row) by merging chains of
ancestors, as max-trees are (Wilkinson et al., "Concurrent computation of attribute filters on shared memory
parallel machines", PAMI 2008). The time grows with the number of runs, not with ten times the number of pixels.
"""

import numpy as np
from numba import njit

LEVELS = 10


@njit(cache=True, nogil=True)
def connectivity_error(levels, alpha, truth, unknown, update):
    """Sum over `unknown` of 510 |phi_alpha - phi_truth|, an integer.

    levels : (H, W) uint8, the highest level 0..10 that both mattes reach
    alpha, truth : (H, W) uint8
    unknown : (H, W) bool
    update : what an empty level does: False leaves the chain as it is, True ends it
    """
    height, width = levels.shape
    start = np.empty(levels.size + 1, np.int32)  # flat index of a run's first pixel; most of it is never touched
    level = np.empty(levels.size, np.uint8)
    first_run = np.empty(height + 1, np.int64)  # of each row
    count = _cut(levels, start, level, first_run)
    level = level[:count]
    same = np.arange(count).astype(np.int32)  # leads to the run that stands for the component at the run's level
    outer = np.full(count, -1, np.int32)  # of such a run: a run of the component around it, at a lower level
    _grow(start, level, first_run, width, same, outer)
    size, first = _measure(start, level, first_run, width, same)
    tops = _from_above(level, same)
    largest = _largest(tops, level, same, outer, size, first)
    depth = _depths(largest, tops, level, outer)
    ends = LEVELS if update else level.max()  # the depth from which a pixel counts as connected at all levels
    left = np.empty(width, np.int32)  # the level at which a pixel leaves the chain
    total = 0
    for y in range(height):
        if not unknown[y].any():
            continue
        for run in range(first_run[y], first_run[y + 1]):
            k = depth[_top(same, run)]
            left[start[run] - y * width : start[run + 1] - y * width] = LEVELS if k >= ends else k
        total += _row_error(alpha[y], truth[y], unknown[y], left)
    return total


@njit(cache=True, nogil=True)
def _row_error(alpha, truth, unknown, left):
    """Differences of phi = 1 - d [d >= 0.15], with d = v / 255 - left / 10 in units of 1 / 510."""
    total = 0
    for x in range(alpha.size):
        p = np.int32(2 * alpha[x] - 51 * left[x])
        g = np.int32(2 * truth[x] - 51 * left[x])
        total += unknown[x] * abs((p if p >= 77 else 0) - (g if g >= 77 else 0))
    return total


@njit(cache=True, nogil=True)
def _cut(levels, start, level, first_run):
    """Cut the rows into runs of equal level; give their number."""
    height, width = levels.shape
    count = 0
    for y in range(height):
        first_run[y] = count
        previous = LEVELS + 1
        for x in range(width):
            if levels[y, x] != previous:
                previous = levels[y, x]
                start[count] = y * width + x
                level[count] = previous
                count += 1
    first_run[height] = count
    start[count] = height * width
    return count


@njit(cache=True, nogil=True)
def _grow(start, level, first_run, width, same, outer):
    """Connect every run with its neighbours; level 0 is outside all sets."""
    for y in range(first_run.size - 1):
        for run in range(first_run[y] + 1, first_run[y + 1]):
            if 0 < level[run - 1] < level[run]:
                outer[run] = run - 1
            elif level[run - 1] and level[run]:
                _connect(level, same, outer, run - 1, run)
        if y:
            _connect_rows(start, level, first_run, y, width, same, outer)


@njit(cache=True, nogil=True)
def _connect_rows(start, level, first_run, y, width, same, outer):
    """Connect the runs of row `y` with those of the row above.

    A contact is as high as the lower of its two runs. Where the next contact along the row is at least as high, the
    way through that one and back along both rows connects the same sets, so only the peaks have to be connected.
    """
    a, b, last, rising = first_run[y - 1], first_run[y], 0, False
    peak_a, peak_b = a, b
    while b < first_run[y + 1]:
        contact = min(level[a], level[b])
        if contact > last:
            peak_a, peak_b, rising = a, b, True
        elif contact < last and rising:
            _connect(level, same, outer, peak_a, peak_b)
            rising = False
        last = contact
        end_a, end_b = start[a + 1] + width, start[b + 1]
        a += end_a <= end_b
        b += end_b <= end_a
    if rising:
        _connect(level, same, outer, peak_a, peak_b)


@njit(cache=True, nogil=True)
def _connect(level, same, outer, a, b):
    """Merge the chains of components around two neighbouring runs."""
    a, b = _top(same, a), _top(same, b)
    if level[a] < level[b]:
        a, b = b, a
    while a != b:
        around = outer[a]
        if around >= 0:
            around = _top(same, around)
            if level[around] >= level[b]:
                a = around
                continue
        if level[a] == level[b]:
            same[a] = b
        else:
            outer[a] = b
        if around < 0:
            return
        a, b = b, around


@njit(cache=True, nogil=True)
def _top(same, run):
    """The run that stands for the component of `run` at its own level; shortens the way for later calls."""
    while same[run] != run:
        same[run] = same[same[run]]
        run = same[run]
    return run


@njit(cache=True, nogil=True)
def _measure(start, level, first_run, width, same):
    """Pixels and column-major place of the first one, for the runs of each component at its own level alone."""
    height = first_run.size - 1
    size = np.zeros(level.size, np.int32)
    first = np.full(level.size, height * width, np.int32)
    for y in range(height):
        for run in range(first_run[y], first_run[y + 1]):
            top = _top(same, run)
            size[top] += start[run + 1] - start[run]
            first[top] = min(first[top], (start[run] - y * width) * height + y)
    return size, first


@njit(cache=True, nogil=True)
def _from_above(level, same):
    """The runs that stand for components, from level 10 down to 1: each before the one around it."""
    place = np.zeros(LEVELS + 1, np.int64)
    for run in range(level.size):
        if level[run] and same[run] == run:
            place[LEVELS - level[run] + 1] += 1
    tops = np.empty(place.sum(), np.int32)
    place = np.cumsum(place)
    for run in range(level.size):
        if level[run] and same[run] == run:
            k = LEVELS - level[run]
            tops[place[k]] = run
            place[k] += 1
    return tops


@njit(cache=True, nogil=True)
def _largest(tops, level, same, outer, size, first):
    """For each level the largest component, -1 if there is none; of equal ones the first in column-major order."""
    largest = np.full(LEVELS + 1, -1, np.int64)
    for top in tops:
        lowest = 1
        if outer[top] >= 0:
            outer[top] = around = _top(same, outer[top])
            lowest = level[around] + 1
            size[around] += size[top]
            first[around] = min(first[around], first[top])
        for k in range(lowest, level[top] + 1):
            best = largest[k]
            if best < 0 or size[top] > size[best] or (size[top] == size[best] and first[top] < first[best]):
                largest[k] = top
    return largest


@njit(cache=True, nogil=True)
def _depths(largest, tops, level, outer):
    """For each component, how many levels of the chain of nested largest components hold it."""
    depth = np.zeros(level.size, np.uint8)
    for k in range(1, LEVELS + 1):
        top = largest[k]
        if top < 0 or (k > 1 and _at(level, outer, top, k - 1) != largest[k - 1]):
            break
        depth[top] = k
    for top in tops[::-1]:
        if depth[top] == 0 and outer[top] >= 0:
            depth[top] = depth[outer[top]]
    return depth


@njit(cache=True, nogil=True)
def _at(level, outer, top, k):
    """The component of level `k` that holds the one of `top`."""
    while outer[top] >= 0 and level[outer[top]] >= k:
        top = outer[top]
    return top
