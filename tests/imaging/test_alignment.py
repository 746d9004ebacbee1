"""Pictures of one view brought into each other's position and exposure."""

import cv2
import numpy as np
import pytest

from mattekit.imaging.alignment import align
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb


def view(size=(140, 180), seed=0):
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.random((9, 12, 3)).astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
    return (0.15 + 0.6 * coarse + 0.1 * cv2.GaussianBlur(rng.random((*size, 3)).astype(np.float32), (0, 0), 2)).clip(
        0.05, 0.95
    )


def moved(picture, shift, gains):
    matrix = np.float32([[1, 0, shift[0]], [0, 1, shift[1]]])
    there = cv2.warpAffine(picture, matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    return encode_srgb(decode_srgb(there) * np.float32(gains))


@pytest.mark.parametrize("shift", [(0, 0), (3, -2), (1.4, 2.6)])
def test_shift_and_exposure_are_undone(shift):
    target, gains = view(), (0.8, 0.9, 0.7)
    found = align(moved(target, shift, gains), target)
    inner = (slice(8, -8), slice(8, -8))
    assert found.shift == pytest.approx(np.hypot(*shift), abs=0.15)
    np.testing.assert_allclose(found.gains, 1 / np.float32(gains), rtol=0.03)
    assert np.abs(found.picture - target)[inner].mean() < 0.01


def test_a_subject_that_covers_half_of_the_view_moves_nothing():
    target = view()
    target[:, 60:150] = (0.9, 0.2, 0.3)
    found = align(moved(view(), (2, 1), (1.2, 1.2, 1.2)), target)
    assert found.shift == pytest.approx(np.hypot(2, 1), abs=0.3)
    np.testing.assert_allclose(found.gains, 1 / 1.2, rtol=0.05)


def test_a_flat_wall_stays_where_it_is():
    rng = np.random.default_rng(1)
    wall, again = (0.5 + rng.normal(0, 0.01, (60, 80, 3)).astype(np.float32) for _ in range(2))
    found = align(wall, again)
    assert found.shift < 0.5 and found.picture.shape == wall.shape
    np.testing.assert_allclose(found.gains, 1, atol=0.02)


def test_what_the_moved_picture_does_not_cover_is_told():
    found = align(moved(view(), (6, 0), (1, 1, 1)), view())
    assert found.inside[:, :170].all() and not found.inside[:, -3:].any()
