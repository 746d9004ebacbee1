"""Trimaps of plates in front of a screen."""

import numpy as np
import pytest

from mattekit.errors import InputError
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb
from mattekit.trimap_sources import registry


def plate(screen=(0.2, 0.7, 0.25)):
    y, x = np.mgrid[:80, :100]
    alpha = np.clip(10 - np.hypot(y - 40, x - 50) / 2, 0, 1).astype(np.float32)[..., None]
    grey, behind = decode_srgb(np.float32([0.5, 0.45, 0.4])), decode_srgb(np.float32(screen))
    return encode_srgb(alpha * grey + (1 - alpha) * behind), alpha[..., 0]


def test_a_screen_is_a_source_of_trimaps():
    image, alpha = plate()
    made = registry.make("screen")(image)
    assert (made.trimap[(alpha > 0.1) & (alpha < 0.9)] == 0.5).all()
    assert alpha[made.trimap == 1].min() > 0.95 and alpha[made.trimap == 0].max() < 0.05
    assert made.facts["kind"] == "green" and np.abs(made.probability - alpha).max() < 0.05
    assert made.reason_shares().keys() == {"screen", "foreground", "mixed colours"}


def test_its_colour_can_be_named():
    image, _ = plate((0.8, 0.1, 0.6))
    assert registry.make("screen", screen="#cc1a99")(image).facts["kind"] == "#cc1a99"
    with pytest.raises(InputError, match="green or blue screen"):
        registry.make("screen")(image)
    with pytest.raises(InputError, match="nearly grey"):
        registry.make("screen", screen="white")
