import pytest

from mattekit.datasets import plan
from mattekit.errors import InputError
from mattekit.imaging.trimap_random import RULES


@pytest.mark.parametrize(
    ("name", "split", "images"),
    [
        ("aim", "train", 43_100),
        ("composition-1k", "test", 1000),
        ("distinctions-646", "train", 59_600),
        ("distinctions-646", "test", 1000),
    ],
)
def test_the_published_sets_have_their_published_sizes(name, split, images):
    """IndexNet, section 5.1: 43,100 training images from 431 foregrounds, 1000 test images; A2U, section 6.2."""
    found, row = plan.find_preset(name, split)
    assert found == split and row.foregrounds * row.per_foreground == images and row.truncate


def test_every_row_names_a_rule_for_trimaps():
    assert all(row.trimap in RULES for splits in plan.PRESETS.values() for row in splits.values())


def test_unknown_presets_and_splits_are_answered_with_the_known_ones():
    with pytest.raises(InputError, match="preset coco: unknown. Choose from aim, composition-1k"):
        plan.find_preset("coco")
    with pytest.raises(InputError, match="preset aim: no split test. It has train"):
        plan.find_preset("aim", "test")
    assert plan.find_preset("composition-1k")[0] == "test"
