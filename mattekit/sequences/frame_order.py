"""Frames in the order of their numbers: which of many named items follow one another in a shot."""

import re
from collections.abc import Callable, Hashable, Iterable
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")

NUMBERED = re.compile(r"(.*?)(\d+)(\D*)$")


def consecutive(items: Iterable[T], place_of: Callable[[T], tuple[Hashable, str]]) -> list[list[T]]:
    """Split items into runs of frames, each in ascending order.

    Frames of one run have names that differ in the last number alone, at the smallest step of their series; after a
    gap a new run begins. An item without a number is a run of its own.

    Parameters
    ----------
    items
    place_of : function
        Returns the group, such as a folder, within which an item belongs to a series, and its name.
    """
    series: dict[tuple, list[tuple[int, T]]] = {}
    for item in items:
        group, name = place_of(item)
        match = NUMBERED.match(name)
        key = (group, match[1], match[3]) if match else (group, name)
        series.setdefault(key, []).append((int(match[2]) if match else 0, item))
    runs: list[list[T]] = []
    for frames in series.values():
        frames.sort(key=lambda frame: frame[0])
        steps = [later[0] - sooner[0] for sooner, later in pairwise(frames)]
        step = min(filter(None, steps), default=None)
        for (_, item), before in zip(frames, [None, *steps], strict=True):
            if before is not None and before == step:
                runs[-1].append(item)
            else:
                runs.append([item])
    return runs
