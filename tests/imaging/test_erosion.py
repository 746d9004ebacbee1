"""Erosion equals scipy's Euclidean distances and cv2.erode, pixel for pixel."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from mattekit.errors import InputError
from mattekit.imaging import erosion

sizes = st.tuples(st.integers(1, 60), st.integers(1, 60))
densities = st.sampled_from([0.0, 0.002, 0.02, 0.3, 1.0])  # share of pixels outside the mask


def mask_of(size, density, seed):
    return np.random.default_rng(seed).random(size) >= density


@given(sizes, densities, st.integers(0, 2**32 - 1), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_distance_erosion_is_exact(size, density, seed, radius):
    mask = mask_of(size, density, seed)
    # Far from everything: scipy measures to a pixel outside the picture when there is no other.
    expected = np.ones(size, bool) if mask.all() else distance_transform_edt(mask) > radius
    np.testing.assert_array_equal(erosion.erode(mask, radius, "distance"), expected)


@given(sizes, densities, st.integers(0, 2**32 - 1), st.integers(1, 75))
@settings(max_examples=60, deadline=None)
def test_kernel_erosion_by_the_quick_way_equals_opencv(size, density, seed, side):
    mask = mask_of(size, density, seed)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    expected = cv2.erode(mask.astype(np.uint8), kernel).astype(bool)
    usual = erosion.LARGEST_DIRECT_KERNEL
    try:
        erosion.LARGEST_DIRECT_KERNEL = 0
        quick = erosion.erode_by_kernel(mask, side)
    finally:
        erosion.LARGEST_DIRECT_KERNEL = usual
    np.testing.assert_array_equal(quick, expected)
    np.testing.assert_array_equal(erosion.erode_by_kernel(mask, side), expected)


def test_a_wide_picture_loses_no_precision():
    """Squares of coordinates beyond 4096 exceed the 24 bits of a float32."""
    mask = np.ones((40, 9000), bool)
    mask[7, 8990] = mask[33, 4100] = False
    far = distance_transform_edt(mask)
    for radius in (1, 30, 1500, 4000):
        np.testing.assert_array_equal(erosion.erode(mask, radius, "distance"), far > radius)


def test_an_ellipse_reaches_at_least_as_far_as_a_disc_and_at_most_half_a_pixel_farther():
    mask = np.ones((300, 300), bool)
    mask[150, 150] = False
    far = distance_transform_edt(mask)
    for radius in range(1, 120):
        gone = ~erosion.erode(mask, radius, "ellipse")
        assert gone[far <= radius].all()
        assert far[gone].max() <= radius + 0.5


@pytest.mark.parametrize("shape", erosion.SHAPES)
def test_radius_zero_keeps_all_and_the_argument_is_left_alone(shape):
    mask = mask_of((20, 30), 0.3, 1)
    before = mask.copy()
    np.testing.assert_array_equal(erosion.erode(mask, 0, shape), before)
    erosion.erode(mask, 5, shape)
    np.testing.assert_array_equal(mask, before)


def test_an_unknown_shape_is_refused_with_the_choices():
    with pytest.raises(InputError, match="'disc' is unknown. Choose from ellipse, distance"):
        erosion.erode(np.ones((2, 2), bool), 1, "disc")
