"""Direct solution of the pixels' equations: a multifrontal Cholesky factorisation in dense blocks (numba).

Duff and Reid, "The multifrontal solution of indefinite sparse symmetric linear systems", 1983. Blocks, their order and
the pixels they reach come from `mattekit.baselines.dissection`. Almost all of the arithmetic is `_subtract_products`;
BLAS would spread these many small products over threads that cost more than they bring.
"""

import math

import numpy as np
from numba import njit

from mattekit.compiling import KERNEL, PART

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
    own, far = np.diff(starts), np.diff(ends)
    offsets = np.concatenate([[0], np.cumsum(own * (own + far))])
    factor, local, rest = np.empty(offsets[-1]), np.empty(rows.size, np.int32), np.empty(far.max(initial=0) ** 2)
    stack = np.empty(_largest_stack(is_leaf, far**2))
    waiting = np.zeros((2, own.size + 1), int)
    tree = starts, is_leaf, reached, ends, offsets
    factorise(values, rows, columns, place, *tree, local, rest, stack, waiting, factor)
    x = right.copy()
    forward(factor, offsets, x, starts, reached, ends)
    backward(factor, offsets, x, starts, reached, ends)
    return x


def _largest_stack(is_leaf: np.ndarray, sizes: np.ndarray) -> int:
    """Return the most entries that updates take, of `sizes` each, which wait until their parents are eliminated."""
    waiting, total, most = [], 0, 0
    for leaf, size in zip(is_leaf.tolist(), sizes.tolist(), strict=True):
        if not leaf:
            total -= waiting.pop() + waiting.pop()
        waiting.append(size)
        total += size
        most = max(most, total)
    return most


@njit(**KERNEL)
def factorise(
    values, rows, columns, place, starts, is_leaf, reached, ends, offsets, local, rest, stack, waiting, factor
):
    """Write the factor, block after block: rows of the upper triangle, its own columns, then those that it reaches.

    Updates of blocks whose parent was not met yet wait in `stack`: the k-th is of block waiting[0, k] and begins at
    waiting[1, k]. local, rest, stack : anything at first.
    """
    children = 0
    for b in range(starts.size - 1):
        low, own, far = starts[b], starts[b + 1] - starts[b], ends[b + 1] - ends[b]
        panel = factor[offsets[b] : offsets[b + 1]].reshape(own, own + far)
        update = rest[: far * far].reshape(far, far)
        for k in range(own):
            local[low + k] = k
        for k in range(far):
            local[reached[ends[b] + k]] = own + k
            for j in range(k, far):
                update[k, j] = 0
        _assemble(panel, values, rows, columns, place, low, local)
        first = children if is_leaf[b] else children - 2
        for c in range(children - 1, first - 1, -1):
            child = waiting[0, c]
            _extend(panel, update, stack, waiting[1, c], local, reached, ends[child], ends[child + 1])
        _eliminate(panel, update)
        for k in range(far):
            for j in range(k, far):
                stack[waiting[1, first] + k * far + j] = update[k, j]
        waiting[0, first], waiting[1, first + 1], children = b, waiting[1, first] + far * far, first + 1


# Loops over scalars throughout: arithmetic on slices takes numba up to two seconds to compile.
@njit(**PART)
def _assemble(panel, values, rows, columns, place, low, local):
    panel[:] = 0
    for i in range(panel.shape[0]):
        p = low + i
        for dy in range(5):
            for dx in range(5):
                q = place[rows[p] + dy, columns[p] + dx]
                if q >= p:
                    panel[i, local[q]] = values[p, dy, dx]


@njit(**PART)
def _extend(panel, rest, stack, at, local, reached, low, high):
    """Add a child's update, upper triangle, to the rows and columns of its parent; the child reached low..high."""
    own = panel.shape[0]
    for i in range(low, high):
        to = local[reached[i]]
        row = panel[to] if to < own else rest[to - own]
        shift = 0 if to < own else own
        for j in range(i, high):
            row[local[reached[j]] - shift] += stack[at + j - low]
        at += high - low


@njit(**PART)
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


@njit(**PART, fastmath={"contract"})
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


@njit(**KERNEL, fastmath={"contract"})
def forward(factor, offsets, x, starts, reached, ends):
    """Solve with the factor's transpose, in place of `x`."""
    for b in range(starts.size - 1):
        own, far = x[starts[b] : starts[b + 1]], reached[ends[b] : ends[b + 1]]
        size, width = own.size, own.size + far.size
        for i in range(size):
            row = factor[offsets[b] + i * width : offsets[b] + (i + 1) * width]
            own[i] /= row[i]
            for k in range(i + 1, size):
                own[k] -= own[i] * row[k]
            for k in range(far.size):
                x[far[k]] -= own[i] * row[size + k]


@njit(**KERNEL, fastmath={"contract", "reassoc"})
def backward(factor, offsets, x, starts, reached, ends):
    """Solve with the factor, in place of `x`."""
    for b in range(starts.size - 2, -1, -1):
        own, far = x[starts[b] : starts[b + 1]], reached[ends[b] : ends[b + 1]]
        size, width = own.size, own.size + far.size
        for i in range(size - 1, -1, -1):
            row, total = factor[offsets[b] + i * width : offsets[b] + (i + 1) * width], own[i]
            for k in range(i + 1, size):
                total -= row[k] * own[k]
            for k in range(far.size):
                total -= row[size + k] * x[far[k]]
            own[i] = total / row[i]
