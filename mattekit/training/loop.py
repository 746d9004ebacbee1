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
from mattekit.training import nonfinite, state
from mattekit.training.batch import Batch
from mattekit.training.display import Display, Silent
from mattekit.training.folder import RunFolder
from mattekit.training.initial_network import initial_network
from mattekit.training.job import TrainingJob
from mattekit.training.learner import Learner
from mattekit.training.logs import Logs
from mattekit.training.processes import choose_threads, first_alone, launch, where
from mattekit.training.progress import Progress
from mattekit.training.stopping import Stopping
from mattekit.training.task import TASKS

logger = logging.getLogger("mattekit")

SAVE_SECONDS = 600  # at most so much work is lost to a kill, whatever the recipe says


def train(job: TrainingJob, display: Callable[[], Display] = Silent) -> dict[str, Any]:
    """Run a recipe; Ctrl-C, SIGTERM and limits of time stop after a step, with all saved that a resumed run needs.

    Parameters
    ----------
    job : TrainingJob
    display : makes what shows progress, in the first process; picklable, if there are several.

    Returns
    -------
    dict
        "step" and "steps", how far the run is; "best" and "scores", if it was validated.

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
    shown = display() if run.first else Silent()
    try:
        with Stopping(fabric, job.max_minutes) as stopping, shown:
            run.go(shown, stopping)
    except Exception as error:
        if fresh and run.learner.step == 0 and not isinstance(error, DivergedError):
            folder.release()  # what is refused at its first step leaves nothing behind
        raise
    stopping.obey()
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
        """Go on from the folder's state, if there is one, with as many threads."""
        saved = state.read(self.folder.state) if self.folder.state.is_file() else None
        if self.fabric.device.type == "cpu":
            torch.set_num_threads(choose_threads(self.job, saved.threads if saved else None))
        if saved:
            self.learner.load_state(saved.learner, str(self.folder.state))
            self.progress.load_state(saved.progress)

    def go(self, display: Display, stopping: Stopping) -> None:
        """Take steps until the end, or until something asks to stop."""
        learner, end = self.learner, min(self.learner.steps, self.job.max_steps or self.learner.steps)
        display.begun(self.recipe.name, end, done=learner.step, where=where(self.fabric))
        self.display = display
        if self.first and learner.step == 0:
            for note in self.notes():
                logger.warning(note)
        self.logs = Logs(self.folder, learner.step, tensorboard=self.job.tensorboard) if self.first else None
        if learner.step == 0 and self.recipe.run.validate_every:
            self.validate()
        self.progress.start(learner.step)
        with closing(self.batches()) as batches:
            while learner.step < end and not stopping.asked():
                with self.progress.waiting():
                    batch = next(batches)
                self.learn(batch)
                if self._validation_due():
                    self.validate()
                if self._save_due():
                    self.save()
        self.finish(stopping)

    def notes(self) -> Iterator[str]:
        """Yield what of the recipe this data cannot do."""
        loss, run = self.recipe.loss, self.recipe.run
        if loss.name == "matting" and loss.composition and "fg" not in getattr(self.samples, "keys", ("fg",)):
            yield "a source has composites without their foregrounds: the loss is that of alpha alone."
        if not self.task.validates and run.validate_every and run.metric != "loss":
            yield (
                f"no images to validate on (data.validation): no {self.folder.best.name} by {run.metric} is kept; "
                f"{self.folder.last.name} is the result."
            )

    def finish(self, stopping: Stopping) -> None:
        """Keep what was done; score it, unless there is no time for that."""
        if self.learner.step != self.progress.validated and self.recipe.run.validate_every and not stopping.signal:
            self.validate()
        self.save()
        if self.logs:
            self.logs.close()

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

    def learn(self, batch: Batch) -> None:
        """Take a step; log it if it is time to."""
        step = self.learner.learn(batch)
        if not self.learner.finite(step):
            picture = self.task.picture(step.portion, step.output)
            nonfinite.stop(self.folder, self.learner.step, self.fabric.global_rank, batch, step.loss, picture)
        self.display.learnt(self.learner.step, step.loss)
        rates = [group["lr"] for group in self.learner.optimiser.param_groups]
        record = self.progress.note(self.learner.step, self.learner.steps_per_epoch, step, rates)
        if record and self.logs:
            self.log(record)

    def validate(self) -> None:
        """Score the network; keep it if it is the best so far."""
        scores, picture = {}, None
        if self.task.validates:
            with self.progress.paused():
                scores, picture = self.task.validate(self.learner.best_network, self.fabric)
        record, best = self.progress.scored(self.learner.step, self.learner.steps_per_epoch, scores)
        if not self.first or not record:
            return
        self.log(record)
        if best:
            self._write(self.folder.best)
        if picture is not None:
            io.write_image(self.folder.pictures / f"{self.learner.step:06d}.png", picture, fast=True)
            self.logs.picture("samples", picture, self.learner.step)

    def log(self, record: dict[str, Any]) -> None:
        """Write a record and show it."""
        self.logs.add(record)
        self.display.logged(record)

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
        late = time.monotonic() - self.saved > SAVE_SECONDS
        return step % self.learner.steps_per_epoch == 0 or bool(every and step % every == 0) or late
