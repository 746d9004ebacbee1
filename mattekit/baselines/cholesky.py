"""Direct solution of the pixels' equations: a multifrontal Cholesky factorisation in dense blocks (numba).

Duff and Reid, "The multifrontal solution of indefinite sparse symmetric linear systems", 1983. Blocks, their order
and what they reach come from `mattekit.baselines.dissection`. Almost all of the arithmetic is `_subtract_products`;
BLAS would spread these many small products over threads that cost more than they bring.
"""

import numpy as np
from numba import njit

PANEL = 32  # rows eliminated one by one before their products are subtracted from all others
STRIP = 256  # columns taken together, so that a panel's rows of them stay in the cache
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
        _eliminate(panel, rest)
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
    """Add a child's update, upper triangle, to the rows and columns `to` of its parent."""
    own = panel.shape[0]
    for i in range(to.size):
        row = panel[to[i]] if to[i] < own else rest[to[i] - own]
        shift = 0 if to[i] < own else own
        for j in range(i, to.size):
            row[to[j] - shift] += update[i, j]


@njit(cache=True, nogil=True)
def _eliminate(panel, rest):
    """Turn a block's rows into those of the factor; leave in `rest` what the elimination changes elsewhere."""
    own = panel.shape[0]
    for low in range(0, own, PANEL):
        high = min(low + PANEL, own)
        for i in range(low, high):
            panel[i, i:] /= np.sqrt(max(panel[i, i], SMALLEST_PIVOT))
            for j in range(i + 1, high):
                row, done, factor = panel[j, j:], panel[i, j:], panel[i, j]
                for k in range(row.size):
                    row[k] -= factor * done[k]
        _subtract_products(panel, high, panel, low, high, high)
        _subtract_products(rest, 0, panel, low, high, own)


@njit(cache=True, nogil=True, fastmath={"contract"})
def _subtract_products(target, corner, panel, low, high, column):
    """From target[corner:, corner:], upper triangle, subtract F.T @ F, where F = panel[low:high, column:]."""
    width = target.shape[1] - corner
    for left in range(0, width, STRIP):
        right = min(left + STRIP, width)
        for i in range(min(right, target.shape[0] - corner)):
            first = max(i, left)
            here, to = column + i, column + right
            row = target[corner + i, corner + first : corner + right]
            for k in range(low, high - 3, 4):  # four at once: one load and store of the row instead of four
                a, b, c, d = panel[k, here], panel[k + 1, here], panel[k + 2, here], panel[k + 3, here]
                p, q = panel[k, column + first : to], panel[k + 1, column + first : to]
                r, s = panel[k + 2, column + first : to], panel[k + 3, column + first : to]
                for j in range(row.size):
                    row[j] -= a * p[j] + b * q[j] + c * r[j] + d * s[j]
            for k in range(high - (high - low) % 4, high):
                a, p = panel[k, here], panel[k, column + first : to]
                for j in range(row.size):
                    row[j] -= a * p[j]


@njit(cache=True, nogil=True)
def _forward(panel, own, far, x):
    size = own.size
    passed = np.zeros(far.size)
    for i in range(size):
        own[i] /= panel[i, i]
        near, row = panel[i, i + 1 : size], panel[i, size:]
        for k in range(near.size):
            own[i + 1 + k] -= own[i] * near[k]
        for k in range(row.size):
            passed[k] += own[i] * row[k]
    for i in range(far.size):
        x[far[i]] -= passed[i]


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})
def _backward(panel, own, far, x):
    size = own.size
    known = x[far]
    for i in range(size - 1, -1, -1):
        near, row, total = panel[i, i + 1 : size], panel[i, size:], own[i]
        for k in range(near.size):
            total -= near[k] * own[i + 1 + k]
        for k in range(row.size):
            total -= row[k] * known[k]
        own[i] = total / panel[i, i]
