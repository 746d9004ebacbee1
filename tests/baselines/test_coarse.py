import cv2
import numpy as np
import pytest

from mattekit.baselines.coarse import _rows, coarse
from mattekit.baselines.priors import PRIORS
from mattekit.baselines.smoothing import smoothed
from mattekit.errors import InputError

H, W = 72, 96


def scene():
    """A soft green disc before a red ground: alpha, image and trimap."""
    y, x = np.mgrid[:H, :W].astype(np.float32)
    alpha = np.clip((26 - np.hypot(y - H / 2, x - W / 2)) / 12 + 0.5, 0, 1)
    fg, bg = np.float32([0.1, 0.8, 0.2]), np.float32([0.7, 0.1, 0.1])
    image = alpha[..., None] * fg + (1 - alpha[..., None]) * bg
    return alpha, image, np.where(alpha == 1, 1, np.where(alpha == 0, 0, 0.5)).astype(np.float32)


@pytest.mark.parametrize("pixels", [600_000, 2_000])
def test_estimates_of_two_plain_colours_are_near_the_truth_and_exact_where_known(monkeypatch, pixels):
    monkeypatch.setattr("mattekit.baselines.coarse.PIXELS", pixels)
    alpha, image, trimap = scene()
    estimates = coarse(image, trimap)
    assert estimates.shape == (H, W, PRIORS["coarse"].channels) and estimates.dtype == np.float16
    for k, most in enumerate((0.06, 0.08, 0.04, 0.04, 0.1, 0.3, 0.3)):
        assert np.abs(estimates[..., k] - alpha)[trimap == 0.5].mean() < most
        assert (estimates[..., k][trimap != 0.5] == trimap[trimap != 0.5]).all()


@pytest.mark.parametrize("value", [0, 1])
def test_without_known_foreground_or_background_they_are_the_trimap(value):
    _, image, trimap = scene()
    trimap = np.where(trimap == value, 0.5, trimap).astype(np.float32)
    planes = coarse(image, trimap)
    assert (planes[..., :7] == trimap[..., None]).all() and not planes[..., 7:].any()


def test_colours_of_a_reduced_picture_that_loses_a_class_give_way_to_those_of_the_next_larger_one():
    """The trimap in their place would pull the blend to one half; tiny pictures lose thin regions first."""
    _, image, trimap = scene()
    trimap[trimap == 1] = 0.5
    trimap[36:38, 48:50] = 1  # one pixel of the picture half as high
    planes = coarse(image, trimap)
    np.testing.assert_array_equal(planes[..., 3], planes[..., 2])
    assert not np.array_equal(planes[..., 2], planes[..., 1]) and planes[..., 9].any()


def test_a_class_too_thin_for_the_largest_picture_keeps_what_it_touches(monkeypatch):
    alpha, image, trimap = scene()
    trimap[trimap == 1] = 0.5
    trimap[36, 40:57] = 1
    monkeypatch.setattr("mattekit.baselines.coarse.PIXELS", 2_000)
    planes = coarse(image, trimap).astype(np.float32)
    assert np.abs(planes[..., 0] - alpha)[trimap == 0.5].mean() < 0.1


def test_closed_form_without_a_solution_gives_way_to_shared_matting(monkeypatch):
    def fail(image, trimap):
        raise InputError("no alpha.")

    _, image, trimap = scene()
    monkeypatch.setattr("mattekit.baselines.coarse.closed_form", fail)
    planes = coarse(image, trimap)
    np.testing.assert_array_equal(planes[..., 4], planes[..., 1])


def test_the_first_is_the_middle_of_the_next_four_smoothed_with_more_contrast():
    _, image, trimap = scene()
    blend, *plain = np.moveaxis(coarse(image, trimap)[..., :5].astype(np.float32), 2, 0)
    middle = np.sort(plain, 0)[1:3].mean(0)
    middle = smoothed(image, trimap, middle, 0.02, doubt=24, power=1.3)
    np.testing.assert_allclose(blend, np.clip((middle - 0.5) * 1.12 + 0.5, 0, 1), atol=2e-3)


def test_light_is_right_where_light_was_mixed_and_colours_say_whether_to_trust_them():
    alpha, _, trimap = scene()
    fg, bg = np.float32([0.9, 0.8, 0.6]), np.float32([0.1, 0.2, 0.1])
    image = (alpha[..., None] * fg**2.2 + (1 - alpha[..., None]) * bg**2.2) ** (1 / 2.2)
    planes = np.moveaxis(coarse(image.astype(np.float32), trimap), 2, 0)
    error = [np.abs(plane - alpha)[trimap == 0.5].mean() for plane in (planes[1], planes[5])]
    assert error[1] < 0.5 * error[0]
    apart, misfit = planes[7], planes[8]
    assert np.median(apart) == pytest.approx(np.linalg.norm(fg - bg).clip(0, 1), abs=0.1) and misfit.mean() < 0.2


def test_rows_taken_apart_give_what_all_at_once_give(monkeypatch):
    """At sizes that are no multiples of one another."""
    alpha, image, trimap = scene()
    image, trimap = image[:, :-5], trimap[:, :-5]
    monkeypatch.setattr("mattekit.baselines.coarse.PIXELS", 2_000)
    whole = coarse(image, trimap)
    monkeypatch.setattr("mattekit.baselines.coarse.AT_ONCE", 700)
    np.testing.assert_array_equal(coarse(image, trimap), whole)


def test_enlarged_rows_are_those_of_opencv():
    small = np.random.default_rng(0).random((13, 17, 3), np.float32)
    whole = cv2.resize(small, (50, 41))
    parts = [_rows(small, slice(top, min(top + 9, 41)), 41, 50) for top in range(0, 41, 9)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)
