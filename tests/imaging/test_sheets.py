"""Sheets that compare alphas: aligned panels, errors in the right place and colour, words that can be read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.imaging.sheets import (
    GAP,
    LINE,
    NARROWEST,
    OUTLINE,
    SCALES,
    Cell,
    error_map,
    fit,
    heat,
    legend,
    measure,
    outline,
    panel_size,
    resize,
    sheet,
    with_cutouts,
    with_errors,
    write,
)


def scene(size):
    """A grey image, and a truth of one half."""
    truth = np.zeros(size, np.float32)
    truth[:, size[1] // 2 :] = 1
    trimap = truth.copy()
    trimap[:, size[1] // 4 : -size[1] // 4] = 0.5
    return np.full((*size, 3), 0.3, np.float32), trimap, truth


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=80), st.integers(NARROWEST, 500))
@settings(max_examples=50, deadline=None)
def test_a_text_fits_its_strip_and_is_never_smaller_than_can_be_read(text, width):
    shown, scale = fit(text, width)
    assert measure(shown, scale) <= width and scale in SCALES
    assert shown == text or (measure(text, SCALES[-1]) > width and "..." in shown)


def test_a_name_is_shortened_in_its_middle():
    shown, _ = fit("a-model-of-a-very-long-name-with-many-words-and-more.safetensors", NARROWEST)
    assert shown.startswith("a-model") and shown.endswith(".safetensors"[-8:])


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_words_are_black_on_white_where_they_should_be(place):
    strip = np.ones((LINE, 300, 3), np.float32)
    write(strip, "alpha", place)
    inked = np.flatnonzero((strip < 0.5).any((0, 2)))
    assert strip.min() < 0.1 and strip.max() == 1
    assert abs(inked.mean() - (inked[-1] - inked[0]) / 2 - place * (300 - (inked[-1] - inked[0]))) < 8


@pytest.mark.parametrize("size", [(24, 32), (480, 640), (40, 3), (2000, 100), (1, 1)])
@pytest.mark.parametrize("count", [1, 3])
def test_panels_stand_in_columns_with_white_between(size, count):
    image, trimap, truth = scene(size)
    alphas = {f"model {i}": truth for i in range(count)}
    made = with_errors(image, trimap, truth, alphas, {name: ["SAD 1", "Grad 2"] for name in alphas})
    height, width = panel_size(size)
    column = max(width, NARROWEST)
    assert made.shape[1] == GAP + (2 + count) * (column + GAP)
    assert made.shape[0] == 3 * GAP + 2 * max(height, 0) + (max(60, height) - height) + 3 * LINE
    gaps = np.concatenate([made[:, i * (column + GAP) :][:, :GAP] for i in range(3 + count)], 1)
    assert (gaps == 1).all() and (made[:GAP] == 1).all() and (made[-GAP:] == 1).all()
    left = GAP + (column - width) // 2
    np.testing.assert_allclose(made[GAP : GAP + height, left : left + width], 0.3, atol=1e-6)


def test_small_pictures_are_enlarged_by_whole_numbers_and_large_ones_reduced():
    assert panel_size((24, 32)) == (360, 480)
    assert panel_size((300, 400)) == (300, 400)
    assert panel_size((6000, 3000)) == (480, 240)
    picture = np.random.default_rng(0).random((5, 7)).astype(np.float32)
    np.testing.assert_array_equal(resize(picture, (15, 21))[1::3, 1::3, 0], picture)


def test_rows_of_unequal_pictures_share_columns():
    small, large = np.zeros((10, 20, 3), np.float32), np.zeros((30, 300, 3), np.float32)
    made = sheet([[Cell(small, ["a"]), Cell(large, [])], [Cell(large, []), Cell(small, ["b", "c"])]])
    assert made.shape == (3 * GAP + 60 + 3 * LINE, 3 * GAP + 600, 3)
    assert (made[GAP : GAP + 10, GAP + 140 : GAP + 160] == 0).all()  # in the middle of its column


def test_errors_are_black_where_there_are_none_and_hottest_from_a_half_on():
    colours = heat(np.float32([[0, 0.1, 0.3, 0.5, 1]]))[0]
    assert (np.diff(colours.sum(1))[:3] > 0).all()
    np.testing.assert_array_equal(colours[3], colours[4])
    assert colours[0].max() < 0.02 and colours[4].min() > 0.6


def test_an_error_map_shows_the_error_and_outlines_the_unknown_region():
    _, trimap, truth = scene((40, 60))
    alpha = truth.copy()
    alpha[20, 30] = 0
    made = error_map(alpha, truth, trimap, (40, 60))
    np.testing.assert_array_equal(made[20, 30], heat(np.float32([[1]]))[0, 0])
    line = (made == np.float32(OUTLINE)).all(2)
    assert line.sum() == 2 * 40 and not (line & (trimap == 0.5)).any()  # a column on either side


def test_the_outline_is_one_pixel_wide_at_the_size_of_the_panel():
    region = np.zeros((600, 800), bool)
    region[100:500, 200:600] = True
    line = outline(region, (150, 200))
    assert line.sum() == 4 * 100 + 4 and not outline(region, (150, 200))[30:120, 55:145].any()


def test_the_legend_runs_from_no_error_to_the_hottest():
    picture = legend((100, 300))
    assert picture.shape == (100, 300, 3)
    np.testing.assert_array_equal(picture[50, [0, -1]], heat(np.float32([[0, 1]]))[0])


def test_cut_outs_stand_on_a_checkerboard_under_their_alphas():
    image, trimap, truth = scene((60, 480))
    made = with_cutouts(image, trimap, {"a": truth}, {"a": image})
    below = made[2 * GAP + 60 + LINE :, 2 * GAP + 480 :][:60, :480]
    np.testing.assert_allclose(below[:, 240:], 0.3, atol=1e-6)
    assert set(np.unique(below[:, :240])) == {np.float32(0.5), np.float32(0.8)}
