"""Samples that are composed on the device are those that the loader composes."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.errors import InputError
from mattekit.imaging.erosion import erode_by_distance, erode_by_kernel
from mattekit.imaging.trimap_random import RULES
from mattekit.samples.loader import loader
from mattekit.samples.sample import Sample
from mattekit.samples.samples import Samples
from mattekit.training import device_composition, device_steps, logs
from mattekit.training.device_composition import Parts, finish, split
from mattekit.training.loop import train


class Discs:
    """Soft discs of random colours before random colours."""

    lacking = frozenset()

    def draw(self, rng):
        y, x = np.mgrid[:40, :36]
        alpha = np.clip(4 - np.hypot(y - rng.uniform(15, 25), x - 18) / 3, 0, 1).astype(np.float32)
        fg, bg = (cv2.resize(rng.random((5, 5, 3), np.float32), (36, 40)) for _ in range(2))
        return Sample(alpha=alpha, fg=fg, bg=bg, draw=None)


BEFORE = [("background", 1.0, {"rule": "a2u"}), ("crop", 1.0, {"size": 32, "rule": "a2u"})]
COMPOSE = ("compose", 1.0, {"gamma": (1.5, 2.4)})
TRIMAP = ("trimap", 1.0, {"rule": "lsa"})


def both(*steps, count=6):
    """Batches of the same samples by the loader alone, and finished on the device."""
    steps = [*BEFORE, *steps]
    ours, theirs = split(steps)
    whole = loader(Samples(Discs(), steps, seed=5, depth="float"), batch=count, steps_per_epoch=2)
    parts = loader(Parts(Discs(), ours, seed=5, depth="float"), batch=count, steps_per_epoch=2)
    return next(whole), finish(next(parts), theirs)


@pytest.mark.parametrize(
    "step",
    [
        ("flip", {}),
        ("flip", {"of": "foreground", "axis": "vertical"}),
        ("flip", {"of": "background"}),
        ("gamma", {}),
        ("fade", {}),
        ("fade", {"per": "channel", "of": "both"}),
        ("invert", {}),
        ("permute", {"of": "background"}),
        ("jitter", {}),
        ("hsv", {}),
        *(("trimap", {"rule": rule}) for rule in RULES),
    ],
    ids=str,
)
def test_every_step_gives_what_the_loaders_gives(step, count=6):
    name, arguments = step
    last = [COMPOSE] if name == "trimap" else [TRIMAP, COMPOSE]
    wanted, found = both((name, 0.7, arguments) if name != "trimap" else (name, 1.0, arguments), *last)
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        assert (found[key] - value).abs().max() < (1e-4 if name in ("hsv", "jitter") else 1e-6), key


def test_the_order_of_the_recipe_is_kept():
    """LSA's last steps, colours of a composed image among them."""
    steps = [("flip", 0.5, {"of": "foreground"}), ("flip", 0.5, {"of": "background"}), ("gamma", 0.5, {}), TRIMAP]
    steps += [("fade", 0.5, {}), ("invert", 0.5, {}), COMPOSE, ("permute", 0.5, {}), ("jitter", 0.5, {})]
    wanted, found = both(*steps, count=16)
    for key, value in wanted.items():
        assert (found[key] - value).abs().max() < 1e-4, key


@given(st.integers(1, 29), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_dilation_is_opencvs_pixel_for_pixel(width, seed):
    mask = np.random.default_rng(seed).random((37, 43)) < 0.995
    holes = torch.from_numpy(~mask)[None]
    assert np.array_equal(
        ~device_steps.dilate(holes, device_steps._ellipse(width))[0].numpy(), erode_by_kernel(mask, width)
    )
    assert np.array_equal(
        ~device_steps.dilate(holes, device_steps._disc(width))[0].numpy(), erode_by_distance(mask, width)
    )


def test_random_numbers_go_on_where_they_were():
    rng = np.random.default_rng(7)
    rng.integers(10, dtype=np.int32)  # leaves half of a drawn number behind
    copy = device_composition._to_generator(device_composition._to_tensor(rng))
    assert np.array_equal(copy.integers(1000, size=5, dtype=np.int32), rng.integers(1000, size=5, dtype=np.int32))
    assert np.array_equal(copy.random(5), rng.random(5))


def test_a_recipe_that_ends_on_the_loader_is_refused():
    with pytest.raises(InputError, match="the step jpeg is for the loader alone"):
        split([*BEFORE, TRIMAP, COMPOSE, ("jpeg", 0.3, {})])
    with pytest.raises(InputError, match="data.tries is 3"):
        Parts(Discs(), BEFORE, tries=3)
    with pytest.raises(InputError, match="a source has composites"):
        Parts(type("Composites", (Discs,), {"lacking": {"fg", "bg"}})(), BEFORE)


def test_a_run_learns_the_same_on_either_side(job):
    """But for rounding to 8 bits, which comes before composing instead of behind it."""
    losses = []
    for where in ("loader", "device"):
        made = job(where, f"data.compose={where}", max_steps=1)
        train(made)
        losses.append(logs.read(made.output / "log.jsonl")[0]["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    with pytest.raises(InputError, match="data.pool is 5. Leave one of them"):
        train(job("both", "data.compose=device", "data.pool=5"))
