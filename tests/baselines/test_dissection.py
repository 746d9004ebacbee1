import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.baselines.dissection import boundaries, dissect


def pixels(chosen):
    return [np.ascontiguousarray(axis, np.int32) for axis in np.nonzero(chosen)]


def ordered(chosen):
    """Pixels in the order of elimination, the map of positions, and the blocks."""
    rows, columns = pixels(chosen)
    order, starts, is_leaf = dissect(rows, columns)
    assert sorted(order) == list(range(rows.size))
    rows, columns = rows[order], columns[order]
    place = np.full((chosen.shape[0] + 4, chosen.shape[1] + 4), -1, np.int32)
    place[rows + 2, columns + 2] = np.arange(rows.size)
    return rows, columns, place, starts, is_leaf


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 24), st.integers(1, 24), st.floats(0.05, 1), st.integers(0, 999))
def test_nothing_fills_in_outside_the_blocks(height, width, share, seed):
    """Every non-zero of the dense factor lies among a block's own pixels or those it is said to reach."""
    chosen = np.random.default_rng(seed).random((height, width)) < share
    chosen.flat[0] = True
    rows, columns, place, starts, is_leaf = ordered(chosen)
    reached, ends = boundaries(rows, columns, place, starts, is_leaf)
    near = np.maximum(abs(rows[:, None] - rows), abs(columns[:, None] - columns)) <= 2
    factor = np.linalg.cholesky(np.where(near, -1.0, 0) + 26 * np.eye(rows.size))
    for b in range(is_leaf.size):
        own = np.arange(starts[b], starts[b + 1])
        far = reached[ends[b] : ends[b + 1]]
        assert (np.diff(far) > 0).all()
        assert set(np.flatnonzero((factor[:, own] != 0).any(axis=1))) <= {*own, *far}


def test_little_fills_in():
    """Nested dissection keeps the factor of a 200 x 200 square under 160 entries a pixel; row by row it has 400."""
    rows, columns, place, starts, is_leaf = ordered(np.ones((200, 200), bool))
    own, far = np.diff(starts), np.diff(boundaries(rows, columns, place, starts, is_leaf)[1])
    assert (own * (own + far)).sum() < 160 * rows.size
