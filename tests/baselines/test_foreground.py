"""pymatting's foregrounds are what pymatting gives, with less memory."""

import numpy as np
import pymatting
import pytest

from mattekit.baselines.foreground import AsItIs, foreground


@pytest.mark.parametrize(
    ("method", "dtype", "theirs"),
    [
        ("multilevel", np.float32, pymatting.estimate_foreground_ml),
        ("closed-form", np.float64, pymatting.estimate_foreground_cf),
    ],
)
def test_colours_are_pymattings(method, dtype, theirs):
    random = np.random.default_rng(0)
    image, alpha = random.random((24, 31, 3), np.float32), random.random((24, 31), np.float32)
    before = image.copy(), alpha.copy()
    found = foreground(method, image, alpha)
    assert type(found) is np.ndarray and found.dtype == np.float32
    np.testing.assert_array_equal(found, theirs(image.astype(dtype), alpha.astype(dtype)).astype(np.float32))
    np.testing.assert_array_equal(image, before[0]), np.testing.assert_array_equal(alpha, before[1])


def test_arrays_of_the_right_type_are_not_copied():
    array = np.zeros((3, 4), np.float32)
    given = array.view(AsItIs)
    assert given.astype(np.float32).base is array and type(given.astype(np.float32)) is np.ndarray
    assert given.astype(np.float64).dtype == np.float64
