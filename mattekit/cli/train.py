"""`mattekit train`: run a recipe on data of one's own, or on data that mattekit draws."""

import os
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import typer

from mattekit.cli import console, options, train_options

EVERY = 10  # seconds between plain lines


def train(
    arch: train_options.Arch = None,
    data: train_options.Data = None,
    backgrounds: train_options.Backgrounds = None,
    foregrounds: train_options.Foregrounds = None,
    validate: train_options.Validate = None,
    output: train_options.Output = None,
    changes: train_options.Changes = None,
    init: train_options.Init = None,
    resume: train_options.Resume = False,
    max_steps: train_options.MaxSteps = None,
    max_minutes: train_options.MaxMinutes = None,
    device: options.Device = "auto",
    devices: train_options.Devices = 1,
    nodes: train_options.Nodes = 1,
    precision: train_options.Precision = None,
    workers: train_options.Workers = None,
    threads: options.Threads = None,
    tensorboard: train_options.TensorBoard = False,
    dry_run: train_options.DryRun = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    json: options.Json = False,
) -> None:
    """Train a network by a recipe: a paper's, or mattekit's own, which is fast and draws its own data.

    The folder gets recipe.toml (as run), log.jsonl, log.csv, last.safetensors, best.safetensors (by the validation's
    score), pictures/ and state.pt, from which --resume goes on. Ctrl-C stops after the step and saves first.
    """
    console.setup(quiet=quiet, verbose=verbose)
    # Before PyTorch is loaded: threads that spin while they wait keep the loader's workers from the cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if validate and len(validate) not in (1, 3):
        raise typer.BadParameter(
            f"--validate was given {len(validate)} times: once, or for images, trimaps and alphas."
        )
    changes = [*(changes or []), *([f"network.pretrained={init}"] if init else [])]
    folders = {"sources": data, "backgrounds": backgrounds, "foregrounds": foregrounds, "validation": validate}
    recipe = _recipe(arch, output, changes, {key: value for key, value in folders.items() if value}, resume)
    from mattekit.training.job import TrainingJob

    job = TrainingJob(
        recipe,
        output or Path("runs", recipe.name or "run"),
        resume=resume,
        device=device,
        devices=devices,
        nodes=nodes,
        precision=precision,
        workers=_workers() if workers is None else workers,
        threads=threads,
        max_steps=max_steps,
        max_minutes=max_minutes,
        tensorboard=tensorboard,
    )
    if dry_run:
        _report(job, json=json)
    else:
        _run(job, partial(_display, quiet, verbose), json=json)


def _recipe(arch: str | None, output: Path | None, changes: list[str], data: dict[str, Any], resume: bool) -> Any:
    """Read the recipe that was asked for, or that of the run to resume, and put the given folders into it."""
    from mattekit.training.recipe import read

    saved = output / "recipe.toml" if output else None
    if resume and saved and saved.is_file():
        recipe = read(saved, changes)
        if arch is not None and (wanted := read(arch).name) != recipe.name:
            raise typer.BadParameter(f"--arch {wanted}, but {output} holds a run of {recipe.name}. Leave --arch out.")
    else:
        recipe = read(arch or "default", changes)
    typed = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    return recipe.model_copy(update={"data": recipe.data.model_copy(update=typed)})


def _report(job: Any, *, json: bool) -> None:
    """Print the recipe, in a form that --arch takes, and as comments its requirements on this machine."""
    from dataclasses import asdict

    from mattekit.training.dry_run import dry_run

    report = dry_run(job)
    if json:
        recipe = job.recipe.model_dump(mode="json")
        console.json_line({"recipe": recipe, **asdict(report), "seconds": report.seconds})
    else:
        typer.echo(job.recipe.to_toml() + "\n" + "\n".join(f"# {line}" for line in report.lines()))


def _run(job: Any, display: Any, *, json: bool) -> None:
    from mattekit import ranks
    from mattekit.training.loop import train as run

    try:
        result = run(job, display)
    except (KeyboardInterrupt, SystemExit):
        if (job.output / "state.pt").is_file():
            console.status(f"{job.output}: saved; go on with: mattekit train -o {job.output} --resume")
        raise
    if json and ranks.here().index == 0:
        console.json_line({"output": str(job.output), **result})
    rest = "" if result["step"] >= result["steps"] else f" of {result['steps']}; go on with --resume"
    console.status(f"{job.output}: {result['step']} steps{rest}")


def _display(quiet: bool, verbose: bool) -> Any:
    console.setup(quiet=quiet, verbose=verbose)  # this may be a new process
    return Live() if sys.stderr.isatty() and not quiet else Lines()


def _workers() -> int:
    return max(1, min(32, (os.cpu_count() or 1) // 2))  # they alone augment samples, and a GPU needs many


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
