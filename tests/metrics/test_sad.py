"""SAD, MSE and MAD are exact sums of integers over the unknown pixels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mattekit.metrics import mad, mse, sad


@given(st.integers(0, 2**32 - 1), st.integers(1, 70), st.integers(1, 70))
def test_sums_are_exact(seed, height, width):
    """The same sums, done by numpy in 64-bit integers."""
    rng = np.random.default_rng(seed)
    alpha, truth = rng.integers(0, 256, (2, height, width), np.uint8)
    unknown = rng.random((height, width)) < rng.random()
    difference = (alpha.astype(int) - truth)[unknown]
    assert sad(alpha, truth, unknown) == np.abs(difference).sum() / 255_000
    if difference.size:
        assert mse(alpha, truth, unknown) == (difference**2).sum() / (255**2 * difference.size)
        assert mad(alpha, truth, unknown) == np.abs(difference).sum() / (255 * difference.size)


def test_large_images_do_not_overflow():
    """Every difference is 255: the sums of squares pass 2**32 many times over."""
    alpha, truth = np.zeros((1500, 1600), np.uint8), np.full((1500, 1600), 255, np.uint8)
    assert (sad(alpha, truth), mse(alpha, truth), mad(alpha, truth)) == (2400, 1, 1)


def test_no_unknown_pixel_is_zero_for_the_sum_and_undefined_for_the_means():
    alpha, truth, none = np.zeros((3, 4), np.uint8), np.full((3, 4), 9, np.uint8), np.zeros((3, 4), bool)
    assert sad(alpha, truth, none) == 0
    assert np.isnan(mse(alpha, truth, none))
    assert np.isnan(mad(alpha, truth, none))
