"""Progress of a training run on stderr: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping
from typing import Any

from mattekit.cli import console

EVERY = 10  # seconds between plain lines


class Lines:
    """Lines for every validation and, at most every few seconds, for other records."""

    def __init__(self) -> None:
        self.steps, self.printed, self.rate = 0, 0.0, 0.0
        self.since: tuple[int, float] | None = None

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def on_start(self, name: str, steps: int, *, done: int, where: str) -> None:
        """Print the recipe, its steps and the device."""
        self.steps, self.since = steps, (done, time.monotonic())
        console.status(f"{name}: {steps - done} steps{f', from step {done}' if done else ''}, on {where}")

    def on_step(self, step: int, loss: float) -> None:
        """Print nothing."""

    def on_record(self, record: Mapping[str, Any]) -> None:
        """Print a record."""
        now = time.monotonic()
        if record["kind"] == "validation":
            console.status(f"step {record['step']}  {scores(record)}")
        elif now - self.printed >= EVERY:
            self.printed = now
            done, start = self.since or (0, now)
            left = (now - start) / max(record["step"] - done, 1) * (self.steps - record["step"])
            console.status(
                f"step {record['step']}/{self.steps}  loss {record['loss']:.4f}  lr {record['lr']:.2g}  "
                f"{record['samples_per_second'] or 0:.1f} samples/s  {duration(left)} left"
            )


class Live(Lines):
    """A bar with loss, rate and time left; lines for validations above it."""

    def __enter__(self) -> "Live":
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}  {task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        self.bar = Progress(*columns, console=Console(stderr=True))
        self.bar.start()
        self.task: Any = None
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def on_start(self, name: str, steps: int, *, done: int, where: str) -> None:
        """Draw the bar."""
        self.task = self.bar.add_task(name, total=steps, completed=done, loss="-", rate=where)
        self.mean: float | None = None

    def on_step(self, step: int, loss: float) -> None:
        """Advance the bar; the loss is a moving average."""
        self.mean = loss if self.mean is None else 0.95 * self.mean + 0.05 * loss
        self.bar.update(self.task, completed=step, loss=f"{self.mean:.4f}")

    def on_record(self, record: Mapping[str, Any]) -> None:
        """Show the rate, or print scores above the bar."""
        if record["kind"] == "validation":
            self.bar.console.print(f"step {record['step']}  {scores(record)}", highlight=False)
        elif record["samples_per_second"]:
            self.bar.update(self.task, rate=f"{record['samples_per_second']:.1f} samples/s")


def scores(record: Mapping[str, Any]) -> str:
    """Return the scores of a validation as text."""
    names = [name for name in record if name not in ("kind", "step", "epoch") and record[name] is not None]
    return "  ".join(f"{'training loss' if name == 'loss' else name} {record[name]:.4g}" for name in names)


def duration(seconds: float) -> str:
    """Return a time as text: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
