"""Counters of a run, the records for its logs, and the choice of its best checkpoint."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mattekit.metrics import METRICS
from mattekit.training.learner import Step
from mattekit.training.settings import Run
from mattekit.training.state import ProgressState


class Progress:
    """Counts that outlive an interruption.

    Parameters
    ----------
    run : Run
        Of the recipe.
    """

    def __init__(self, run: Run):
        self.run = run
        self.state: dict[str, Any] = {"seconds": 0.0, "window": [], "losses": [0.0, 0], "best": None, "scores": {}}
        self.state["validated"] = -1
        self._since, self._from, self._waited = time.monotonic(), 0, 0.0

    def start(self, step: int) -> None:
        """Steps are about to be taken, the first one after `step`."""
        self._since, self._from, self._waited = time.monotonic(), step, 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Time in the block is spent waiting for samples, which the records tell of."""
        began = time.monotonic()
        yield
        self._waited += time.monotonic() - began

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time in the block does not slow down the samples per second."""
        began = time.monotonic()
        yield
        self._since += time.monotonic() - began

    def note(self, step: int, steps_per_epoch: int, taken: Step, rates: Sequence[float]) -> dict[str, Any] | None:
        """Note a step; every `log_every` steps the record of them, for the logs."""
        self.state["window"].append(taken.loss)
        total, count = self.state["losses"]
        self.state["losses"] = [total + taken.loss, count + 1]
        if step % self.run.log_every:
            return None
        window, self.state["window"] = self.state["window"], []
        now = time.monotonic()
        took, done = now - self._since, step - self._from
        self.state["seconds"] += took
        waited, self._waited = self._waited, 0.0
        self._since, self._from = now, step
        return {
            "kind": "train",
            "step": step,
            "epoch": round(step / steps_per_epoch, 4),
            "loss": sum(window) / len(window),
            "lr": max(rates),
            "encoder_lr": min(rates),
            "gradient": taken.gradient,
            "samples_per_second": round(done * self.run.batch / took, 3) if took else None,
            "waiting": round(waited / took, 3) if took else None,
            "seconds": round(self.state["seconds"], 1),
        }

    def scored(
        self, step: int, steps_per_epoch: int, scores: dict[str, float | None]
    ) -> tuple[dict[str, Any] | None, bool]:
        """The record of a validation, and whether it is the best; the training loss counts where there is no other.

        Without scores and steps there is no record.
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
        return row.cost(value) if row else value  # the loss is no metric

    @property
    def validated(self) -> int:
        """The step of the last validation; -1 before the first."""
        return self.state["validated"]

    def result(self) -> dict[str, Any]:
        """Return the result of the run: "best", the best value of the recipe's metric, and all "scores" with it."""
        return {"best": self.state["best"], "scores": self.state["scores"]}

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a resumed run needs."""
        return self.state

    def load_state(self, saved: ProgressState) -> None:
        """Go on from what `state_dict` gave."""
        self.state = saved.model_dump()
