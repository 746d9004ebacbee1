"""`mattekit train`: run a recipe on data of one's own, or on data that mattekit draws."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mattekit.cli import choices, console, options

Arch = Annotated[
    str | None,
    choices.option(
        "--arch",
        table="RECIPE",
        others=True,
        show_default="default",
        help="Train by this recipe: a name, or a .toml file.",
        rich_help_panel=options.PANEL_TRAINING,
    ),
]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        envvar="MATTEKIT_DATA",
        metavar="SPEC",
        show_default="synthetic",
        help="Take foregrounds from a folder, folder=WEIGHT, a .toml list of sources, or synthetic; may be repeated.",
        rich_help_panel=options.PANEL_FILES,
    ),
]
Backgrounds = Annotated[
    list[str] | None,
    typer.Option(
        "--backgrounds",
        metavar="DIR",
        show_default="generated",
        help="Compose over the images of this folder; may be repeated.",
        rich_help_panel=options.PANEL_FILES,
    ),
]
Foregrounds = Annotated[
    str | None,
    typer.Option(
        "--foregrounds",
        metavar="DIR",
        help="Use the re-estimated foregrounds of this folder where it has them.",
        rich_help_panel=options.PANEL_FILES,
    ),
]
Validate = Annotated[
    list[str] | None,
    typer.Option(
        "--validate",
        metavar="DIR",
        help="Validate on a folder with image, trimap and alpha in it; or, given three times, on these three.",
        rich_help_panel=options.PANEL_FILES,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        show_default="runs/RECIPE",
        help="Write the run to this folder, which is new or to be resumed.",
        rich_help_panel=options.PANEL_FILES,
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value of the recipe, such as run.batch=8; may be repeated.",
        rich_help_panel=options.PANEL_TRAINING,
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Continue the run in -o exactly where it stopped, or begin it.",
        rich_help_panel=options.PANEL_TRAINING,
    ),
]
Init = Annotated[
    str | None,
    typer.Option(
        "--init",
        "--pretrained",
        metavar="FILE",
        help="Begin with the weights of this file: a network's, its encoder's from ImageNet, or default.",
        rich_help_panel=options.PANEL_MODEL,
    ),
]
Precision = Annotated[
    Literal["auto", "fp32", "bf16", "fp16"] | None,
    typer.Option(
        "--precision",
        show_default="the recipe's",
        help="Train with these numbers; auto is the fastest that the device is good at.",
        rich_help_panel=options.PANEL_MODEL,
    ),
]
Devices = Annotated[
    int,
    typer.Option(
        "--devices",
        min=1,
        help="Train on this many devices of each computer.",
        rich_help_panel=options.PANEL_MEMORY,
    ),
]
Nodes = Annotated[
    int,
    typer.Option("--num-nodes", min=1, help="Train on this many computers.", rich_help_panel=options.PANEL_MEMORY),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=0,
        max=1024,
        show_default="half the cores",
        help="Make samples in this many processes for each device.",
        rich_help_panel=options.PANEL_MEMORY,
    ),
]
MaxSteps = Annotated[
    int | None,
    typer.Option(
        "--max-steps", min=1, help="Stop the run after this many steps.", rich_help_panel=options.PANEL_TRAINING
    ),
]
MaxMinutes = Annotated[
    float | None,
    typer.Option(
        "--max-minutes",
        min=0,
        help="Stop after this many minutes; --resume continues.",
        rich_help_panel=options.PANEL_TRAINING,
    ),
]
TensorBoard = Annotated[
    bool,
    typer.Option(
        "--tensorboard",
        help="Log for TensorBoard, too; this needs its extra.",
        rich_help_panel=options.PANEL_TRAINING,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Print the recipe with its memory and speed on this machine, and train nothing.",
        rich_help_panel=options.PANEL_TRAINING,
    ),
]


def train(
    arch: Arch = None,
    data: Data = None,
    backgrounds: Backgrounds = None,
    foregrounds: Foregrounds = None,
    validate: Validate = None,
    output: Output = None,
    changes: Changes = None,
    init: Init = None,
    resume: Resume = False,
    max_steps: MaxSteps = None,
    max_minutes: MaxMinutes = None,
    device: options.Device = "auto",
    devices: Devices = 1,
    nodes: Nodes = 1,
    precision: Precision = None,
    workers: Workers = None,
    threads: options.Threads = None,
    tensorboard: TensorBoard = False,
    dry_run: DryRun = False,
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
