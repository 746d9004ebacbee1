"""What a trimap promises about the alpha it was made from."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from mattekit.errors import InputError
from mattekit.imaging import trimap as T


def soft_disc(size=(60, 80), radius=18, softness=6):
    y, x = np.ogrid[: size[0], : size[1]]
    distance = np.hypot(y - size[0] / 2, x - size[1] / 2)
    return np.clip((radius - distance) / softness + 0.5, 0, 1).astype(np.float32)


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.integers(0, 2**32 - 1),
    st.integers(0, 12),
    st.integers(0, 12),
    st.sampled_from(["ellipse", "distance"]),
)
@settings(max_examples=60, deadline=None)
def test_known_pixels_are_truly_known(size, seed, erode, dilate, shape):
    """Where the trimap says 0 or 1, the alpha is 0 or 1; soft pixels are always unknown."""
    alpha = np.random.default_rng(seed).choice(np.float32([0, 0, 0, 0.3, 1, 1, 1]), size)
    trimap = T.from_alpha(alpha, erode=erode, dilate=dilate, shape=shape)
    assert trimap.dtype == np.float32 and trimap.shape == alpha.shape
    assert set(np.unique(trimap)) <= {0, 0.5, 1}
    known = trimap != 0.5
    np.testing.assert_array_equal(trimap[known], alpha[known])
    np.testing.assert_array_equal(T.pin_known(alpha, trimap), alpha)


def test_the_two_widths_are_euclidean_distances():
    """Background lies farther than `dilate` from any opacity, foreground farther than `erode` from its end."""
    alpha = soft_disc()
    trimap = T.from_alpha(alpha, erode=3, dilate=7, shape="distance")
    np.testing.assert_array_equal(trimap == 0, distance_transform_edt(alpha == 0) > 7)
    np.testing.assert_array_equal(trimap == 1, distance_transform_edt(alpha == 1) > 3)


def test_the_ellipse_is_what_opencv_users_get_from_dilate_and_erode():
    alpha = np.rint(soft_disc() * 255).astype(np.uint8)
    expected = np.full(alpha.shape, 0.5, np.float32)
    expected[cv2.erode(alpha, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))) == 255] = 1
    expected[cv2.dilate(alpha, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))) == 0] = 0
    np.testing.assert_array_equal(T.from_alpha(alpha / np.float32(255), erode=4, dilate=6), expected)


def test_a_binary_mask_gets_a_band_on_both_sides_of_its_edge():
    mask = np.zeros((20, 40), bool)
    mask[:, 20:] = True
    trimap = T.from_alpha(mask, erode=3, dilate=5, shape="distance")
    for row in trimap:
        assert "".join("b?f"[int(2 * v)] for v in row) == "b" * 15 + "?" * 8 + "f" * 17


def test_widths_of_zero_leave_the_soft_pixels_alone_unknown():
    alpha = soft_disc()
    trimap = T.from_alpha(alpha, erode=0, dilate=0)
    np.testing.assert_array_equal(trimap == 0.5, (alpha > 0) & (alpha < 1))


def test_thresholds_forgive_noise():
    alpha = soft_disc()
    noisy = np.clip(alpha + np.random.default_rng(0).uniform(-0.02, 0.02, alpha.shape), 0, 1).astype(np.float32)
    strict = T.from_alpha(noisy, erode=2, dilate=2)
    forgiving = T.from_alpha(noisy, erode=2, dilate=2, low=0.03, high=0.97)
    assert T.missing(strict) == ["background", "foreground"]
    assert T.missing(forgiving) == []
    expected = T.from_alpha(np.where(alpha < 0.03, 0, np.where(alpha > 0.97, 1, alpha)), erode=2, dilate=2)
    assert (forgiving != expected).mean() < 0.02


@pytest.mark.parametrize("full", [255, 65535])
def test_one_step_of_a_stored_depth_is_not_forgiven(full):
    alpha = np.float32([[0, 1 / full, (full - 1) / full, 1]])
    assert T.from_alpha(alpha, erode=0, dilate=0).tolist() == [[0, 0.5, 0.5, 1]]


def test_split_is_a_partition_and_join_its_inverse():
    trimap = T.from_alpha(soft_disc())
    fg, bg, unknown = T.split(trimap)
    assert (fg.astype(int) + bg + unknown == 1).all()
    np.testing.assert_array_equal(T.join(bg, fg), trimap)


def test_pinning_sets_known_pixels_and_nothing_else():
    trimap = np.float32([[0, 0.5, 1]])
    alpha = np.float32([[0.2, 0.3, 0.4]])
    np.testing.assert_array_equal(T.pin_known(alpha, trimap), np.float32([[0, 0.3, 1]]))
    np.testing.assert_array_equal(alpha, np.float32([[0.2, 0.3, 0.4]]))
    assert T.pin_known(alpha.astype(np.float64), trimap).dtype == np.float32


def test_levels_are_0_128_and_255():
    levels = T.to_levels(np.float32([[0, 0.5, 1]]))
    assert levels.dtype == np.uint8 and levels.tolist() == [[0, 128, 255]]


@pytest.mark.parametrize(("percent", "size", "pixels"), [(1, (1080, 1920), 11), (0.01, (100, 50), 1), (100, (3, 9), 3)])
def test_a_band_is_measured_on_the_short_side(percent, size, pixels):
    assert T.band(percent, size) == pixels


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": np.zeros((2, 2, 3))}, r"alpha: shape \(2, 2, 3\), wanted \(H, W\)"),
        ({"alpha": np.full((2, 2), 255, np.uint8)}, r"values 255\.\.255, wanted 0\.\.1"),
        ({"alpha": np.full((2, 2), np.nan)}, r"values nan\.\.nan"),
        ({"alpha": np.zeros((2, 2)), "erode": -1}, "band: -1, wanted whole pixels"),
        ({"alpha": np.zeros((2, 2)), "dilate": 1.5}, "band: 1.5, wanted whole pixels"),
        ({"alpha": np.zeros((2, 2)), "low": 0.9, "high": 0.1}, "low and high: 0.9 and 0.1"),
    ],
)
def test_unusable_input_is_refused_with_what_was_found(arguments, message):
    with pytest.raises(InputError, match=message):
        T.from_alpha(**arguments)


def test_sizes_that_differ_are_named():
    with pytest.raises(InputError, match=r"shape \(2, 3\), but the trimap is \(3, 2\)"):
        T.pin_known(np.zeros((2, 3)), np.zeros((3, 2)))


@pytest.mark.parametrize("percent", [0, -1, 101])
def test_a_band_beyond_the_picture_is_refused(percent):
    with pytest.raises(InputError, match=f"band: {percent} %"):
        T.band(percent, (10, 10))


def test_real_alphas_give_trimaps_that_hold_the_official_ones_promise(shared):
    """GT01-GT09: the official trimaps' and ours agree with the alpha; ours of 10 pixels is never fully unknown."""
    for path in sorted((shared / "data/alphamatting-dev/alpha").glob("*.png")):
        alpha = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) / np.float32(255)
        trimap = T.from_alpha(alpha)
        assert T.missing(trimap) == []
        fg, bg, _ = T.split(trimap)
        assert (alpha[fg] == 1).all() and (alpha[bg] == 0).all()


def test_a_reduced_pixel_is_known_only_if_all_it_covers_is():
    trimap = np.float32([[1, 1, 0, 0], [1, 1, 0, 0.5], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert T.reduced(trimap, (2, 2)).tolist() == [[1, 0.5], [0, 0.5]]
