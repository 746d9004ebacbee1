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
    """Return the sum over `unknown` of 510 |phi_alpha - phi_truth|, an integer.

    levels : (H, W) uint8, the highest level 0..10 that both mattes reach
    alpha, truth : (H, W) uint8
    unknown : (H, W) bool
    update : what an empty level does: False leaves the chain as it is, True ends it
    """
    height, width = levels.shape
    start = np.empty(levels.size + 1, np.int32)  # flat index of a run's first pixel; most of it is never touched
    level = np.empty(levels.size, np.uint8)
    first_run = np.empty(height + 1, np.int64)  # of each row
    count = _find_runs(levels, start, level, first_run)
    level = level[:count]
    root = np.arange(count).astype(np.int32)  # leads to the run that stands for the component at the run's level
    enclosing = np.full(count, -1, np.int32)  # of such a run: a run of the component around it, at a lower level
    _build_forest(start, level, first_run, width, root, enclosing)
    size, first = _measure_components(start, level, first_run, width, root)
    components = _components_by_level(level, root)
    largest = _largest(components, level, root, enclosing, size, first)
    depth = _depths(largest, components, level, enclosing)
    ends = LEVELS if update else level.max()  # the depth from which a pixel counts as connected at all levels
    leaving = np.empty(width, np.int32)  # the level at which a pixel leaves the chain
    total = 0
    for y in range(height):
        if not unknown[y].any():
            continue
        for run in range(first_run[y], first_run[y + 1]):
            k = depth[_find(root, run)]
            leaving[start[run] - y * width : start[run + 1] - y * width] = LEVELS if k >= ends else k
        total += _row_error(alpha[y], truth[y], unknown[y], leaving)
    return total


@njit(cache=True, nogil=True)
def _row_error(alpha, truth, unknown, leaving):
    """Sum differences of phi = 1 - d [d >= 0.15], with d = v / 255 - leaving / 10 in units of 1 / 510."""
    total = 0
    for x in range(alpha.size):
        p = np.int32(2 * alpha[x] - 51 * leaving[x])
        g = np.int32(2 * truth[x] - 51 * leaving[x])
        total += unknown[x] * abs((p if p >= 77 else 0) - (g if g >= 77 else 0))
    return total


@njit(cache=True, nogil=True)
def _find_runs(levels, start, level, first_run):
    """Cut the rows into runs of equal level; return their number."""
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
def _build_forest(start, level, first_run, width, root, enclosing):
    """Connect every run with its neighbours; level 0 is outside all sets."""
    for y in range(first_run.size - 1):
        for run in range(first_run[y] + 1, first_run[y + 1]):
            if 0 < level[run - 1] < level[run]:
                enclosing[run] = run - 1
            elif level[run - 1] and level[run]:
                _merge(level, root, enclosing, run - 1, run)
        if y:
            _merge_rows(start, level, first_run, y, width, root, enclosing)


@njit(cache=True, nogil=True)
def _merge_rows(start, level, first_run, y, width, root, enclosing):
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
            _merge(level, root, enclosing, peak_a, peak_b)
            rising = False
        last = contact
        end_a, end_b = start[a + 1] + width, start[b + 1]
        a += end_a <= end_b
        b += end_b <= end_a
    if rising:
        _merge(level, root, enclosing, peak_a, peak_b)


@njit(cache=True, nogil=True)
def _merge(level, root, enclosing, a, b):
    """Merge the chains of components around two neighbouring runs."""
    a, b = _find(root, a), _find(root, b)
    if level[a] < level[b]:
        a, b = b, a
    while a != b:
        around = enclosing[a]
        if around >= 0:
            around = _find(root, around)
            if level[around] >= level[b]:
                a = around
                continue
        if level[a] == level[b]:
            root[a] = b
        else:
            enclosing[a] = b
        if around < 0:
            return
        a, b = b, around


@njit(cache=True, nogil=True)
def _find(root, run):
    """Return the run that represents the component of `run` at its own level; shortens paths for later calls."""
    while root[run] != run:
        root[run] = root[root[run]]
        run = root[run]
    return run


@njit(cache=True, nogil=True)
def _measure_components(start, level, first_run, width, root):
    """Return the size and the first column-major position of each component's runs at its own level alone."""
    height = first_run.size - 1
    size = np.zeros(level.size, np.int32)
    first = np.full(level.size, height * width, np.int32)
    for y in range(height):
        for run in range(first_run[y], first_run[y + 1]):
            top = _find(root, run)
            size[top] += start[run + 1] - start[run]
            first[top] = min(first[top], (start[run] - y * width) * height + y)
    return size, first


@njit(cache=True, nogil=True)
def _components_by_level(level, root):
    """Return the runs that represent components, from level 10 down to 1: each before the one around it."""
    position = np.zeros(LEVELS + 1, np.int64)
    for run in range(level.size):
        if level[run] and root[run] == run:
            position[LEVELS - level[run] + 1] += 1
    components = np.empty(position.sum(), np.int32)
    position = np.cumsum(position)
    for run in range(level.size):
        if level[run] and root[run] == run:
            k = LEVELS - level[run]
            components[position[k]] = run
            position[k] += 1
    return components


@njit(cache=True, nogil=True)
def _largest(components, level, root, enclosing, size, first):
    """Return the largest component of each level, or -1; of equal ones the first in column-major order."""
    largest = np.full(LEVELS + 1, -1, np.int64)
    for top in components:
        lowest = 1
        if enclosing[top] >= 0:
            enclosing[top] = around = _find(root, enclosing[top])
            lowest = level[around] + 1
            size[around] += size[top]
            first[around] = min(first[around], first[top])
        for k in range(lowest, level[top] + 1):
            best = largest[k]
            if best < 0 or size[top] > size[best] or (size[top] == size[best] and first[top] < first[best]):
                largest[k] = top
    return largest


@njit(cache=True, nogil=True)
def _depths(largest, components, level, enclosing):
    """Return, for each component, how many levels of the chain of nested largest components hold it."""
    depth = np.zeros(level.size, np.uint8)
    for k in range(1, LEVELS + 1):
        top = largest[k]
        if top < 0 or (k > 1 and _ancestor_at(level, enclosing, top, k - 1) != largest[k - 1]):
            break
        depth[top] = k
    for top in components[::-1]:
        if depth[top] == 0 and enclosing[top] >= 0:
            depth[top] = depth[enclosing[top]]
    return depth


@njit(cache=True, nogil=True)
def _ancestor_at(level, enclosing, top, k):
    """Return the component of level `k` that holds the one of `top`."""
    while enclosing[top] >= 0 and level[enclosing[top]] >= k:
        top = enclosing[top]
    return top
