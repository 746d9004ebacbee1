"""Options of `mattekit eval`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mattekit.cli import choices, options

FILES, SCORES, PAGE = options.PANEL_FILES, "Scores", "Page of -o FILE.html"
Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PREDICTIONS... TRUTH",
        help="Folder of predicted alphas (several are compared), then the folder of true alphas. Or files.",
    ),
]
Trimaps = Annotated[Path | None, typer.Option(rich_help_panel=FILES, help="Read trimaps from this folder, or file.")]
Region = Annotated[
    Literal["unknown", "all", "foreground", "background"] | None,
    typer.Option(
        rich_help_panel=SCORES,
        show_default="unknown with --trimaps, else all",
        help="Count these pixels; foreground and background are those that the trimap knows.",
    ),
]
UnknownValue = Annotated[
    Literal["128", "any"],
    typer.Option(
        rich_help_panel=SCORES,
        help="Take trimap values of 128 for unknown, as officially, or any between 0 and 255.",
    ),
]
Metrics = Annotated[
    str | None,
    choices.option(
        "--metrics", table="METRIC", several=True, rich_help_panel=SCORES, show_default="all", help="Compute these."
    ),
]
Sequence = Annotated[
    bool,
    typer.Option(
        "--sequence",
        rich_help_panel=SCORES,
        help="Take numbered predictions for frames, and score their steadiness, too: dtSSD and MESSDdt.",
    ),
]
EmptyLevels = Annotated[
    Literal["continue", "update"],
    typer.Option(
        rich_help_panel=SCORES,
        help="Where no pixel of both mattes reaches a level, let Conn continue, as IndexNet and A2U do, or update, as "
        "GCA does.",
    ),
]
Format = Annotated[
    Literal["table", "csv", "json", "markdown", "latex", "html"] | None,
    typer.Option(
        rich_help_panel=FILES,
        show_default="by -o, else table",
        help="Report in this format; csv and json have full precision, html shows the pictures.",
    ),
]
Images = Annotated[
    Path | None, typer.Option(rich_help_panel=PAGE, help="Show the images of this folder, or file, in the page.")
]
SingleFile = Annotated[
    bool,
    typer.Option(
        "--single-file", rich_help_panel=PAGE, help="Put the pictures into the page, not into a folder beside it."
    ),
]
Seed = Annotated[
    int,
    typer.Option(min=0, rich_help_panel=PAGE, help="Draw the samples for the intervals of differences from this seed."),
]
LatexStyle = Annotated[
    Literal["plain", "paper"] | None,
    typer.Option(
        rich_help_panel=FILES,
        show_default="plain",
        help="Write LaTeX with the tables that a terminal shows, or, for a paper, with the means alone and booktabs.",
    ),
]
PerImage = Annotated[
    bool,
    typer.Option(
        "--per-image", rich_help_panel=SCORES, help="List every image below the means, even if there are over 30."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", rich_help_panel=FILES, help="Write the report to this file instead of stdout."),
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        rich_help_panel=SCORES,
        help="Add means per group, named by the expression's first group, or all that it matches, in a name.",
    ),
]
Worst = Annotated[
    int | None,
    typer.Option(min=1, rich_help_panel=SCORES, help="List the N worst images by the first metric, and no more."),
]
AllowMissing = Annotated[
    bool,
    typer.Option(
        "--allow-missing",
        rich_help_panel=options.PANEL_FOLDERS,
        help="Take files without a partner for notes, not for failures.",
    ),
]
