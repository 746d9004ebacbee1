"""Options of `mattekit key`."""

from pathlib import Path
from typing import Annotated

import typer

from mattekit.cli import choices, options

PANEL = "Key"
Plate = Annotated[Path, typer.Argument(help="Plate, folder of plates, or - for standard input.")]
Screen = Annotated[
    str,
    typer.Option(
        "--screen",
        metavar="auto|green|blue|COLOUR",
        rich_help_panel=PANEL,
        help='Look for a screen of this colour, such as "#00b140"; auto finds a green or blue one.',
    ),
]
CleanPlate = Annotated[
    Path | None,
    typer.Option(
        "--clean-plate",
        rich_help_panel=options.PANEL_FILES,
        help="Take the screen from a picture without the subject, or from a folder of them.",
    ),
]
Despill = Annotated[
    float,
    typer.Option(
        "--despill",
        min=0,
        max=1,
        rich_help_panel=PANEL,
        help="Take out this share of the light that the screen throws on the subject.",
    ),
]
KeepShadows = Annotated[
    bool,
    typer.Option(
        "--keep-shadows", rich_help_panel=PANEL, help="Keep shadows on the screen, as partly transparent black."
    ),
]
Garbage = Annotated[
    Path | None,
    typer.Option(
        "--garbage",
        rich_help_panel=PANEL,
        help="Make background of what is white in this mask, or in a folder of them: markers, lights, the studio.",
    ),
]
Core = Annotated[
    Path | None,
    typer.Option(
        "--core",
        rich_help_panel=PANEL,
        help="Make foreground of what is white in this mask, or in a folder of them: what has the screen's colour.",
    ),
]
Save = Annotated[
    str,
    choices.option(
        "--save",
        table="PART",
        several=True,
        help="Write these pictures of each plate.",
        rich_help_panel=options.PANEL_FILES,
    ),
]
