"""The factor on all learning rates: a pure function of the optimiser step, so that a resumed run has the same one."""

import math

from mattekit.training.settings import Schedule


def factor(schedule: Schedule, step: int, *, steps_per_epoch: int, steps: int) -> float:
    """Return the factor on the learning rates.

    Parameters
    ----------
    schedule : Schedule
        Of the recipe.
    step : int
        Optimiser step, counted from 0.
    steps_per_epoch, steps : int
        Optimiser steps of an epoch and of the whole run.

    Returns
    -------
    float in 0..1
    """
    warmup = min(1.0, (step + 1) / schedule.warmup_steps) if schedule.warmup_steps else 1.0
    return warmup * _KINDS[schedule.kind](schedule, step / steps_per_epoch, step / steps)


def _steps(schedule: Schedule, epoch: float, _: float) -> float:
    return schedule.factor ** sum(epoch >= at for at in schedule.at)


def _halving(schedule: Schedule, epoch: float, _: float) -> float:
    return 0.5 ** int(epoch // schedule.every)


def _cosine(schedule: Schedule, _: float, share: float) -> float:
    return schedule.floor + (1 - schedule.floor) * (1 + math.cos(math.pi * min(share, 1.0))) / 2


_KINDS = {"constant": lambda *_: 1.0, "steps": _steps, "halving": _halving, "cosine": _cosine}
