"""`mattekit foreground`: colours of the foreground (and background) alone, from images and their alphas."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mattekit.cli import batch, choices, console, options, targets, video_output
from mattekit.frames import is_many

PANEL = options.PANEL_MODEL
Method = Annotated[
    str, choices.option("--method", table="METHOD", rich_help_panel=PANEL, help="Estimate colours by this method.")
]
Scales = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=16,
        show_default="6",
        rich_help_panel=PANEL,
        help="Let multiscale use this many sizes, each half the next.",
    ),
]
Kappa = Annotated[
    float | None,
    typer.Option(
        min=1e-6,
        max=1e6,
        show_default="1",
        rich_help_panel=PANEL,
        help="Weigh smoothness by this much in multiscale and multigrid.",
    ),
]
Iterations = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1000,
        show_default="20; multigrid: 7",
        rich_help_panel=PANEL,
        help="Sweep this often: multiscale at full size, twice as often at each smaller one; multigrid at every size.",
    ),
]
Initial = Annotated[
    Literal["image", "multilevel", "closed-form"],
    typer.Option(
        rich_help_panel=PANEL,
        help="Start multiscale and multigrid from the image, which suits cut-outs, or from another method's result, "
        "which suits photographs with much hair.",
    ),
]


def foreground(
    image: Annotated[Path, typer.Argument(help="Image, folder of images, or - for stdin.")],
    alpha: Annotated[Path, typer.Argument(help="Its alpha, or the folder of alphas.")],
    output: options.Output = None,
    method: Method = "multilevel",
    scales: Scales = None,
    kappa: Kappa = None,
    iterations: Iterations = None,
    initial: Initial = "image",
    also_background: Annotated[
        bool, typer.Option(rich_help_panel=options.PANEL_FILES, help="Write the background's colours too.")
    ] = False,
    depth: options.Depth = "auto",
    format: options.Format = None,
    layer: options.Layer = None,
    recursive: options.Recursive = False,
    frames: options.Frames = None,
    numbered: Annotated[
        bool,
        typer.Option(rich_help_panel=options.PANEL_FOLDERS, help="Use alpha name.png for images name_0, name_1, ..."),
    ] = False,
    jobs: options.Jobs = 1,
    skip_existing: options.SkipExisting = False,
    fail_fast: options.FailFast = False,
    shard: options.Shard = None,
    max_pixels: options.MaxPixels = options.MAX_MEGAPIXELS,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    json: options.Json = False,
) -> None:
    """Find the colours of the foreground alone, free of the old background, in an image with its alpha.

    Writes STEM_foreground.png beside the image, or into -o. -v and --json also show the cost C before and after.
    """
    console.setup(quiet=quiet, verbose=verbose)
    image = options.framed(image, frames)
    given = {"scales": scales, "kappa": kappa, "iterations": iterations}
    settings = {
        "method": method,
        "options": _options(method, {name: value for name, value in given.items() if value is not None}),
        "initial": _initial(initial, method),
        "depth": depth,
        "format": options.suffix(format),
        "max_megapixels": max_pixels,
        "layer": layer,
        "judge": verbose or json,
    }
    kinds = ["foreground", "background"] if also_background else ["foreground"]
    from mattekit.jobs.foreground import reestimate

    if is_many(image):
        if jobs > 1:
            from mattekit.jobs.compilation import warm_up

            warm_up(foregrounds=[method] if initial == "image" else [method, initial])
        videos = video_output.wanted(image, output, kinds, settings)
        place = videos or targets.folder(output)
        items, problems = _folder_jobs(image, alpha, place, kinds, recursive, numbered, settings)
        video_output.run_folder(
            videos,
            items,
            reestimate,
            problems=problems,
            jobs=jobs,
            skip_existing=skip_existing,
            fail_fast=fail_fast,
            shard=shard,
            json=json,
        )
    else:
        item = _single_job(image, alpha, output, kinds, settings)
        if json and "-" in map(str, item.outputs):
            raise typer.BadParameter("--json and -o - both want stdout.")
        batch.run_one(item, reestimate, skip_existing=skip_existing, shard=shard, json=json)


def _options(method: str, given: dict[str, float]) -> dict[str, float]:
    """Refuse an unknown method, and options that would have no effect on it."""
    from inspect import signature

    from mattekit.baselines import FOREGROUND

    takes = signature(FOREGROUND[method].function).parameters
    for name in given:
        if name not in takes:
            raise typer.BadParameter(f"--{name} does not apply with --method {method}.")
    return given


def _initial(initial: str, method: str) -> str:
    from mattekit.baselines import FOREGROUND

    if initial != "image" and not FOREGROUND[method].smooths:
        raise typer.BadParameter(f"--initial {initial} does not apply with --method {method}.")
    return initial


def _single_job(image: Path, alpha: Path, output: Path | None, kinds: list[str], settings: dict) -> Any:
    from mattekit.jobs.foreground import ForegroundJob

    if str(image) == "-" and str(alpha) == "-":
        raise typer.BadParameter("the image and the alpha cannot both come from stdin.")
    options.require_no_folder(alpha, image)
    suffixes = options.default_suffixes(image, kinds, settings)
    outputs = targets.of_file(image, output, suffixes)
    if "-" in map(str, outputs.values()):
        settings = {**settings, "format": suffixes[kinds[0]]}
    name = "stdin" if str(image) == "-" else image.stem
    return ForegroundJob(name=name, image=image, alpha=alpha, targets=outputs, **settings)


def _folder_jobs(
    image: Path, alpha: Path, output: Path, kinds: list[str], recursive: bool, numbered: bool, settings: dict
) -> tuple[list, list[str]]:
    from mattekit.jobs.foreground import ForegroundJob
    from mattekit.pairing import pair

    pairing = pair({"image": image, "alpha": alpha}, recursive=recursive, numbered=["alpha"] if numbered else [])
    for name in pairing.unused["alpha"]:
        console.logger.warning("%s: no image for alpha %s.", alpha, name)
    items = []
    for name, files in pairing.groups.items():
        outputs = targets.in_folder(output, name, options.default_suffixes(files["image"], kinds, settings))
        items.append(ForegroundJob(name=name, image=files["image"], alpha=files["alpha"], targets=outputs, **settings))
    return items, pairing.problems
