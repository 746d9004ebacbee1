"""Options of `mattekit trimap`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mattekit.cli import choices, options, trimap_source

FILES, WIDTH = options.PANEL_FILES, "Trimaps made from alphas or masks"
MODES = "Trimaps made otherwise, checked or fixed"
Erode = Annotated[
    int | None,
    typer.Option(
        metavar="PX",
        min=0,
        show_default="10",
        rich_help_panel=WIDTH,
        help="Let the unknown band reach this far into the foreground.",
    ),
]
Dilate = Annotated[
    int | None,
    typer.Option(
        metavar="PX",
        min=0,
        show_default="10",
        rich_help_panel=WIDTH,
        help="Let the unknown band reach this far into the background.",
    ),
]
Band = Annotated[
    str | None,
    typer.Option(
        "--band",
        metavar=trimap_source.BAND,
        rich_help_panel=trimap_source.PANEL,
        help="Open a band this wide at the mask's edge, auto with a source; of an alpha, in percent of the short side.",
    ),
]


def percent(band: str | None) -> float | None:
    """Return the percentage that --band is where trimaps are made of alphas: a number, with or without %."""
    if band is None:
        return None
    try:
        value = float(band.removesuffix("%"))
    except ValueError:
        raise typer.BadParameter(f"--band {band}: wanted a percentage; auto and pixels need a source.") from None
    if not 0 < value <= 100:
        raise typer.BadParameter(f"--band {band}: wanted more than 0 and at most 100 percent.")
    return value


Propagate = Annotated[
    bool,
    typer.Option("--propagate", rich_help_panel=MODES, help="Carry the trimaps of --keys to all frames of a shot."),
]
Keys = Annotated[
    Path | None,
    typer.Option("--keys", rich_help_panel=MODES, help="Take the trimaps of key frames from here, by frame number."),
]
Low = Annotated[
    float | None,
    typer.Option(min=0, max=1, show_default="0", rich_help_panel=WIDTH, help="Count alphas up to this as background."),
]
High = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, show_default="1", rich_help_panel=WIDTH, help="Count alphas from this on as foreground."
    ),
]
Shape = Annotated[
    Literal["ellipse", "distance"] | None,
    typer.Option(
        show_default="ellipse",
        rich_help_panel=WIDTH,
        help="Erode by OpenCV's elliptical kernel, or by the exact Euclidean distance.",
    ),
]
RemoveStrays = Annotated[
    int | None,
    typer.Option(
        metavar="PX",
        min=0,
        show_default="4; 0 with --fix or --scribbles",
        rich_help_panel=WIDTH,
        help="Make islands of known pixels of at most this area unknown.",
    ),
]
Scribbles = Annotated[
    bool,
    typer.Option(
        "--scribbles",
        rich_help_panel=MODES,
        help="Take SOURCE for strokes: white is foreground, black background, all else unknown.",
    ),
]
Image = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=FILES,
        help="Read the photo, or folder of photos: under the strokes of --scribbles; to compare sizes with --check.",
    ),
]
Random = Annotated[
    bool,
    typer.Option("--random", rich_help_panel=MODES, help="Widen the band at random, as the papers' training does."),
]
Rule = Annotated[
    str | None,
    choices.option(
        "--rule",
        table="RULE",
        show_default="a2u",
        rich_help_panel=MODES,
        help="Draw the widths of --random by this rule.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        min=0, show_default="0", rich_help_panel=MODES, help="Draw from this seed and each item's name with --random."
    ),
]
Check = Annotated[
    bool,
    typer.Option("--check", rich_help_panel=MODES, help="Check trimaps, write nothing, and exit with 3 if one is bad."),
]
Fix = Annotated[
    bool,
    typer.Option(
        "--fix",
        rich_help_panel=MODES,
        help="Snap the grey values of trimaps to 0, 128 and 255; translate indices 0, 1 and 2.",
    ),
]
