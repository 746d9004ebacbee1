import numpy as np
import pytest

from mattekit.baselines.cholesky import solve
from mattekit.baselines.dissection import boundaries, dissect


@pytest.mark.parametrize("kind", ["square", "ring", "specks", "one"])
def test_solution_is_the_dense_one(kind):
    """Whatever the region's shape, with strips that are empty and blocks wider than a panel."""
    rng = np.random.default_rng(1)
    y, x = np.indices((50, 61))
    radius = np.hypot(y - 25, x - 30)
    chosen = {
        "square": (abs(y - 25) < 20) & (abs(x - 30) < 22),
        "ring": (radius > 17) & (radius < 24),
        "specks": rng.random(y.shape) < 0.1,
        "one": (y == 7) & (x == 9),
    }[kind]
    rows, columns = (np.ascontiguousarray(axis, np.int32) for axis in np.nonzero(chosen))
    order, starts, is_leaf = dissect(rows, columns)
    rows, columns = rows[order], columns[order]
    place = np.full((54, 65), -1, np.int32)
    place[rows + 2, columns + 2] = np.arange(rows.size)
    near = np.maximum(abs(rows[:, None] - rows), abs(columns[:, None] - columns)) <= 2
    full = np.where(near, -rng.random((rows.size, rows.size)), 0)
    full = full + full.T
    np.fill_diagonal(full, 1e-3 - full.sum(axis=1) + full.diagonal())
    right = rng.standard_normal(rows.size)
    values = np.zeros((rows.size, 5, 5))
    i, j = np.nonzero(near)
    values[i, rows[j] - rows[i] + 2, columns[j] - columns[i] + 2] = full[i, j]
    x = solve(values, right, rows, columns, place, starts, is_leaf, *boundaries(rows, columns, place, starts, is_leaf))
    assert x == pytest.approx(np.linalg.solve(full, right), rel=1e-8, abs=1e-8)
