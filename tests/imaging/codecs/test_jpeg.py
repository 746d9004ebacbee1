import numpy as np

from mattekit.imaging.codecs.encode import through_jpeg


def test_a_grey_picture_survives_and_detail_suffers_by_quality():
    grey = np.full((32, 48, 3), 128 / 255, np.float32)
    assert np.array_equal(through_jpeg(grey, 90), grey)
    noise = np.repeat(np.random.default_rng(0).random((32, 48, 1), np.float32), 3, axis=2)
    low, high = (np.abs(through_jpeg(noise, quality) - noise).mean() for quality in (10, 100))
    assert high < low / 2


def test_channels_keep_their_order():
    red = np.zeros((16, 16, 3), np.float32)
    red[..., 0] = 1
    assert np.abs(through_jpeg(red, 95) - red).max() < 0.05
