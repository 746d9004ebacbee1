"""pymatting's foregrounds are what pymatting gives."""

import numpy as np
import pymatting
import pytest

from mattekit.baselines.by_pymatting import closed_form_foreground


def test_colours_are_pymattings():
    random = np.random.default_rng(0)
    image, alpha = random.random((24, 31, 3), np.float32), random.random((24, 31), np.float32)
    before = image.copy(), alpha.copy()
    found = closed_form_foreground(image, alpha)
    assert found.dtype == np.float32
    theirs = pymatting.estimate_foreground_cf(image.astype(np.float64), alpha.astype(np.float64))
    np.testing.assert_array_equal(found, theirs.astype(np.float32))
    np.testing.assert_array_equal(image, before[0]), np.testing.assert_array_equal(alpha, before[1])


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_a_plain_picture_is_its_own_foreground_without_a_warning(value):
    """Pymatting's conjugate gradients divide 0 by 0 where they start at the solution."""
    image, alpha = np.full((9, 12, 3), value, np.float32), np.tile(np.linspace(0, 1, 12, dtype=np.float32), (9, 1))
    np.testing.assert_allclose(closed_form_foreground(image, alpha), image, atol=1e-3)
