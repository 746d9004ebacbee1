import cv2
import numpy as np
import pytest

from mattekit.synthetic import texture


@pytest.mark.parametrize("family", texture.FAMILIES)
def test_colours_lie_in_their_family(family):
    colours = texture.draw_colours(np.random.default_rng(1), 500, (family,), spread=1.0)
    (_, (low, high), (dark, bright)) = texture.FAMILIES[family]
    value, saturation = colours.max(1), 1 - colours.min(1) / np.maximum(colours.max(1), 1e-6)
    assert colours.dtype == np.float32
    assert (value >= dark - 1e-5).all() and (value <= bright + 1e-5).all()
    shown = value > 0.01
    assert (saturation[shown] >= low - 1e-3).all() and (saturation[shown] <= high + 1e-3).all()


def test_hue_follows_the_colour_circle():
    """cv2 converts the drawn colours back to hues within the family's."""
    colours = texture.draw_colours(np.random.default_rng(1), 200, ("foliage",), spread=1.0)
    hue = cv2.cvtColor(colours[None], cv2.COLOR_RGB2HSV)[0, :, 0]
    assert hue.min() >= 55 - 0.1 and hue.max() <= 140 + 0.1 and np.ptp(hue) > 40
