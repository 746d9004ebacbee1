"""`mattekit train`: run a recipe on data of one's own, or on data that mattekit draws."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import typer

from mattekit.cli import console, options, train_options


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
    """Train a network by a recipe: a paper's, or a fast one of our own, on data that mattekit makes itself.

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
    """The recipe asked for, or that of the run to resume; folders are as given, whatever is in their names."""
    from mattekit.training.recipe import read

    there = output / "recipe.toml" if output else None
    if resume and there and there.is_file():
        recipe = read(there, changes)
        if arch is not None and (wanted := read(arch).name) != recipe.name:
            raise typer.BadParameter(f"--arch {wanted}, but {output} holds a run of {recipe.name}. Leave --arch out.")
    else:
        recipe = read(arch or "default", changes)
    typed = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    return recipe.model_copy(update={"data": recipe.data.model_copy(update=typed)})


def _report(job: Any, *, json: bool) -> None:
    """The recipe, which goes back into --arch, and below it what running it takes here."""
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
    from mattekit.cli.training_display import Lines, Live

    console.setup(quiet=quiet, verbose=verbose)  # this may be a new process
    import sys

    return Live() if sys.stderr.isatty() and not quiet else Lines()


def _workers() -> int:
    return max(1, min(32, (os.cpu_count() or 1) // 2))  # augmentation is theirs alone; a GPU wants many
