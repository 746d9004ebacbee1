"""Sequences among items to be scored: which frame comes before which."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from mattekit.errors import InputError
from mattekit.evaluation.items import Item

LAST_NUMBER = re.compile(r"(.*?)(\d+)(\D*)$")
OF_SEQUENCE = r"^(.*?)[._ -]?\d+\D*$"  # the sequence in the name of an item, for groups of means


def link(items: Sequence[Item]) -> list[Item]:
    """Tell each item the frame before it: that of the next lower number at the sequence's step, in the same folder.

    Frames of one sequence have names that differ in the last number alone. After a gap a sequence begins anew.

    Raises
    ------
    InputError
        If no item has a frame before it.
    """
    shots: dict[tuple, list[tuple[int, Item]]] = {}
    for item in items:
        if match := LAST_NUMBER.match(item.name):
            shots.setdefault((item.method, match[1], match[3]), []).append((int(match[2]), item))
    before: dict[tuple[str, str], Item] = {}
    for shot in shots.values():
        shot.sort(key=lambda frame: frame[0])
        step = min((b[0] - a[0] for a, b in pairwise(shot) if b[0] > a[0]), default=0)
        before |= {(b[1].method, b[1].name): a[1] for a, b in pairwise(shot) if b[0] - a[0] == step}
    if not before:
        raise InputError("no two predictions are frames of one sequence. Number them, as in shot.0001.png.")
    return [_after(item, before.get((item.method, item.name))) for item in items]


def count(items: Sequence[Item]) -> int:
    """Return the number of different sequences, whatever the method."""
    return len({re.sub(OF_SEQUENCE, r"\1", item.name) for item in items})


def _after(item: Item, earlier: Item | None) -> Item:
    return item if earlier is None else replace(item, before=(earlier.prediction, earlier.truth, earlier.trimap))
