"""Counters of a run, records for its logs, the choice of its best checkpoint, and callbacks that display progress."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mattekit.metrics import METRICS
from mattekit.training.learner import Step
from mattekit.training.settings import Run
from mattekit.training.state import ProgressState


class Progress:
    """Counters that are saved and restored with a run.

    Parameters
    ----------
    run : Run
        Of the recipe.
    """

    def __init__(self, run: Run):
        self.run = run
        self.state: dict[str, Any] = {"seconds": 0.0, "window": [], "losses": [0.0, 0], "best": None, "scores": {}}
        self.state["validated"] = -1
        self._since, self._first, self._waited = time.monotonic(), 0, 0.0

    def start(self, step: int) -> None:
        """Start the clock before the first step after `step`."""
        self._since, self._first, self._waited = time.monotonic(), step, 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time in the block as waiting for samples."""
        start = time.monotonic()
        yield
        self._waited += time.monotonic() - start

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the time in the block out of the samples per second."""
        start = time.monotonic()
        yield
        self._since += time.monotonic() - start

    def record_step(
        self, step: int, steps_per_epoch: int, result: Step, rates: Sequence[float]
    ) -> dict[str, Any] | None:
        """Count a step; return a record for the logs every `log_every` steps."""
        self.state["window"].append(result.loss)
        total, count = self.state["losses"]
        self.state["losses"] = [total + result.loss, count + 1]
        if step % self.run.log_every:
            return None
        window, self.state["window"] = self.state["window"], []
        now = time.monotonic()
        duration, steps = now - self._since, step - self._first
        self.state["seconds"] += duration
        waited, self._waited = self._waited, 0.0
        self._since, self._first = now, step
        return {
            "kind": "train",
            "step": step,
            "epoch": round(step / steps_per_epoch, 4),
            "loss": sum(window) / len(window),
            "lr": max(rates),
            "encoder_lr": min(rates),
            "gradient": result.gradient,
            "samples_per_second": round(steps * self.run.batch / duration, 3) if duration else None,
            "waiting": round(waited / duration, 3) if duration else None,
            "seconds": round(self.state["seconds"], 1),
        }

    def record_validation(
        self, step: int, steps_per_epoch: int, scores: dict[str, float | None]
    ) -> tuple[dict[str, Any] | None, bool]:
        """Return the record of a validation, and whether it is the best; its loss is the training loss by default.

        Without scores and without steps there is no record.
        """
        total, count = self.state["losses"]
        self.state["losses"], self.state["validated"] = [0.0, 0], step
        if "loss" not in scores and count:
            scores = {**scores, "loss": total / count}
        if not scores:
            return None, False
        value, best = scores.get(self.run.metric), self.state["best"]
        better = value is not None and (best is None or self._cost(value) < self._cost(best))
        if better:
            self.state["best"], self.state["scores"] = value, dict(scores)
        record = {"kind": "validation", "step": step, "epoch": round(step / steps_per_epoch, 4), **scores}
        return record, better

    def _cost(self, value: float) -> float:
        row = METRICS.get(self.run.metric)
        return row.cost(value) if row else value  # the loss

    @property
    def validated(self) -> int:
        """Step of the last validation; -1 before the first."""
        return self.state["validated"]

    def result(self) -> dict[str, Any]:
        """Return the result of the run: "best", the best value of the recipe's metric, and all "scores" with it."""
        return {"best": self.state["best"], "scores": self.state["scores"]}

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a resumed run needs."""
        return self.state

    def load_state(self, saved: ProgressState) -> None:
        """Restore what `state_dict` returned."""
        self.state = saved.model_dump()


class Display:
    """Callbacks of the first process of a run, and a context for as long as the run; this one shows nothing."""

    def __enter__(self) -> "Display":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def on_start(self, name: str, steps: int, *, done: int, where: str) -> None:
        """Show that the run of a recipe starts at step `done` of `steps`; where: device and precision."""

    def on_step(self, step: int, loss: float) -> None:
        """Show a step."""

    def on_record(self, record: Mapping[str, Any]) -> None:
        """Show a record of the logs."""
