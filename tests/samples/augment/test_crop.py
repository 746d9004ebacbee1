import numpy as np
import pytest

from mattekit.samples.augment import STEPS
from mattekit.samples.sample import Sample


def marked(height, width, pixels):
    """A sample with the places themselves as its colours, unknown at some pixels."""
    trimap = np.zeros((height, width), np.float32)
    trimap[tuple(np.transpose(pixels))] = 0.5
    places = np.zeros((height, width, 3), np.float32)
    places[..., 0], places[..., 1] = np.arange(height)[:, None] / 1000, np.arange(width)[None] / 1000
    return Sample(alpha=trimap, image=places, trimap=trimap)


def crop(given, seed=0, **arguments):
    return STEPS["crop"](given, np.random.default_rng(seed), **{"interpolation": "nearest"} | arguments)


def corner(cropped):
    return tuple(np.rint(cropped.image[0, 0, :2] * 1000).astype(int))


@pytest.mark.parametrize("rule", ["indexnet", "a2u"])
def test_the_square_lies_about_an_unknown_pixel(rule):
    spots = [(50 + i, 60) for i in range(12)]
    seen = {corner(crop(marked(120, 150, spots), seed, size=32, rule=rule, scales=(1.0,))) for seed in range(150)}
    assert seen == {(row - 16, column - 16) for row, column in spots}


def test_indexnet_prefers_squares_inside_and_moves_others_in():
    near, inner = (3, 140), (60, 70)
    for seed in range(5):
        assert corner(crop(marked(120, 150, [near, inner]), seed, size=32, scales=(1.0,))) == (44, 54)
        assert corner(crop(marked(120, 150, [near]), seed, size=32, scales=(1.0,))) == (0, 118)


def test_indexnet_draws_among_the_sides_that_fit():
    sides = set()
    for seed in range(40):
        cropped = crop(marked(70, 150, [(35, 70)]), seed, size=32, interpolation="linear")
        assert cropped.size == (32, 32)
        sides.add(round((cropped.image[0, -1, 1] - cropped.image[0, 0, 1]) * 1000 * 32 / 31))
    assert sides == {32, 48, 64}
    assert {round((crop(marked(70, 150, [(9, 9)]), s, size=64).image[-1, 0, 0]) * 1000) for s in range(5)} == {63}


def test_small_samples_are_enlarged_first():
    cropped = crop(marked(20, 30, [(10, 15)]), size=32, scales=(1.0,))  # to 50 x 75, as 500 to 320
    assert cropped.size == (32, 32) and np.ptp(cropped.image[..., 0]) * 1000 == pytest.approx(12, abs=1)
    cropped = crop(marked(20, 30, [(10, 15)] * 12), size=32, rule="a2u")  # to 35 x 52, 1.1 times 32
    assert np.ptp(cropped.image[..., 0]) * 1000 == pytest.approx(31 * 20 / 35, abs=1)


def test_a2u_goes_anywhere_if_little_is_unknown_and_takes_all_if_nothing_is():
    few = {corner(crop(marked(60, 60, [(30, 30)]), seed, size=32, rule="a2u")) for seed in range(20)}
    assert len(few) > 5
    whole = crop(marked(60, 90, np.empty((0, 2), int)), size=32, rule="a2u")
    assert whole.size == (32, 32) and np.ptp(whole.image[..., 1]) * 1000 > 85


def test_without_a_trimap_soft_alpha_is_unknown():
    alpha = np.zeros((90, 90), np.uint8)
    alpha[:, 45:] = 255
    alpha[40, 50] = 7
    given = Sample(alpha=alpha, image=marked(90, 90, [(0, 0)]).image)
    assert corner(crop(given, size=32, scales=(1.0,))) == (24, 34)


def test_lsas_squares_have_their_range_of_sides_and_nearly_always_enough_soft_pixels():
    alpha = np.zeros((200, 200), np.float32)
    alpha[20:180, 20:180] = 1
    alpha[20:180, 20:60] = 0.5  # far from most pixels of alpha > 0
    given = Sample(alpha=alpha, image=marked(200, 200, [(0, 0)]).image)
    crops = [crop(given, seed, size=64, rule="lsa", interpolation="linear") for seed in range(60)]
    sides = [float(np.ptp(each.image[..., 1])) * 1000 * 64 / 63 for each in crops]
    assert all(each.size == (64, 64) for each in crops)
    assert 47 < min(sides) < 52 and 76 < max(sides) < 81
    enough = [((each.alpha > 0) & (each.alpha < 1)).mean() >= 0.8 * 0.16 for each in crops]
    assert np.mean(enough) > 0.85  # a square about any pixel of alpha > 0 has so many in about half of the cases


def test_all_pictures_are_cut_alike():
    given = marked(120, 150, [(60, 70)])
    given.prior = given.image[..., 0]
    cropped = crop(given, size=32, scales=(1.0,))
    assert np.array_equal(cropped.prior, cropped.image[..., 0]) and cropped.trimap[16, 16] == 0.5
