"""Direct solution of the pixels' equations: a multifrontal Cholesky factorisation in dense blocks (numba).

Duff and Reid, "The multifrontal solution of indefinite sparse symmetric linear systems", 1983. Blocks, their order and
the pixels they reach come from `mattekit.baselines.dissection`. Almost all of the arithmetic is `_subtract_products`;
BLAS would spread these many small products over threads that cost more than they bring.
"""

import math

import numpy as np
from numba import njit

PANEL = 32  # rows eliminated one by one before their products are subtracted from all others
STRIP = 256  # columns taken together, so that a panel's rows of them stay in the cache
SMALLEST_PIVOT = 1e-14  # entries are of the order of one; rounding must not leave a pivot at or below zero


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
    _substitute(factor, offsets, x, starts, reached, ends)
    return x


@njit(cache=True, nogil=True, error_model="numpy")
def _factorise(values, rows, columns, place, starts, is_leaf, reached, ends):
    """Return the factor, block after block: rows of the upper triangle, its own columns, then those that it reaches."""
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
        for k in range(own):
            local[low + k] = k
        for k in range(far.size):
            local[far[k]] = own + k
        _assemble(panel, values, rows, columns, place, low, local)
        if not is_leaf[b]:
            for _ in range(2):
                child = whose.pop()
                _extend(panel, rest, waiting.pop(), local, reached[ends[child] : ends[child + 1]])
        _eliminate(panel, rest)
        waiting.append(rest)
        whose.append(b)
    return factor, offsets


# Loops over scalars throughout: arithmetic on slices takes numba up to two seconds to compile.
@njit(cache=True, nogil=True, error_model="numpy")
def _assemble(panel, values, rows, columns, place, low, local):
    panel[:] = 0
    for i in range(panel.shape[0]):
        p = low + i
        for dy in range(5):
            for dx in range(5):
                q = place[rows[p] + dy, columns[p] + dx]
                if q >= p:
                    panel[i, local[q]] = values[p, dy, dx]


@njit(cache=True, nogil=True, error_model="numpy")
def _extend(panel, rest, update, local, reached):
    """Add a child's update, upper triangle, to the rows and columns of its parent."""
    own = panel.shape[0]
    for i in range(reached.size):
        to = local[reached[i]]
        row = panel[to] if to < own else rest[to - own]
        shift = 0 if to < own else own
        for j in range(i, reached.size):
            row[local[reached[j]] - shift] += update[i, j]


@njit(cache=True, nogil=True, error_model="numpy")
def _eliminate(panel, rest):
    """Turn a block's rows into those of the factor; leave in `rest` what the elimination changes elsewhere."""
    own, width = panel.shape
    for low in range(0, own, PANEL):
        high = min(low + PANEL, own)
        for i in range(low, high):
            scale = 1 / math.sqrt(max(panel[i, i], SMALLEST_PIVOT))
            for k in range(i, width):
                panel[i, k] *= scale
            for j in range(i + 1, high):
                row, done, factor = panel[j, j:], panel[i, j:], panel[i, j]
                for k in range(row.size):
                    row[k] -= factor * done[k]
        _subtract_products(panel, panel, low, high, high)
        _subtract_products(rest, panel, low, high, own)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _subtract_products(target, panel, low, high, column):
    """Subtract F.T @ F, F = panel[low:high, column:], from the upper triangle of the target's last rows and columns."""
    width = panel.shape[1] - column
    corner = target.shape[1] - width
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


@njit(cache=True, nogil=True, error_model="numpy")
def _substitute(factor, offsets, x, starts, reached, ends):
    """Solve with the factor's transpose, then with the factor, in place of `x`."""
    count = starts.size - 1
    for b in range(count):
        own, far = x[starts[b] : starts[b + 1]], reached[ends[b] : ends[b + 1]]
        _forward(factor[offsets[b] : offsets[b + 1]], own, far, x)
    for b in range(count - 1, -1, -1):
        own, far = x[starts[b] : starts[b + 1]], reached[ends[b] : ends[b + 1]]
        _backward(factor[offsets[b] : offsets[b + 1]], own, far, x)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _forward(panel, own, far, x):
    size = own.size
    width = size + far.size
    for i in range(size):
        row = panel[i * width : (i + 1) * width]
        own[i] /= row[i]
        for k in range(i + 1, size):
            own[k] -= own[i] * row[k]
        for k in range(far.size):
            x[far[k]] -= own[i] * row[size + k]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def _backward(panel, own, far, x):
    size = own.size
    width = size + far.size
    for i in range(size - 1, -1, -1):
        row, total = panel[i * width : (i + 1) * width], own[i]
        for k in range(i + 1, size):
            total -= row[k] * own[k]
        for k in range(far.size):
            total -= row[size + k] * x[far[k]]
        own[i] = total / row[i]
