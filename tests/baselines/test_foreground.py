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


@pytest.mark.parametrize("method", ["multilevel", "closed-form"])
@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_a_plain_picture_is_its_own_foreground_without_a_warning(method, value):
    """Pymatting's conjugate gradients divide 0 by 0 where they start at the solution."""
    image, alpha = np.full((9, 12, 3), value, np.float32), np.tile(np.linspace(0, 1, 12, dtype=np.float32), (9, 1))
    np.testing.assert_allclose(foreground(method, image, alpha), image, atol=1e-3)
