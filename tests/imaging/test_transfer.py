"""Curves that take light of any strength into 0..1."""

from typing import get_args

import numpy as np
import pytest

from mattekit.cli import mattes
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb
from mattekit.imaging.transfer import TRANSFERS, bounded


def _ramp(strongest: float) -> np.ndarray:
    light = np.linspace(0, strongest, 4001, dtype=np.float32)
    return encode_srgb(np.repeat(light[None, :, None], 3, axis=2))


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("strongest", [0.3, 1.0, 4.0, 900.0])
def test_values_are_in_range_and_never_fall(transfer, strongest):
    seen = bounded(_ramp(strongest), transfer)
    assert seen.dtype == np.float32
    assert seen.min() >= 0
    assert seen.max() <= 1
    assert (np.diff(seen[0, :, 0]) >= 0).all()


@pytest.mark.parametrize("transfer", ["auto", "linear", "log"])
def test_highlights_stay_apart(transfer):
    seen = bounded(encode_srgb(np.float32([[[1.0] * 3, [2.0] * 3, [8.0] * 3]])), transfer)[0, :, 0]
    assert seen[0] < seen[1] - 0.02 < seen[2] - 0.04


def test_auto_leaves_an_image_without_highlights_as_it_is():
    image = _ramp(1.0).clip(0, 1)
    assert bounded(image) is image


def test_auto_keeps_values_below_the_knee():
    image = _ramp(6.0)
    dark = image <= 0.75
    np.testing.assert_array_equal(bounded(image)[dark], image[dark])


def test_linear_is_light_up_to_white():
    image = _ramp(1.0).clip(0, 1)
    np.testing.assert_allclose(bounded(image, "linear"), decode_srgb(image), atol=1e-6)


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_negative_light_becomes_black(transfer):
    assert bounded(encode_srgb(np.float32([[[-0.5, 0.2, 3.0]]])), transfer)[0, 0, 0] == 0


def test_options_offer_every_curve():
    assert set(get_args(get_args(mattes.Transfer)[0])) == set(TRANSFERS)
