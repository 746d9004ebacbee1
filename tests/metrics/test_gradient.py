"""Grad against a direct two-dimensional convolution, and its identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from mattekit.metrics import grad


def plain_grad(alpha, truth, unknown):
    """Read off the definition: the 9 x 9 kernels, nearest borders, images stretched to 0..1."""
    x = np.arange(-4, 5)
    gauss = np.exp(-(x**2) / (2 * 1.4**2)) / (1.4 * np.sqrt(2 * np.pi))
    kernel = np.outer(gauss, -x * gauss / 1.4**2)
    kernel /= np.sqrt((kernel**2).sum())

    def amplitude(image):
        image = image.astype(np.float64)
        image = (image - image.min()) / (np.ptp(image) or 1)
        return np.hypot(*(ndimage.convolve(image, k, mode="nearest") for k in (kernel, kernel.T)))

    return ((amplitude(alpha) - amplitude(truth)) ** 2)[unknown].sum() / 1000


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 24), st.integers(1, 24), st.floats(0, 1))
def test_equals_the_definition(seed, height, width, share):
    rng = np.random.default_rng(seed)
    alpha, truth = rng.integers(rng.integers(0, 200), 256, (2, height, width), np.uint8)
    unknown = rng.random((height, width)) < share
    assert grad(alpha, truth, unknown) == pytest.approx(plain_grad(alpha, truth, unknown), rel=1e-10, abs=1e-16)


def test_stretch_makes_affine_copies_equal():
    """0.5 a + 20 has other values and the same stretched gradient."""
    truth = (np.random.default_rng(0).integers(0, 101, (20, 30)) * 2).astype(np.uint8)
    assert grad((truth // 2 + 20).astype(np.uint8), truth) == pytest.approx(0, abs=1e-15)


def test_opposite_edges_have_no_error():
    """Amplitudes are compared, not vectors."""
    truth = np.tile(np.arange(0, 250, 10, dtype=np.uint8), (12, 1))
    assert grad(np.ascontiguousarray(truth[:, ::-1]), truth, np.ones(truth.shape, bool)) == pytest.approx(0, abs=1e-12)


def test_one_stray_pixel_in_a_known_region_changes_the_score():
    """The stretch sees the whole image; that is why predictions are pinned to the trimap before they are saved."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (30, 30), np.uint8)
    alpha = rng.integers(100, 111, (30, 30), np.uint8)
    unknown = np.zeros(truth.shape, bool)
    unknown[20:] = True
    stray = alpha.copy()
    stray[0, 0] = 255
    assert abs(grad(stray, truth, unknown) / grad(alpha, truth, unknown) - 1) > 0.2
