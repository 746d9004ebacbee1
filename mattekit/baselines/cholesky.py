"""Direct solution of the pixels' equations: a multifrontal Cholesky factorisation in dense blocks (numba).

Duff and Reid, "The multifrontal solution of indefinite sparse symmetric linear systems", 1983. Blocks, their order
and what they reach come from `mattekit.baselines.dissection`; almost all of the arithmetic is matrix products.
"""

import numpy as np
from numba import njit

PANEL = 32  # rows eliminated one by one before a matrix product carries them on
STRIP = 128  # rows updated by one matrix product
SMALLEST_PIVOT = 1e-14  # entries are of the order of one; rounding must not leave a pivot at or below zero


@njit(cache=True, nogil=True)
def solve(values, right, rows, columns, place, starts, is_leaf, reached, ends):
    """Solve A x = right, everything in the order of elimination.

    Parameters
    ----------
    values : (N, 5, 5) float64
        A between a pixel and the one (dy - 2, dx - 2) from it; symmetric, positive definite.
    right : (N,) float64
    rows, columns, place, starts, is_leaf, reached, ends
        As in `mattekit.baselines.dissection.boundaries`.

    Returns
    -------
    (N,) float64
    """
    factor, offsets = _factorise(values, rows, columns, place, starts, is_leaf, reached, ends)
    x = right.copy()
    count = starts.size - 1
    for b in range(count):
        own, far = x[starts[b] : starts[b + 1]], reached[ends[b] : ends[b + 1]]
        _forward(factor[offsets[b] : offsets[b + 1]].reshape(own.size, own.size + far.size), own, far, x)
    for b in range(count - 1, -1, -1):
        own, far = x[starts[b] : starts[b + 1]], reached[ends[b] : ends[b + 1]]
        _backward(factor[offsets[b] : offsets[b + 1]].reshape(own.size, own.size + far.size), own, far, x)
    return x


@njit(cache=True, nogil=True)
def _factorise(values, rows, columns, place, starts, is_leaf, reached, ends):
    """The factor, block after block: rows of the upper triangle, the block's own columns, then those it reaches."""
    count = starts.size - 1
    offsets = np.zeros(count + 1, np.int64)
    for b in range(count):
        own, far = starts[b + 1] - starts[b], ends[b + 1] - ends[b]
        offsets[b + 1] = offsets[b] + own * (own + far)
    factor = np.empty(offsets[count])
    local = np.empty(rows.size, np.int32)
    waiting, whose = [np.zeros((0, 0))], [0]
    for b in range(count):
        low, far = starts[b], reached[ends[b] : ends[b + 1]]
        own = starts[b + 1] - low
        panel = factor[offsets[b] : offsets[b + 1]].reshape(own, own + far.size)
        rest = np.zeros((far.size, far.size))
        local[low : low + own] = np.arange(own)
        local[far] = np.arange(own, own + far.size)
        _assemble(panel, values, rows, columns, place, low, local)
        if not is_leaf[b]:
            for _ in range(2):
                child = whose.pop()
                _extend(panel, rest, waiting.pop(), local[reached[ends[child] : ends[child + 1]]])
        _eliminate(panel)
        _pass_on(panel, rest)
        waiting.append(rest)
        whose.append(b)
    return factor, offsets


@njit(cache=True, nogil=True)
def _assemble(panel, values, rows, columns, place, low, local):
    panel[:] = 0
    for i in range(panel.shape[0]):
        p = low + i
        for dy in range(5):
            for dx in range(5):
                q = place[rows[p] + dy, columns[p] + dx]
                if q >= p:
                    panel[i, local[q]] = values[p, dy, dx]


@njit(cache=True, nogil=True)
def _extend(panel, rest, update, to):
    """Add a child's update, lower triangle, to the rows and columns `to` of its parent."""
    own = panel.shape[0]
    split = np.searchsorted(to, own)
    for i in range(to.size):
        for j in range(min(i + 1, split)):
            panel[to[j], to[i]] += update[i, j]
        for j in range(split, i + 1):
            rest[to[i] - own, to[j] - own] += update[i, j]


@njit(cache=True, nogil=True)
def _eliminate(panel):
    """Cholesky factor of the own rows, in place."""
    own = panel.shape[0]
    for low in range(0, own, PANEL):
        high = min(low + PANEL, own)
        for i in range(low, high):
            row = panel[i]
            row[i:] /= np.sqrt(max(row[i], SMALLEST_PIVOT))
            for j in range(i + 1, high):
                for k in range(j, row.size):
                    panel[j, k] -= row[j] * row[k]
        if high < own:
            done = np.ascontiguousarray(panel[low:high, high:])
            panel[high:, high:] -= np.dot(np.ascontiguousarray(done[:, : own - high].T), done)


@njit(cache=True, nogil=True)
def _pass_on(panel, rest):
    """What the pixels reached lose by the elimination, lower triangle: rest - F.T @ F, F the columns reached."""
    far = np.ascontiguousarray(panel[:, panel.shape[0] :].T)
    for low in range(0, rest.shape[0], STRIP):
        high = min(low + STRIP, rest.shape[0])
        rest[low:high, :high] -= np.dot(far[low:high], far[:high].T)


@njit(cache=True, nogil=True)
def _forward(panel, own, far, x):
    size = own.size
    passed = np.zeros(far.size)
    for i in range(size):
        own[i] /= panel[i, i]
        own[i + 1 :] -= own[i] * panel[i, i + 1 : size]
        passed += own[i] * panel[i, size:]
    for i in range(far.size):
        x[far[i]] -= passed[i]


@njit(cache=True, nogil=True)
def _backward(panel, own, far, x):
    size = own.size
    known = x[far]
    for i in range(size - 1, -1, -1):
        own[i] -= np.dot(panel[i, size:], known) + np.dot(panel[i, i + 1 : size], own[i + 1 :])
        own[i] /= panel[i, i]
