"""Colours, covering pictures and contact sheets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mattekit.errors import InputError
from mattekit.imaging import background
from mattekit.imaging.sheets import GAP, contact_sheet


@pytest.mark.parametrize(("name", "rgb"), [("white", (1, 1, 1)), ("#f00", (1, 0, 0)), ("#0000ff", (0, 0, 1))])
def test_colours_go_by_name_or_number(name, rgb):
    assert background.colour(name) == rgb


def test_what_is_no_colour_is_refused_with_advice():
    with pytest.raises(InputError, match="blurple.*neither"):
        background.colour("blurple")


@given(*[st.integers(1, 40)] * 4)
def test_covering_fills_every_size_without_leaving_the_range(height, width, target_height, target_width):
    picture = np.random.default_rng(0).random((height, width, 3), np.float32)
    covered = background.cover(picture, (target_height, target_width))
    assert covered.shape == (target_height, target_width, 3)
    assert picture.min() <= covered.min() and covered.max() <= picture.max()


def test_covering_keeps_proportions_and_the_middle():
    picture = np.zeros((10, 30, 3), np.float32)
    picture[:, 10:20] = 1  # the middle square
    assert (background.cover(picture, (10, 10)) == 1).all()


def test_a_contact_sheet_shows_every_stage_in_order():
    size = (20, 30)
    image, fg, new = (np.full((*size, 3), value, np.float32) for value in (0.1, 0.6, 0.9))
    alpha, trimap = np.ones(size, np.float32), np.full(size, 0.5, np.float32)
    sheet = contact_sheet(image, trimap, alpha, fg, new)
    assert sheet.shape == (20, 5 * 30 + 4 * GAP, 3)
    middles = sheet[10, 15 :: 30 + GAP, 0]
    assert np.allclose(middles, [0.1, 0.5, 1, 0.6, 0.9])


def test_large_pictures_are_reduced_in_a_contact_sheet():
    image = np.zeros((100, 200, 3), np.float32)
    sheet = contact_sheet(image, image[..., 0], image[..., 0], image, panel=50)
    assert sheet.shape == (25, 4 * 50 + 3 * GAP, 3)
