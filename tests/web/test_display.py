"""Pictures as the page shows them: 8 bits as they are, light beyond 1 in order, dark pictures brighter."""

import numpy as np
import pytest

from mattekit.imaging.io import Picture
from mattekit.web.display import shown


def ramp(high):
    return np.broadcast_to(np.linspace(0, high, 64, dtype=np.float32)[None, :, None], (32, 64, 3)).copy()


def test_pictures_in_range_are_shown_as_they_are():
    for depth in ("8", "16"):
        pixels, note = shown(Picture(ramp(1), depth))
        assert pixels.dtype == np.uint8 and note == ""
        assert np.abs(pixels[0, :, 0] - ramp(1)[0, :, 0] * 255).max() <= 0.5


def test_light_beyond_1_keeps_its_order_below_white():
    pixels, note = shown(Picture(ramp(3), "float"))
    row = pixels[0, :, 0].astype(int)
    assert "beyond" in note and (np.diff(row) >= 0).all() and (np.diff(row) > 0).mean() > 0.9 and row[-1] >= 250


@pytest.mark.parametrize(("depth", "brighter"), [("8", False), ("16", True), ("float", True)])
def test_dark_pictures_of_more_than_8_bits_are_shown_brighter(depth, brighter):
    pixels, note = shown(Picture(ramp(0.1), depth))
    assert (pixels.max() > 200) == brighter and ("brighter" in note) == brighter


def test_black_stays_black():
    assert shown(Picture(np.zeros((4, 4, 3), np.float32), "16"))[0].max() == 0
