"""Options of `mattekit train`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mattekit.cli import choices, options

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
        help="Train with these numbers; auto is the fastest that the device computes natively.",
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
        help="Also log for TensorBoard; this needs the extra tensorboard.",
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
