"""Each paper's random trimap, against the rule written out plainly with scipy and OpenCV."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from mattekit.errors import InputError
from mattekit.imaging.trimap_random import RULES, generator, random_from_alpha


class Fixed:
    """Stands in for a Generator: hands out the numbers it was given and notes what was asked."""

    def __init__(self, *numbers):
        self.numbers, self.asked = list(numbers), []

    def integers(self, low, high):
        self.asked.append((low, high))
        return self.numbers.pop(0)


@pytest.fixture(scope="module")
def alpha():
    """Hair-like lines, a soft disc and a hard-edged square, in 8-bit steps."""
    canvas = np.zeros((90, 130), np.uint8)
    cv2.rectangle(canvas, (95, 20), (125, 60), 255, -1)
    cv2.circle(canvas, (45, 45), 30, 255, -1)
    soft = cv2.GaussianBlur(canvas, (9, 9), 2.0)
    soft[:, 88:] = canvas[:, 88:]
    for k in range(6):
        cv2.line(soft, (40 + 4 * k, 20), (20 + 12 * k, 2), 120, 1)
    return soft


def scaled(alpha):
    return alpha / np.float32(255)


@pytest.mark.parametrize("radius", [1, 7, 19])
def test_indexnet_widens_soft_pixels_by_one_euclidean_distance(alpha, radius):
    rng = Fixed(radius)
    trimap = random_from_alpha(scaled(alpha), rng, "indexnet")
    far = distance_transform_edt((alpha == 0) | (alpha == 255))
    expected = np.where(far <= radius, 0.5, alpha / 255)
    np.testing.assert_array_equal(trimap, expected)
    assert rng.asked == [(1, 20)]


@pytest.mark.parametrize(("at_bg", "at_fg"), [(1, 24), (24, 1), (9, 13)])
def test_lsa_widens_soft_pixels_by_a_distance_for_each_side(alpha, at_bg, at_fg):
    rng = Fixed(at_bg, at_fg)
    trimap = random_from_alpha(scaled(alpha), rng, "lsa")
    far = distance_transform_edt((alpha == 0) | (alpha == 255))
    unknown = ((far <= at_bg) & (alpha < 255)) | ((far <= at_fg) & (alpha == 255))
    np.testing.assert_array_equal(trimap, np.where(unknown, 0.5, alpha / 255))
    assert rng.asked == [(1, 25), (1, 25)]


@pytest.mark.parametrize("rule", ["a2u", "dim"])
@pytest.mark.parametrize(("at_bg", "at_fg"), [(1, 29), (29, 1), (8, 15)])
def test_a2u_erodes_both_known_regions_by_ellipses(alpha, rule, at_bg, at_fg):
    rng = Fixed(at_bg, at_fg)
    trimap = random_from_alpha(scaled(alpha), rng, rule)
    kernels = [cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k)) for k in (at_bg, at_fg)]
    expected = np.full(alpha.shape, 0.5)
    expected[cv2.erode((alpha == 255).astype(np.uint8), kernels[1]) == 1] = 1
    expected[cv2.erode((alpha == 0).astype(np.uint8), kernels[0]) == 1] = 0
    np.testing.assert_array_equal(trimap, expected)
    assert rng.asked == [(1, 30), (1, 30)]


@pytest.mark.parametrize("rule", RULES)
def test_draws_cover_the_whole_range_of_the_paper(rule):
    """3000 draws meet every width from 1 to the largest and no other; seen on a single soft pixel."""
    alpha = np.zeros((1, 401), np.float32)
    alpha[0, 200] = 0.5
    counts = {int((random_from_alpha(alpha, generator(0, str(i)), rule) == 0.5).sum()) for i in range(3000)}
    if RULES[rule].shape == "kernel":
        assert counts == set(range(1, RULES[rule].largest + 1))
    else:
        assert counts == {2 * n + 1 for n in range(1, RULES[rule].largest + 1)}


@pytest.mark.parametrize("rule", ["indexnet", "lsa"])
def test_rules_by_distance_leave_a_hard_edge_hard(rule):
    alpha = np.zeros((30, 30), np.float32)
    alpha[:, 15:] = 1
    np.testing.assert_array_equal(random_from_alpha(alpha, generator(0, "a"), rule), alpha)


def test_draws_depend_on_seed_and_name_alone():
    first = generator(7, "cat").integers(1 << 40, size=4).tolist()
    assert generator(7, "cat").integers(1 << 40, size=4).tolist() == first
    assert generator(8, "cat").integers(1 << 40, size=4).tolist() != first
    assert generator(7, "dog").integers(1 << 40, size=4).tolist() != first


def test_an_unknown_rule_is_refused_with_the_choices():
    with pytest.raises(InputError, match="'gca' is unknown. Choose from indexnet, a2u, lsa, dim"):
        random_from_alpha(np.zeros((2, 2)), generator(0, "a"), "gca")
