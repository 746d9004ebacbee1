"""Learning rates over a run."""

import pytest

from mattekit.training.optimiser import schedule_factor
from mattekit.training.settings import Schedule


def at(schedule, *steps, steps_per_epoch=10, total=100):
    return [schedule_factor(schedule, step, steps_per_epoch=steps_per_epoch, steps=total) for step in steps]


def test_a_constant_rate_stays():
    assert at(Schedule(), 0, 50, 99) == [1, 1, 1]


def test_steps_multiply_from_the_named_epochs_on():
    schedule = Schedule(kind="steps", at=(2, 5), factor=0.1)
    assert at(schedule, 0, 19, 20, 49, 50, 99) == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_halving_halves_after_every_few_epochs():
    assert at(Schedule(kind="halving", every=3), 29, 30, 59, 60) == [1, 0.5, 0.5, 0.25]


def test_the_cosine_falls_to_its_floor():
    schedule = Schedule(kind="cosine", floor=0.2)
    assert at(schedule, 0, 50, 100) == pytest.approx([1, 0.6, 0.2])


def test_warmup_rises_over_its_steps_and_then_lets_go():
    schedule = Schedule(kind="steps", at=(1,), factor=0.5, warmup_steps=4)
    assert at(schedule, 0, 1, 3, 4, 10) == [0.25, 0.5, 1, 1, 0.5]
