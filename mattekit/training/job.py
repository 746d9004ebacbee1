"""A training run: its recipe and options, and the folder that it writes."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from mattekit import files
from mattekit.errors import InputError
from mattekit.training.recipe import Recipe


@dataclass(frozen=True)
class TrainingJob:
    """One call of `training.loop.train`.

    Parameters
    ----------
    recipe : Recipe
    output : the run's folder.
    resume : continue the run in the folder, if there is one.
    device : "auto", "cpu", "cuda" or "mps".
    devices, nodes : processes on each computer, and number of computers.
    precision : in place of the recipe's; "auto" is the fastest one that the device computes natively.
    workers : processes that make samples, for each process that trains.
    threads : of each process that trains on a CPU; if not given, as many as the run had before, else the cores that
        the loader's workers leave.
    max_steps, max_minutes : stop after so many optimiser steps of the run, or minutes of this call; resumable.
    tensorboard : also log for TensorBoard.
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


class RunFolder:
    """The folder of a run, with the names of its files.

    =================== ============================================================================
    recipe.toml         the recipe as it is run
    log.jsonl, log.csv  a line for every few steps and every validation
    last.safetensors    the latest network; the averaged one, if the recipe keeps an average
    best.safetensors    the network with the best score
    state.pt            the state that a resumed run continues from
    report.html         a page of the curves, validations, sample pictures and the recipe
    pictures/           sheets of samples, one for each validation, by the number of steps
    samples/            those of a pool, if the recipe has one and no cache; may be deleted
    tensorboard/        for TensorBoard, if asked for
    =================== ============================================================================
    """

    def __init__(self, path: Path):
        self.path = path
        self.recipe, self.state = path / "recipe.toml", path / "state.pt"
        self.jsonl, self.csv = path / "log.jsonl", path / "log.csv"
        self.best, self.last = path / "best.safetensors", path / "last.safetensors"
        self.page = path / "report.html"
        self.pictures, self.tensorboard, self.samples = path / "pictures", path / "tensorboard", path / "samples"

    def holds_run(self) -> bool:
        """Whether the folder holds a run."""
        return self.recipe.is_file()

    def check(self, *, resume: bool) -> None:
        """Raise InputError if the folder holds a run that is not to be resumed, or other files."""
        if self.holds_run() and not resume:
            raise InputError(f"{self.path}: holds a run.", remedy="resume")
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path}: a file, wanted a folder for the run.", remedy="output")
        others = [] if self.holds_run() or not self.path.exists() else self.path.iterdir()
        if any(not path.name.endswith(".part") for path in others):
            raise InputError(f"{self.path}: not empty, and holds no run.", remedy="output")

    def claim(self, recipe: Recipe, *, resume: bool) -> None:
        """Create the folder for a run of this recipe; errors as of `check`."""
        self.check(resume=resume)
        files.write_bytes(self.recipe, recipe.to_toml().encode())
        files.sweep(self.path)

    def release(self) -> None:
        """Remove a run that took no step, so that the same call can be repeated once its fault is corrected."""
        if not self.state.exists():
            shutil.rmtree(self.path, ignore_errors=True)
