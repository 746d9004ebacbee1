"""Training: `train` runs a recipe into a folder, from its first step or from where an earlier call stopped."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import torch
from lightning_fabric import Fabric

from mattekit.errors import DivergedError
from mattekit.imaging import io
from mattekit.networks.header import header_of
from mattekit.networks.safetensors_file import save_network
from mattekit.samples.loader import loader
from mattekit.training import state
from mattekit.training.initial_network import initial_network
from mattekit.training.job import RunFolder, TrainingJob
from mattekit.training.learner import Learner
from mattekit.training.logs import Logs, stop_diverged
from mattekit.training.losses import Batch
from mattekit.training.page import write_page
from mattekit.training.processes import choose_threads, describe_devices, first_alone, launch
from mattekit.training.progress import Display, Progress
from mattekit.training.stopping import Stopping
from mattekit.training.task import TASKS

logger = logging.getLogger("mattekit")

SAVE_SECONDS = 600  # upper limit of the work that a kill can lose, whatever the recipe says


def train(job: TrainingJob, display: Callable[[], Display] = Display) -> dict[str, Any]:
    """Run a recipe; Ctrl-C, SIGTERM and time limits stop it after a step and save the state that a resumed run needs.

    Parameters
    ----------
    job : TrainingJob
    display : returns the display of progress, for the first process; picklable, if there are several.

    Returns
    -------
    dict
        "step" and "steps", its position and length; "best" and "scores", if it was validated.

    Raises
    ------
    MattekitError
        If an input cannot be used, or (DivergedError) a loss is not finite.
    KeyboardInterrupt, SystemExit
        After the state was saved, if Ctrl-C or SIGTERM asked for it.
    """
    return launch(job, _run, display)


def _run(fabric: Fabric, job: TrainingJob, display: Callable[[], Display]) -> dict[str, Any]:
    folder = RunFolder(job.output)
    first_alone(fabric, lambda: folder.check(resume=job.resume))
    run = Run(fabric, job, folder)
    fresh = run.first and not folder.holds_run()
    first_alone(fabric, lambda: folder.claim(job.recipe, resume=job.resume))
    shown = display() if run.first else Display()
    try:
        with Stopping(fabric, job.max_minutes) as stopping, shown:
            run.run(shown, stopping)
    except Exception as error:
        if fresh and run.learner.step == 0 and not isinstance(error, DivergedError):
            folder.release()  # a run that fails at its first step leaves no folder
        raise
    stopping.raise_signal()
    return {"step": run.learner.step, "steps": run.learner.steps, **run.progress.result()}


class Run:
    """One process's part of a run.

    Parameters
    ----------
    fabric : Fabric
    job : TrainingJob
    folder : RunFolder
        If it has a state, the run goes on from it.
    """

    def __init__(self, fabric: Fabric, job: TrainingJob, folder: RunFolder):
        recipe = job.recipe
        self.fabric, self.job, self.folder, self.recipe = fabric, job, folder, recipe
        network = initial_network(recipe, str(fabric.device))
        self.header = header_of(network)
        self.task = TASKS[recipe.data.task](recipe, self.header, folder.samples)
        self.samples, items = self.task.samples()
        self.learner = Learner(fabric, recipe, network, self.task, recipe.steps_per_epoch(items))
        self.progress = Progress(recipe.run)
        self.resume()
        self.first = fabric.global_rank == 0
        self.logs: Logs | None = None
        self.saved = time.monotonic()

    def resume(self) -> None:
        """Restore the folder's state, if there is one, with its number of threads."""
        saved = state.read(self.folder.state) if self.folder.state.is_file() else None
        if self.fabric.device.type == "cpu":
            torch.set_num_threads(choose_threads(self.job, saved.threads if saved else None))
        if saved:
            self.learner.load_state(saved.learner, str(self.folder.state))
            self.progress.load_state(saved.progress)

    def run(self, display: Display, stopping: Stopping) -> None:
        """Take steps until the end, or until a stop is requested."""
        learner, end = self.learner, min(self.learner.steps, self.job.max_steps or self.learner.steps)
        display.on_start(self.recipe.name, end, done=learner.step, where=describe_devices(self.fabric))
        self.display = display
        if self.first and learner.step == 0:
            for note in self.notes():
                logger.warning(note)
        self.logs = Logs(self.folder, learner.step, tensorboard=self.job.tensorboard) if self.first else None
        if learner.step == 0 and self.recipe.run.validate_every:
            self.validate()
        self.progress.start(learner.step)
        with closing(self.batches()) as batches:
            while learner.step < end and not stopping.requested():
                with self.progress.waiting():
                    batch = next(batches)
                self.step(batch)
                if self._validation_due():
                    self.validate()
                if self._save_due():
                    self.save()
        self.finish(stopping)

    def notes(self) -> Iterator[str]:
        """Yield notes on parts of the recipe that the data does not allow."""
        loss, run = self.recipe.loss, self.recipe.run
        wants_layers = loss.name in ("matting", "layers") and loss.composition
        if wants_layers and "fg" not in getattr(self.samples, "keys", ("fg",)):
            yield "a source has composites without their foregrounds: the loss is that of alpha alone."
        if not self.task.validates and run.validate_every and run.metric != "loss":
            yield (
                f"no images to validate on (data.validation): no {self.folder.best.name} by {run.metric} is kept; "
                f"{self.folder.last.name} is the result."
            )

    def finish(self, stopping: Stopping) -> None:
        """Validate the last step, unless a signal ended the run, and save."""
        if self.learner.step != self.progress.validated and self.recipe.run.validate_every and not stopping.signal:
            self.validate()
        self.save()
        if self.logs:
            self.logs.close()
            write_page(self.folder, self.recipe)

    def batches(self) -> Iterator[Batch]:
        """Yield this process's part of each batch, from the next step on."""
        return loader(
            self.samples,
            batch=self.recipe.run.batch,
            steps_per_epoch=self.learner.steps_per_epoch,
            workers=self.job.workers,
            start=divmod(self.learner.step, self.learner.steps_per_epoch),
            rank=self.fabric.global_rank,
            world=self.fabric.world_size,
            device=self.fabric.device,
        )

    def step(self, batch: Batch) -> None:
        """Take a step, and log it if a record is due."""
        step = self.learner.train_step(batch)
        if not self.learner.finite(step):
            picture = self.task.picture(step.portion, step.output)
            stop_diverged(self.folder, self.learner.step, self.fabric.global_rank, batch, step.loss, picture)
        self.display.on_step(self.learner.step, step.loss)
        rates = [group["lr"] for group in self.learner.optimiser.param_groups]
        record = self.progress.record_step(self.learner.step, self.learner.steps_per_epoch, step, rates)
        if record and self.logs:
            self.log(record)

    def validate(self) -> None:
        """Score the network; save it if it is the best so far."""
        scores, picture = {}, None
        if self.task.validates:
            with self.progress.paused():
                scores, picture = self.task.validate(self.learner.best_network, self.fabric)
        record, best = self.progress.record_validation(self.learner.step, self.learner.steps_per_epoch, scores)
        if not self.first or not record:
            return
        self.log(record)
        if best:
            self._write(self.folder.best)
        if picture is not None:
            io.write_image(self.folder.pictures / f"{self.learner.step:06d}.png", picture, fast=True)
            self.logs.picture("samples", picture, self.learner.step)
        with self.progress.paused():
            write_page(self.folder, self.recipe)

    def log(self, record: dict[str, Any]) -> None:
        """Write and display a record."""
        self.logs.add(record)
        self.display.on_record(record)

    def save(self) -> None:
        """Write the last checkpoint and the state."""
        if self.first:
            self._write(self.folder.last)
            saved = {"learner": self.learner.state_dict(), "progress": self.progress.state_dict()}
            state.write(self.folder.state, {**saved, "threads": torch.get_num_threads()})
        self.saved = time.monotonic()

    def _write(self, path: Any) -> None:
        origin = f"trained by mattekit, recipe {self.recipe.name or 'unnamed'}, {self.learner.step} steps"
        save_network(path, self.learner.best_network, replace(self.header, origin=origin))

    def _validation_due(self) -> bool:
        every = self.recipe.run.validate_every * self.learner.steps_per_epoch
        return bool(every) and self.learner.step % every == 0

    def _save_due(self) -> bool:
        step, every = self.learner.step, self.recipe.run.save_every
        overdue = time.monotonic() - self.saved > SAVE_SECONDS
        return step % self.learner.steps_per_epoch == 0 or bool(every and step % every == 0) or overdue
