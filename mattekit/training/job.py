"""Options of a training run besides its recipe: folder, devices, limits."""

from dataclasses import dataclass
from pathlib import Path

from mattekit.training.recipe import Recipe


@dataclass(frozen=True)
class TrainingJob:
    """One call of `training.loop.train`.

    Parameters
    ----------
    recipe : Recipe
    output : the run's folder.
    resume : go on with the run that lies there, if there is one.
    device : "auto", "cpu", "cuda" or "mps".
    devices, nodes : processes on each computer, and computers.
    precision : in place of the recipe's; "auto" is the fastest that the device is good at.
    workers : processes that make samples, for each process that trains.
    threads : of each process that trains on a CPU; if not given, as many as the run had before, else what the loader's
        workers leave of the cores.
    max_steps, max_minutes : stop after so many optimiser steps of the run, or minutes of this call; resumable.
    tensorboard : log for it, too.
    """

    recipe: Recipe
    output: Path
    resume: bool = False
    device: str = "auto"
    devices: int = 1
    nodes: int = 1
    precision: str | None = None
    workers: int = 0
    threads: int | None = None
    max_steps: int | None = None
    max_minutes: float | None = None
    tensorboard: bool = False
