"""Means, groups, ranks and order, computed by hand."""

import pytest

from mattekit.evaluation.summary import group, mean, ranks, summarise, worst_images
from mattekit.pairing import natural


def test_ties_share_the_average_of_their_places():
    scores = {
        "a": {"x": {"sad": 1.0}, "y": {"sad": 5.0}},
        "b": {"x": {"sad": 1.0}, "y": {"sad": 2.0}},
        "c": {"x": {"sad": 3.0}, "y": {"sad": 4.0}},
    }
    found = ranks(scores, ["x", "y"], ["sad"])
    assert {method: rank["sad"] for method, rank in found.items()} == {"a": 2.25, "b": 1.25, "c": 2.5}


def test_images_with_an_undefined_value_rank_nobody():
    scores = {"a": {"x": {"mse": None}, "y": {"mse": 2.0}}, "b": {"x": {"mse": None}, "y": {"mse": 1.0}}}
    assert ranks(scores, ["x", "y"], ["mse"]) == {"a": {"mse": 2.0}, "b": {"mse": 1.0}}
    assert ranks(scores, ["x"], ["mse"]) == {"a": {"mse": None}, "b": {"mse": None}}


def test_means_are_over_defined_values_and_do_not_depend_on_order():
    images = {"x": {"sad": 1e16, "mse": None}, "y": {"sad": 1.0, "mse": 3.0}, "z": {"sad": -1e16, "mse": 5.0}}
    for names in ("xyz", "zxy", "yzx"):
        assert mean(images, names, ["sad", "mse"]) == {"sad": 1 / 3, "mse": 4.0}
    assert mean(images, ["x"], ["mse"]) == {"mse": None}


def test_names_sort_as_people_count():
    names = ["b2", "a10", "A9", "a9_11", "a9_2", "10", "9"]
    assert sorted(names, key=natural) == ["9", "10", "A9", "a9_2", "a9_11", "a10", "b2"]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        (r"^(\w+)_\d+$", {"cat": ["cat_1", "cat_2"], "dog": ["dog_1"], "(other)": ["fox"]}),
        (r"cat|dog", {"cat": ["cat_1", "cat_2"], "dog": ["dog_1"], "(other)": ["fox"]}),
        (r"(cat)?", {"cat": ["cat_1", "cat_2"], "(other)": ["dog_1", "fox"]}),
    ],
)
def test_groups_are_named_by_what_the_expression_finds(pattern, wanted):
    assert group(["cat_1", "cat_2", "dog_1", "fox"], pattern) == wanted
    assert list(group(["fox", "dog_1", "cat_1", "cat_2"], pattern)) == list(wanted)


def test_worst_images_leave_out_undefined_values():
    images = {"x": {"mse": None}, "y10": {"mse": 2.0}, "y9": {"mse": 2.0}, "z": {"mse": 3.0}}
    assert worst_images(images, "mse") == ["z", "y9", "y10"]


def test_a_method_without_any_score_has_no_mean():
    found = summarise({"a": {"x": {"sad": 1.0}}, "b": {}}, ["sad"])
    assert found["compared"] == []
    assert [method["mean"] for method in found["methods"]] == [{"sad": None}, {"sad": None}]
