"""Flow between frames against motion that is known."""

import numpy as np
import pytest

from mattekit.sequences import flow

RNG = np.random.default_rng(0)


def texture(height=96, width=128):
    import cv2

    return cv2.GaussianBlur(RNG.integers(0, 255, (height, width)).astype(np.uint8), (0, 0), 1.5)


def test_a_shift_is_found_and_certain():
    wide = texture(96, 160)
    one, other = wide[:, 10:138], wide[:, 7:135]
    forth, back = flow.motion(one, other), flow.motion(other, one)
    inner = (slice(16, -16), slice(16, -16))
    np.testing.assert_allclose(np.median(forth.flow[inner], axis=(0, 1)), [3, 0], atol=0.1)
    np.testing.assert_allclose(np.median(back.flow[inner], axis=(0, 1)), [-3, 0], atol=0.1)
    assert np.median(forth.error[inner]) < 0.1


def test_what_disappears_is_uncertain():
    """A patch that is new in the second frame has no place in the first."""
    one = texture()
    other = one.copy()
    other[30:60, 50:80] = texture()[:30, :30]
    back = flow.motion(other, one)
    assert np.median(back.error[35:55, 55:75]) > 5 * np.median(back.error[5:25, 5:40]) + 0.05


def test_large_frames_are_estimated_at_a_smaller_size(monkeypatch):
    wide = texture(128, 200)
    monkeypatch.setattr(flow, "LARGEST", 128 * 160 // 4)
    forth = flow.motion(wide[:, 10:170], wide[:, 6:166])
    assert forth.flow.shape == (128, 160, 2)
    np.testing.assert_allclose(np.median(forth.flow[20:-20, 20:-20], axis=(0, 1)), [4, 0], atol=0.3)


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (15, 15)])
def test_tiny_frames_stand_still(size):
    one = np.zeros(size, np.uint8)
    forth = flow.motion(one, one)
    assert not forth.flow.any()
    assert not forth.error.any()


def test_flows_are_composed_and_lead_out():
    right, down = np.zeros((10, 12, 2), np.float32), np.zeros((10, 12, 2), np.float32)
    right[..., 0], down[..., 1] = 3, 2
    np.testing.assert_array_equal(flow.compose(right, down), right + down)
    assert flow.outside(right).sum() == 10 * 2  # from x = 10 and 11 beyond 12, a pixel past the last
    picture = np.arange(120, dtype=np.float32).reshape(10, 12)
    np.testing.assert_array_equal(flow.sample(picture, right)[:, :9], picture[:, 3:])
