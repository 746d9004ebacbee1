"""`mattekit refine`: alphas that a network gives and that are then refined by backpropagation (LSA section 4.3)."""

import csv
import io
import json as json_
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mattekit.cli import batch, console, matte_settings, mattes, model_choice, options

PANEL = "Refinement"
Steps = Annotated[
    int | None,
    typer.Option(
        min=1,
        show_default="as suits the optimiser",
        help="Evaluate the cost at most this often; 1 changes nothing.",
        rich_help_panel=PANEL,
    ),
]
Optimisers = Literal["lbfgs", "adam", "momentum", "gradient-descent"]  # of inference.refinement.search.OPTIMISERS
Optimiser = Annotated[
    Optimisers, typer.Option(help="Minimise the cost by this; gradient-descent as published.", rich_help_panel=PANEL)
]
Rate = Annotated[
    float | None,
    typer.Option(
        "--learning-rate",
        show_default="the optimiser's",
        help="Begin with a step of this length.",
        rich_help_panel=PANEL,
    ),
]
Rules = Literal["released", "paper"]  # of inference.refinement.cost.RULES
Rule = Annotated[
    Rules, typer.Option(help="Compute the cost as in the released code or as in the paper.", rich_help_panel=PANEL)
]
Padding = Annotated[
    bool,
    typer.Option("--padding", help="Count padding as picture, as the released code does.", rich_help_panel=PANEL),
]
Trace = Annotated[
    Path | None,
    typer.Option(
        help="Write the cost of every step to FILE.csv or, as JSON lines, FILE.jsonl.",
        rich_help_panel=options.PANEL_FILES,
    ),
]

COLUMNS = ("name", "view", "step", "cost", "c1", "c2")


def refine(
    image: mattes.Image,
    trimap: mattes.Trimap,
    model: model_choice.Network = None,
    device: options.Device = "auto",
    output: options.Output = None,
    steps: Steps = None,
    optimiser: Optimiser = "lbfgs",
    learning_rate: Rate = None,
    rule: Rule = "released",
    padding: Padding = False,
    trace: Trace = None,
    tta: mattes.Tta = "none",
    save: mattes.Save = "alpha",
    background: mattes.Background = None,
    depth: options.Depth = "auto",
    format: options.Format = None,
    layer: options.Layer = None,
    alpha_mode: options.AlphaMode = None,
    max_size: mattes.MaxSize = None,
    transfer: mattes.Transfer = "auto",
    foreground_method: options.ForegroundMethod = "auto",
    recursive: options.Recursive = False,
    frames: options.Frames = None,
    numbered: mattes.Numbered = False,
    jobs: options.Jobs = 1,
    skip_existing: options.SkipExisting = False,
    fail_fast: options.FailFast = False,
    shard: options.Shard = None,
    max_pixels: options.MaxPixels = options.MAX_MEGAPIXELS,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    json: options.Json = False,
) -> None:
    """Matte with a network, and make its alphas agree with the trimap where the known regions end.

    Takes and writes what `predict` does. -v prints the cost at every step; with --tta every view is refined.
    """
    console.setup(quiet=quiet, verbose=verbose)
    image = options.framed(image, frames)
    fields = matte_settings.settings(
        device=device,
        tta=tta,
        refinement=dict(steps=steps, optimiser=optimiser, learning_rate=learning_rate, rule=rule, padding=padding),
        foreground_method=foreground_method,
        depth=depth,
        format=format,
        max_size=max_size,
        max_pixels=max_pixels,
        transfer=transfer,
        layer=layer,
        alpha_mode=alpha_mode,
    )
    with _tracing(trace, shard) as show:
        mattes.run(
            image,
            trimap,
            output,
            mattes.kinds_of(save),
            mattes.prediction(model, background, fields),
            recursive=recursive,
            numbered=numbered,
            jobs=jobs,
            skip_existing=skip_existing,
            fail_fast=fail_fast,
            shard=shard,
            json=json,
            show=show,
        )


@contextmanager
def _tracing(trace: Path | None, shard: Any) -> Iterator[batch.Show | None]:
    """Collect costs from the results shown in the block, and write them at its end, however it ends."""
    if trace is None:
        yield None
        return
    if trace.suffix not in (".csv", ".jsonl"):
        raise typer.BadParameter(f"--trace {trace}: name a .csv or a .jsonl file.")
    rank, rows = batch.rank_of(shard), []
    if rank.count > 1:
        trace = trace.with_stem(f"{trace.stem}-{rank.index + 1}-of-{rank.count}")
    from mattekit.files import require_writable

    require_writable(trace.parent)

    def show(name: str, value: dict, json: bool) -> None:
        for view, costs in enumerate(value["refinement"], 1):
            rows.extend((name, view, step, *terms) for step, terms in enumerate(costs, 1))
        batch.console_result(name, value, json)

    try:
        yield show
    finally:
        _write(trace, rows)


def _write(trace: Path, rows: list[tuple]) -> None:
    from mattekit.files import write_bytes

    text = io.StringIO(newline="")
    if trace.suffix == ".csv":
        csv.writer(text).writerows([COLUMNS, *rows])
    else:
        text.writelines(json_.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in rows)
    write_bytes(trace, text.getvalue().encode())
