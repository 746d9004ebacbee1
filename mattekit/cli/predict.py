"""`mattekit predict`: from images and trimaps to alpha mattes and the pictures made with them."""

from pathlib import Path
from typing import Annotated

import typer

from mattekit.cli import console, mattes, options


def predict(
    image: mattes.Image,
    trimap: mattes.Trimap,
    model: mattes.Model = None,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    compile: options.Compile = False,
    threads: options.Threads = None,
    output: options.Output = None,
    save: mattes.Save = "alpha",
    compare: Annotated[
        str | None, typer.Option("--compare", metavar="MODEL,MODEL", help="Write one sheet with the alphas of several.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="True alpha, or folder: --compare shows errors and scores.")
    ] = None,
    background: mattes.Background = None,
    depth: options.Depth = "auto",
    format: options.Format = None,
    max_size: mattes.MaxSize = None,
    tile: Annotated[
        str, typer.Option("--tile", metavar="auto|off|PX", help="Run a network in tiles; auto: where memory needs it.")
    ] = "auto",
    overlap: Annotated[
        int | None,
        typer.Option("--overlap", metavar="PX", min=0, show_default="256", help="Of neighbouring tiles, in pixels."),
    ] = None,
    tta: mattes.Tta = "none",
    refine: Annotated[
        int | None, typer.Option("--refine", metavar="STEPS", min=1, help="Refine alphas in so many steps at most.")
    ] = None,
    foreground_method: options.ForegroundMethod = "multilevel",
    recursive: options.Recursive = False,
    numbered: mattes.Numbered = False,
    batch: Annotated[
        int | None,
        typer.Option(
            "--batch", min=1, show_default="1 on the CPU, more elsewhere", help="Images of one size that go together."
        ),
    ] = None,
    jobs: options.Jobs = 1,
    skip_existing: options.SkipExisting = False,
    fail_fast: options.FailFast = False,
    shard: options.Shard = None,
    max_pixels: options.MaxPixels = options.MAX_MEGAPIXELS,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    json: options.Json = False,
) -> None:
    """Matte an image with its trimap, or a folder of images with a folder of trimaps.

    Writes STEM_alpha.png beside the image, or into -o. Known pixels come out as exactly 0 and 1.
    """
    console.setup(quiet=quiet, verbose=verbose)
    settings = mattes.settings(
        model=model,
        compare=compare,
        device=device,
        precision=precision,
        compile=compile,
        tile=tile,
        overlap=overlap,
        tta=tta,
        refinement={"steps": refine} if refine else None,
        foreground_method=foreground_method,
        background=background,
        depth=depth,
        format=format,
        max_size=max_size,
        max_pixels=max_pixels,
    )
    mattes.run(
        image,
        trimap,
        output,
        save,
        settings,
        recursive=recursive,
        numbered=numbered,
        truth=truth,
        jobs=jobs,
        at_once=batch,
        skip_existing=skip_existing,
        fail_fast=fail_fast,
        shard=shard,
        json=json,
    )
