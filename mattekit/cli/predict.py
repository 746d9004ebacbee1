"""`mattekit predict`: from images and trimaps to alpha mattes and the pictures made with them."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mattekit.cli import (
    choices,
    console,
    matte_settings,
    mattes,
    model_choice,
    options,
    predict_page,
    sequence,
    trimap_source,
    video_output,
    watch,
)

Compare = Annotated[
    str | None,
    choices.option(
        "--compare",
        table="MODEL",
        several=True,
        others=True,
        metavar="NAME,...",
        help="Write one sheet with the alphas of these models.",
        rich_help_panel=options.PANEL_FILES,
    ),
]
Truth = Annotated[
    Path | None,
    typer.Option(
        "--truth",
        help="Score --compare's alphas against true ones.",
        rich_help_panel=options.PANEL_FILES,
    ),
]
Tile = Annotated[
    str,
    typer.Option(
        "--tile",
        metavar="auto|off|PX",
        show_default=False,
        help="Run networks in tiles; auto where memory needs it.",
        rich_help_panel=options.PANEL_MEMORY,
    ),
]
Overlap = Annotated[
    int | None,
    typer.Option(
        "--overlap",
        metavar="PX",
        min=0,
        show_default="256",
        help="Overlap tiles by this much.",
        rich_help_panel=options.PANEL_MEMORY,
    ),
]
Band = Annotated[
    str | None,
    typer.Option(
        "--band",
        metavar=trimap_source.BAND,
        show_default="auto",
        rich_help_panel=trimap_source.PANEL,
        help="Open this band at the mask's edge.",
    ),
]
Refine = Annotated[
    int | None,
    typer.Option(
        "--refine",
        metavar="STEPS",
        min=1,
        help="Refine in so many steps; see mattekit refine.",
        rich_help_panel=options.PANEL_MODEL,
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(
        "--batch",
        metavar="N",
        min=1,
        show_default="1 on the CPU, more elsewhere",
        help="Compute up to this many images of one size together.",
        rich_help_panel=options.PANEL_MEMORY,
    ),
]


def predict(
    image: mattes.Image,
    trimap: mattes.TrimapOrSource = None,
    mask: trimap_source.Mask = None,
    segment: trimap_source.Segment = None,
    classes: trimap_source.Class = None,
    box: trimap_source.Box = None,
    points: trimap_source.Points = None,
    clean_plate: trimap_source.CleanPlate = None,
    screen: trimap_source.Screen = None,
    scribbles: trimap_source.Strokes = None,
    source: trimap_source.Source = None,
    band: Band = None,
    fit: trimap_source.Fit = False,
    model: model_choice.Model = None,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    compile: options.Compile = False,
    threads: options.Threads = None,
    output: options.Output = None,
    save: mattes.Save = "alpha",
    report: predict_page.Report = None,
    compare: Compare = None,
    truth: Truth = None,
    background: mattes.Background = None,
    depth: options.Depth = "auto",
    format: options.Format = None,
    layer: options.Layer = None,
    alpha_mode: options.AlphaMode = None,
    max_size: mattes.MaxSize = None,
    transfer: mattes.Transfer = "auto",
    tile: Tile = "auto",
    overlap: Overlap = None,
    tta: mattes.Tta = "none",
    refine: Refine = None,
    foreground_method: options.ForegroundMethod = "auto",
    recursive: options.Recursive = False,
    frames: options.Frames = None,
    numbered: mattes.Numbered = False,
    steady: sequence.Steady = False,
    batch: Batch = None,
    jobs: options.Jobs = 1,
    skip_existing: options.SkipExisting = False,
    watched: watch.Watch = False,
    fail_fast: options.FailFast = False,
    shard: options.Shard = None,
    max_pixels: options.MaxPixels = options.MAX_MEGAPIXELS,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    json: options.Json = False,
) -> None:
    """Matte an image with a trimap, or a folder of each, or with a trimap source.

    Writes STEM_alpha.png beside it, or into -o. Known pixels stay exactly 0 and 1.
    """
    console.setup(quiet=quiet, verbose=verbose)
    image = options.framed(image, frames)
    spec, taken = trimap_source.instead_of(
        trimap, band=band, fit=fit, source=source, classes=classes, mask=mask, segment=segment, box=box, points=points,
        clean_plate=clean_plate, screen=screen, scribbles=scribbles,
    )  # fmt: skip
    fields = matte_settings.settings(
        device=device,
        precision=precision,
        compile=compile,
        tile=tile,
        overlap=overlap,
        tta=tta,
        refinement={"steps": refine} if refine else None,
        foreground_method=foreground_method,
        depth=depth,
        format=format,
        max_size=max_size,
        max_pixels=max_pixels,
        transfer=transfer,
        layer=layer,
        alpha_mode=alpha_mode,
    )
    if compare is None:
        model_choice.refuse_truth(truth)
        kinds, make, show = mattes.kinds_of(save), mattes.prediction(model, background, fields), None
    else:
        make = model_choice.comparison(compare, model, save, fields)
        kinds, show = ["compare"], model_choice.show_comparison
    make = partial(make, masks=taken)
    if steady:
        sequence.refuse(image, compare=compare is not None, watched=watched, jobs=jobs)
    if watched and report:
        raise typer.BadParameter("--report shows what a run has made, and --watch has no end. Leave one of them out.")
    if report and output and video_output.is_video_name(output):
        raise typer.BadParameter(f"--report shows files of single frames, but -o {output} is a video.")
    page = predict_page.Page(report, make, kinds, shard, jobs) if report else None
    with page or nullcontext():
        mattes.run(
            image,
            trimap,
            output,
            kinds,
            page.make if page else make,
            spec=spec,
            truth=truth,
            recursive=recursive,
            numbered=numbered,
            jobs=jobs,
            at_once=batch,
            watched=watched,
            steady=steady,
            skip_existing=skip_existing,
            fail_fast=fail_fast,
            shard=shard,
            json=json,
            show=page.show if page else show,
        )
