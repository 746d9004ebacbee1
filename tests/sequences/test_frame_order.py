"""Frames follow one another by their last number, at the step of their series."""

import pytest

from mattekit.sequences.frame_order import consecutive


@pytest.mark.parametrize(
    ("names", "runs"),
    [
        (["s.10", "s.9", "s.8"], [["s.8", "s.9", "s.10"]]),
        (["s.1", "s.2", "s.4", "s.5"], [["s.1", "s.2"], ["s.4", "s.5"]]),
        (["s.1", "s.3", "s.5"], [["s.1", "s.3", "s.5"]]),
        (["a1x", "a2x", "a1y"], [["a1x", "a2x"], ["a1y"]]),
        (["still", "s.1", "s.2"], [["still"], ["s.1", "s.2"]]),
        (["s.1", "s.01", "s.2"], [["s.1"], ["s.01", "s.2"]]),  # one number twice does not make a step of 0
    ],
)
def test_runs_of_frames(names, runs):
    assert consecutive(names, lambda name: ("", name)) == runs


def test_groups_are_apart():
    items = [("a", "s.1"), ("b", "s.2"), ("a", "s.2")]
    assert consecutive(items, lambda item: item) == [[("a", "s.1"), ("a", "s.2")], [("b", "s.2")]]
