"""Preparation of a data set of synthetic foregrounds: each is drawn from the seed and its name."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mattekit.datasets import build
from mattekit.datasets.dataset import Dataset, claim, describe, rule_of
from mattekit.datasets.plan import Item, Library, Plan, assign
from mattekit.errors import MattekitError
from mattekit.imaging import io
from mattekit.imaging.trimap_random import generator
from mattekit.pairing import Problem
from mattekit.ranks import Rank
from mattekit.synthetic.foregrounds import KINDS, SHARES, check


def prepare(
    output: Path,
    count: int,
    *,
    size: tuple[int, int] = (512, 512),
    kinds: Sequence[str] = (),
    backgrounds: Sequence[Path] | None = None,
    per_foreground: int | None = None,
    trimap_rule: str | None = None,
    seed: int = 0,
    max_megapixels: float = io.MAX_MEGAPIXELS,
    rank: Rank | None = None,
) -> Dataset:
    """Plan a data set of `count` synthetic foregrounds, claim its folder and find what earlier runs have finished.

    Parameters
    ----------
    output : folder of the data set.
    size : (height, width) of the images in pixels.
    kinds : rows of `KINDS` to draw from; all if there are none.
    backgrounds : folders of backgrounds, chosen at random; if not given, backgrounds are synthetic, too.
    per_foreground : backgrounds each foreground gets; one if not given.
    trimap_rule : row of `trimap_random.RULES`, or "none"; "dim" if not given.
    seed : of everything.
    rank : of this process, if several compose the data set together.

    Raises
    ------
    MattekitError
        If a kind is unknown, a folder is missing or empty, or `output` holds another data set.
    """
    for kind in kinds:
        check(kind, size)
    check(None, size)
    kinds, per_foreground = tuple(dict.fromkeys(kinds)) or tuple(KINDS), per_foreground or 1
    library = Library(backgrounds) if backgrounds else None
    chosen = [_kind(seed, i, kinds) for i in range(count)]
    planned = _plan([f"{i:05}_{kind}" for i, kind in enumerate(chosen)], chosen, library, per_foreground, seed)
    rule = rule_of(trimap_rule or "dim")
    settings = build.Settings(output, trimap_rule=rule, seed=seed, size=size, max_megapixels=max_megapixels)
    more = {"size": list(size), "kinds": list(kinds)}
    return claim(planned, settings, describe(planned, settings, "synthetic", count, per_foreground, **more), rank)


def _kind(seed: int, index: int, kinds: Sequence[str]) -> str:
    shares = np.array([SHARES[kind] for kind in kinds], np.float64)
    return str(generator(seed, f"kind of {index}").choice(list(kinds), p=shares / shares.sum()))


def _plan(groups: list[str], kinds: list[str], library: Library | None, count: int, seed: int) -> Plan:
    """Plan one item for every background of every foreground; ambiguous backgrounds become problems."""
    chosen = assign(groups, library.names(), count, seed=seed) if library else [[None] * count for _ in groups]
    planned, digest = Plan(), hashlib.sha256()
    for group, kind, names in zip(groups, kinds, chosen, strict=True):
        for k, name in enumerate(names):
            digest.update(f"{group}_{k} {name}\n".encode())
            try:
                files = {"background": library.find(name)} if library else {}
                named = {role: path.name for role, path in files.items()}
                planned.items.append(Item(f"{group}_{k}", group, named, files, kind))
            except MattekitError as error:
                planned.problems.append(Problem(f"{group}_{k}", f"background {error}"))
    planned.digest = digest.hexdigest()
    return planned
