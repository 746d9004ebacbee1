"""Conn against a plain labelling of each level, and the rules that peers break."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from mattekit.errors import InputError
from mattekit.metrics import conn
from mattekit.metrics.connectivity import LEVEL, THRESHOLDS


def plain_conn(alpha, truth, unknown, empty_levels):
    """Step by step as the official function works, with levels as decimals and scipy's labels."""
    p, g = alpha / np.float32(255), truth / np.float32(255)
    left = np.full(p.shape, -1)
    for k in range(1, 11):
        level = np.float32(k / 10)
        labels, count = ndimage.label(((p >= level) & (g >= level)).T)  # transposed: labels in column-major order
        if count == 0 and empty_levels == "continue":
            continue
        sizes = np.bincount(labels.ravel(), minlength=2)
        sizes[0] = -1
        omega = (labels == sizes.argmax()).T
        left[(left == -1) & ~omega] = k - 1
    left[left == -1] = 10
    # d >= 0.15 with d = v / 255 - left / 10, in whole 510ths
    terms = [np.where((d := 2 * v.astype(int) - 51 * left) >= 0.15 * 510, d, 0) for v in (alpha, truth)]
    return np.abs(terms[0] - terms[1])[unknown].sum() / 510_000


def mattes(rng, kind, shape):
    """Pairs that tie, leave levels empty, nest, break up, or are noise."""
    if kind == "noise":
        return rng.integers(0, 256, (2, *shape), np.uint8)
    if kind == "few values":
        return rng.choice(rng.choice(256, 3).astype(np.uint8), (2, *shape))
    if kind == "translucent":
        return rng.integers(0, rng.integers(1, 256), (2, *shape), np.uint8)
    smooth = ndimage.gaussian_filter(rng.standard_normal((2, *shape)), (0, 1.5, 1.5))
    smooth[1] = smooth[0] + 0.2 * smooth[1]
    return (127 + 600 * smooth).clip(0, 255).astype(np.uint8)


@settings(deadline=None, max_examples=400)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["noise", "few values", "translucent", "smooth"]),
    st.integers(1, 22),
    st.integers(1, 22),
    st.sampled_from(["continue", "update"]),
)
def test_equals_plain_labelling(seed, kind, height, width, empty_levels):
    rng = np.random.default_rng(seed)
    alpha, truth = mattes(rng, kind, (height, width))
    unknown = rng.random((height, width)) < rng.random()
    ours = conn(alpha, truth, unknown, empty_levels=empty_levels)
    assert ours == plain_conn(alpha, truth, unknown, empty_levels)


def test_equals_plain_labelling_on_a_larger_matte():
    alpha, truth = mattes(np.random.default_rng(1), "smooth", (211, 307))
    unknown = np.ones(alpha.shape, bool)
    assert conn(alpha, truth) == plain_conn(alpha, truth, unknown, "continue") > 0


def test_levels_are_those_of_single_precision():
    """153 / 255 reaches 0.6, which it does not in double precision with steps of 0.1 (other scorers fail here)."""
    singles = np.arange(256, dtype=np.float32) / np.float32(255)
    for k, threshold in enumerate(THRESHOLDS, 1):
        assert singles[threshold] >= np.float32(k / 10) > singles[threshold - 1]
        assert LEVEL[threshold] == k == LEVEL[threshold - 1] + 1


def test_of_equal_components_the_leftmost_counts():
    """Two blobs of one size, the one further left lower down: column-major order takes it, row-major the other."""
    truth = np.zeros((9, 9), np.uint8)
    truth[0:2, 6:8] = truth[6:8, 1:3] = 255
    alpha = truth // 2
    left, right = np.zeros((2, 9, 9), bool)
    left[:, :4], right[:, 5:] = True, True
    # In Omega up to 0.4 (alpha reaches 127): l = 1 as the higher levels are empty. Outside l = 0, so d = alpha.
    assert conn(alpha, truth, left) == 0
    assert conn(alpha, truth, right) == pytest.approx(4 * (255 - 127) / 255 / 1000)


def test_diagonal_neighbours_are_not_connected():
    alpha = truth = np.array([[255, 255, 0], [0, 0, 255]], np.uint8)
    alpha = alpha.copy()
    alpha[1, 2] = 200
    assert conn(alpha, truth) == pytest.approx(55 / 255 / 1000)


def test_empty_levels_count_as_no_error_or_as_the_whole_one():
    """Prediction 0, truth 255: the two files that are both called official say 0 and all of it."""
    alpha, truth = np.zeros((40, 40), np.uint8), np.full((40, 40), 255, np.uint8)
    assert conn(alpha, truth) == 0
    assert conn(alpha, truth, empty_levels="update") == 1.6


def test_unknown_policy_is_refused():
    with pytest.raises(InputError, match="'skip', wanted continue or update"):
        conn(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8), empty_levels="skip")
