"""What --check finds and what --fix changes."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mattekit.errors import InputError
from mattekit.imaging.trimap_check import check, fix


def good():
    levels = np.full((30, 40), 128, np.uint8)
    levels[:, :10] = 0
    levels[:, 30:] = 255
    return levels


def test_a_good_trimap_has_no_problem():
    report = check(good())
    assert report.problems == () and report.notes == () and report.strays == 0
    assert report.levels == {0: 300, 128: 600, 255: 300}
    assert report.shares == {"background": 0.25, "unknown": 0.5, "foreground": 0.25}
    assert report.size == (30, 40)


@pytest.mark.parametrize(("value", "name"), [(0, "background"), (128, "unknown"), (255, "foreground")])
def test_a_missing_class_is_named(value, name):
    levels = good()
    levels[levels == value] = 255 if value != 255 else 128
    assert check(levels).problems == (f"no {name} pixel",)


def test_other_grey_values_are_listed_and_count_as_unknown():
    levels = good()
    levels[0, 15:18] = 127, 127, 64
    report = check(levels)
    assert report.problems == ("values other than 0, 128 and 255: 64, 127 (3 pixels)",)
    assert report.shares["unknown"] == 0.5
    levels[1, 12:28] = range(1, 17)
    assert "18 of them, 1 to 127 (19 pixels)" in check(levels).problems[0]


@pytest.mark.parametrize("value", [0, 255])
def test_strays_are_islands_of_known_pixels_wherever_they_lie(value):
    levels = good()
    levels[5, 20] = value  # in the unknown region
    levels[9:11, 5 if value else 35] = value  # in the other class
    levels[20:23, 20:22] = value  # six pixels: not small
    report = check(levels)
    assert (report.strays, report.stray_pixels) == (2, 3)
    assert report.problems == () and report.notes == ("3 stray pixels in 2 islands",)
    assert check(levels, stray=6).stray_pixels == 9
    assert check(levels, stray=0).notes == ()


def test_pixels_that_touch_at_a_corner_are_one_island():
    levels = good()
    for k in range(6):
        levels[4 + k, 15 + k] = 255
    assert check(levels).strays == 0


@given(st.integers(0, 2**32 - 1), st.tuples(st.integers(1, 12), st.integers(1, 12)))
@settings(max_examples=50, deadline=None)
def test_fix_snaps_to_the_nearest_level(seed, size):
    levels = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
    assume(len(np.unique(levels)) > 3)  # fewer may each mean a class
    fixed = fix(levels)
    assert fixed.dtype == np.uint8
    moved = np.abs(fixed.astype(int) - levels)
    best = np.min([np.abs(levels.astype(int) - level) for level in (0, 128, 255)], axis=0)
    np.testing.assert_array_equal(moved, best)
    np.testing.assert_array_equal(fix(fixed), fixed)


def test_a_tie_becomes_unknown():
    assert fix(np.uint8([[63, 64, 191, 192]])).tolist() == [[0, 128, 128, 255]]


def test_removed_strays_become_unknown_and_the_check_agrees():
    rng = np.random.default_rng(3)
    levels = good()
    levels[rng.random(levels.shape) < 0.02] = 255
    levels[rng.random(levels.shape) < 0.02] = 0
    fixed = fix(levels, remove_strays=4)
    assert check(levels).strays > 0 and check(fixed).notes == ()
    changed = fixed != levels
    assert changed.any() and (fixed[changed] == 128).all()
    np.testing.assert_array_equal(fix(levels), levels)


def test_levels_of_another_kind_are_refused():
    with pytest.raises(InputError, match=r"\(2, 2\) float64, wanted \(H, W\) uint8"):
        check(np.zeros((2, 2)))
    with pytest.raises(InputError, match=r"\(2, 2, 3\) uint8"):
        fix(np.zeros((2, 2, 3), np.uint8))


def test_official_trimaps_have_the_three_levels_and_few_strays(shared):
    """All 18 trimaps of alphamatting.com's training set: exact levels; 7 of them hold 1 to 11 stray pixels."""
    reports = {
        (path.parent.name, path.stem): check(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
        for path in (shared / "data/alphamatting-dev").glob("trimap?/*.png")
    }
    assert len(reports) == 18
    assert all(set(report.levels) == {0, 128, 255} for report in reports.values())
    strays = {key: report.stray_pixels for key, report in reports.items() if report.strays}
    assert strays == {
        ("trimap1", "GT02"): 2,
        ("trimap1", "GT03"): 8,
        ("trimap1", "GT04"): 11,
        ("trimap1", "GT08"): 2,
        ("trimap1", "GT09"): 2,
        ("trimap2", "GT04"): 7,
        ("trimap2", "GT08"): 1,
    }
