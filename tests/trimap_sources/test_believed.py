"""What a network is sure of stays known deep inside, whatever the colours there look like."""

import numpy as np
import pytest

from mattekit.trimap_sources import believed
from mattekit.trimap_sources.believed import Reach, sourced
from mattekit.trimap_sources.mask import REASONS, adaptive_trimap

REACH = Reach(0.05, 0.1)


@pytest.fixture
def head():
    """A face with hair of the background's colour around it and a sure probability; the distance to its edge."""
    distance = np.hypot(*np.ogrid[-60:60:120j, -80:80:160j])
    dark, skin = np.float32([0.05, 0.05, 0.06]), np.float32([0.8, 0.6, 0.5])
    image = np.where((distance < 22)[..., None], skin, dark) + np.random.default_rng(0).normal(0, 0.01, (120, 160, 3))
    return image.clip(0, 1).astype(np.float32), np.float32(distance < 45), 45 - distance


@pytest.fixture
def opening(monkeypatch):
    """Trimaps of masks that are unknown wherever a ring around the mask's edge reaches, as among like colours."""

    def wide(image, probability, *, band):
        return plain(image, probability, band=30 if band == "auto" else band)

    plain = adaptive_trimap
    monkeypatch.setattr(believed, "adaptive_trimap", wide)
    return wide


def test_hair_of_the_backgrounds_colour_is_not_opened_up_deep_inside(head, opening):
    image, probability, depth = head
    opened = opening(image, probability, band="auto")[0]
    made = sourced(image, probability, "auto", REACH, {"a": 1})
    assert (opened[depth > 8] == 0.5).mean() > 0.2  # what it is about
    assert (made.trimap[depth > 8] == 1).all() and (made.trimap[np.abs(depth) < 2] == 0.5).mean() > 0.9
    near = (depth < 4) & (depth > -10)
    np.testing.assert_array_equal(made.trimap[near], opened[near])
    assert [REASONS[each] for each in np.unique(made.reasons[depth > 8])] == ["foreground"]
    assert made.facts == {"a": 1} and made.probability is probability


def test_unsure_places_inside_and_bands_of_a_width_stay_as_they_are(head, opening):
    image, probability, _ = head
    doubtful = probability.copy()
    doubtful[55:65, 75:85] = 0.6
    made, opened = sourced(image, doubtful, "auto", REACH, {}).trimap, opening(image, doubtful, band="auto")[0]
    np.testing.assert_array_equal(made[52:68, 72:88], opened[52:68, 72:88])
    wide = sourced(image, probability, "30", REACH, {})
    np.testing.assert_array_equal(wide.trimap, adaptive_trimap(image, probability, band="30")[0])


def test_a_ground_like_the_subject_is_not_taken_in_far_outside(head, opening):
    """Hair runs into a ground of its colour; what lies farther out than single hairs stays background."""
    image, probability, depth = head
    made = sourced(image, probability, "auto", REACH, {})
    assert (made.trimap[depth < -14] == 0).all()
    assert [REASONS[each] for each in np.unique(made.reasons[depth < -14])] == ["background"]
