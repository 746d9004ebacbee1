"""Sequences among items to be scored: which frame comes before which."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from mattekit.errors import InputError
from mattekit.evaluation.items import Item
from mattekit.sequences.frame_order import consecutive

OF_SEQUENCE = r"^(.*?)[._ -]?\d+\D*$"  # the sequence in the name of an item, for groups of means


def link(items: Sequence[Item]) -> list[Item]:
    """Tell each item the frame before it: that of the next lower number at the sequence's step, in the same folder.

    Frames of one sequence have names that differ in the last number alone. After a gap a sequence begins anew.

    Raises
    ------
    InputError
        If no item has a frame before it.
    """
    runs = consecutive(items, lambda item: (item.method, item.name))
    before = {(later.method, later.name): sooner for run in runs for sooner, later in pairwise(run)}
    if not before:
        raise InputError("no two predictions are frames of one sequence. Number them, as in shot.0001.png.")
    return [_after(item, before.get((item.method, item.name))) for item in items]


def count(items: Sequence[Item]) -> int:
    """Return the number of different sequences, whatever the method."""
    return len({re.sub(OF_SEQUENCE, r"\1", item.name) for item in items})


def _after(item: Item, earlier: Item | None) -> Item:
    return item if earlier is None else replace(item, before=(earlier.prediction, earlier.truth, earlier.trimap))
