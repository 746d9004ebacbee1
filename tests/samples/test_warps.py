import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.samples.augment.geometry import about_centre, scaling
from mattekit.samples.views import stored, warped, window

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (37, 53, 3), np.uint8)
# Smooth, as interpolations of different precision differ by much on noise.
SMOOTH = cv2.GaussianBlur(RNG.integers(0, 256, (37, 53, 3), np.uint8), (0, 0), 3)


@pytest.mark.parametrize("size", [(37, 53), (74, 106), (20, 90), (111, 31)])
def test_nearest_scaling_is_opencvs_exact_one(size):
    wanted = cv2.resize(COLOURS, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    assert np.array_equal(warped(COLOURS, scaling((37, 53), size), size, "nearest"), wanted)


@pytest.mark.parametrize("code, name", [(cv2.INTER_LINEAR, "linear"), (cv2.INTER_CUBIC, "cubic")])
@pytest.mark.parametrize("size", [(74, 106), (60, 41), (20, 30)])
def test_scaling_is_opencvs_to_its_precision(size, code, name):
    wanted = cv2.resize(SMOOTH, size[::-1], interpolation=code).astype(int)
    assert np.abs(warped(SMOOTH, scaling((37, 53), size), size, name) - wanted).max() <= 1


def test_a_half_turn_about_the_centre_mirrors_both_axes():
    for pixels in (COLOURS, COLOURS[..., 0], np.float32(COLOURS) / 255):
        for way in ("nearest", "linear", "cubic"):
            turned = warped(pixels, about_centre(-np.eye(2), (37, 53)), (37, 53), way, "zero")
            assert np.abs(turned.astype(float) - pixels[::-1, ::-1]).max() < 1e-6


@pytest.mark.parametrize("border, mode", [("edge", "edge"), ("zero", "constant"), ("reflect", "reflect")])
def test_what_lies_outside_is_as_numpy_pads(border, mode):
    shift = np.array([[1, 0, -90], [0, 1, -80]])  # further out than the picture is large
    moved = warped(COLOURS, shift, (37 + 160, 53 + 180), "nearest", border)
    assert np.array_equal(moved, np.pad(COLOURS, ((80, 80), (90, 90), (0, 0)), mode=mode))


def test_cubic_floats_stay_in_range():
    step = np.zeros((8, 8), np.float32)
    step[:, 4:] = 1
    grown = warped(step, scaling((8, 8), (64, 64)), (64, 64), "cubic")
    assert grown.min() == 0 and grown.max() == 1


@given(st.integers(0, 2**32), st.sampled_from(["nearest", "linear", "cubic"]), st.sampled_from(["edge", "zero"]))
@settings(max_examples=40, deadline=None)
def test_chains_give_in_a_window_what_they_give_as_a_whole(seed, way, border):
    """Windows of moved pictures of moved pictures hold the very numbers that whole pictures hold."""
    rng = np.random.default_rng(seed)
    first, second = (about_centre(rng.uniform(-1.3, 1.3, (2, 2)), size) for size in ((37, 53), (41, 29)))
    whole = warped(warped(COLOURS, first, (41, 29), way, border), second, (50, 60), "nearest", border)
    lazy = warped(warped(stored(COLOURS), first, (41, 29), way, border), second, (50, 60), "nearest", border)
    top, left = rng.integers(0, 30, 2)
    assert np.array_equal(window(lazy, top, left, 15, 17), whole[top : top + 15, left : left + 17])
