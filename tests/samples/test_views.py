import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.samples.views import View, neighbourhood, pointwise, stored, window

RNG = np.random.default_rng(0)


def picture(height, width, channels=3, dtype=np.uint8):
    shape = (height, width, 3) if channels == 3 else (height, width)
    levels = RNG.integers(0, 256, shape).astype(np.uint8)
    return levels if dtype == np.uint8 else (levels / np.float32(255)).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_view_answers_any_places(channels, dtype):
    pixels = picture(9, 12, channels, dtype)
    rows, columns = RNG.integers(0, 9, (4, 5), np.int32), RNG.integers(0, 12, (4, 5), np.int32)
    assert np.array_equal(stored(pixels).at(rows, columns), pixels[rows, columns])
    rows, columns = np.array([[5], [2]], np.int32), np.array([[1, 3, 2]], np.int32)
    assert np.array_equal(stored(pixels).at(rows, columns), pixels[rows, columns])


def test_views_of_read_only_strided_and_boolean_arrays():
    pixels = picture(6, 7)[:, :, ::-1]
    pixels.flags.writeable = False
    rows, columns = RNG.integers(0, 6, (3, 3), np.int32), RNG.integers(0, 7, (3, 3), np.int32)
    assert np.array_equal(stored(pixels).at(rows, columns), pixels[rows, columns])
    mask = picture(6, 7, 1) > 99
    assert np.array_equal(stored(mask).at(rows, columns), mask[rows, columns])


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_a_window_is_a_slice(data):
    pixels = picture(10, 8)
    top, left = data.draw(st.integers(0, 9)), data.draw(st.integers(0, 7))
    height, width = data.draw(st.integers(1, 10 - top)), data.draw(st.integers(1, 8 - left))
    wanted = pixels[top : top + height, left : left + width]
    assert np.array_equal(window(pixels, top, left, height, width), wanted)
    view = window(stored(pixels), top, left, height, width)
    assert isinstance(view, View) and np.array_equal(view, wanted)


def test_functions_of_a_pixel_see_floats_and_only_the_pixels_asked_for():
    pixels, seen = picture(50, 60), []

    def half(values):
        seen.append(values.size)
        return values / 2

    view = window(pointwise(half, stored(pixels)), 10, 10, 3, 4)
    assert np.array_equal(view, pixels[10:13, 10:14].astype(np.float32) / np.float32(255) / 2)
    assert max(seen) == 3 * 4 * 3


def test_functions_of_a_neighbourhood_give_the_same_in_a_window():
    import cv2

    mask = (picture(60, 70, 1) > 20).astype(np.uint8)
    kernel = np.ones((7, 7), np.uint8)
    view = neighbourhood(lambda part: cv2.erode(part, kernel), stored(mask), 3)
    whole = cv2.erode(mask, kernel)
    for box in ((0, 0, 60, 70), (20, 30, 9, 11), (51, 60, 9, 10)):
        top, left, height, width = box
        assert np.array_equal(window(view, *box), whole[top : top + height, left : left + width])
