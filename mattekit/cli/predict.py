"""`mattekit predict`: from images and trimaps to alpha mattes and the pictures made with them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mattekit.cli import batch, console, options, targets

Save = Annotated[str, typer.Option("--save", help="Comma-separated: alpha, foreground, cutout, composite, preview.")]
Model = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--model",
        envvar="MATTEKIT_MODEL",
        show_default="shared",
        help="closed-form, knn, lbdm, lkm, rw, shared, or a network's FILE.safetensors.",
    ),
]
Background = Annotated[
    str | None, typer.Option("--background", show_default="white", help="Colour or image behind the composite.")
]


def predict(
    image: Annotated[Path, typer.Argument(help="Image, folder of images, or - for stdin.")],
    trimap: Annotated[Path, typer.Argument(help="Trimap (0 background, 255 foreground, else unknown) or folder.")],
    model: Model = None,
    device: options.Device = "auto",
    output: options.Output = None,
    save: Save = "alpha",
    background: Background = None,
    depth: options.Depth = "auto",
    format: options.Format = None,
    max_size: Annotated[int | None, typer.Option(min=1, help="Work at this longer side at most, in pixels.")] = None,
    foreground_method: options.ForegroundMethod = "multilevel",
    recursive: options.Recursive = False,
    numbered: Annotated[
        bool, typer.Option("--numbered", help="Trimap name.png serves images name_0, name_1, ...")
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
    """Matte an image with its trimap, or a folder of images with a folder of trimaps.

    Writes STEM_alpha.png beside the image, or into -o. Known pixels come out as exactly 0 and 1.
    """
    console.setup(quiet=quiet, verbose=verbose)
    settings = {
        "model": _model(model, device),
        "device": device,
        "foreground_method": options.foreground_method(foreground_method),
        "background": background,
        "depth": options.depth(depth),
        "format": options.suffix(format),
        "max_size": max_size,
        "max_megapixels": max_pixels,
    }
    kinds = _kinds(save)
    if background:
        _check_background(background)
    from mattekit.inference.matting import matte

    if image.is_dir():
        if jobs > 1:
            _compile_first(settings["model"], kinds)
        jobs_found, problems = _folder_jobs(image, trimap, output, kinds, recursive, numbered, settings)
        batch.run_folder(
            jobs_found,
            matte,
            problems=problems,
            jobs=jobs,
            skip_existing=skip_existing,
            fail_fast=fail_fast,
            shard=shard,
            json=json,
        )
    else:
        job = _single_job(image, trimap, output, kinds, settings)
        if json and "-" in map(str, job.outputs):
            raise typer.BadParameter("--json and -o - both want stdout.")
        batch.run_one(job, matte, skip_existing=skip_existing, shard=shard, json=json)


def _model(name: str | None, device: str) -> str:
    from mattekit.baselines import DEFAULT
    from mattekit.inference.predictor import check_model

    check_model(name or DEFAULT, device)  # refuses what cannot be used before anything is read
    return name or DEFAULT


def _compile_first(model: str, kinds: list[str]) -> None:
    from mattekit.baselines import ALPHA, access

    if model in ALPHA or kinds != ["alpha"]:
        access.compile_first()


def _kinds(save: str) -> list[str]:
    from mattekit.inference.pictures import KINDS

    kinds = [kind.strip() for kind in save.split(",") if kind.strip()]
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise typer.BadParameter(f"--save {save}: use one or more of {','.join(KINDS)}.")
    return list(dict.fromkeys(kinds))


def _check_background(background: str) -> None:
    from mattekit.imaging.background import colour

    if not Path(background).is_file():
        colour(background)


def _single_job(image: Path, trimap: Path, output: Path | None, kinds: list[str], settings: dict) -> Any:
    from mattekit.inference.matting import Job

    if str(image) == str(trimap) == "-":
        raise typer.BadParameter("the image and the trimap cannot both come from stdin.")
    if trimap.is_dir():
        raise typer.BadParameter(f"{trimap} is a folder but {image} is a file. Give two files or two folders.")
    suffixes = _suffixes(image, kinds, settings)
    made = targets.of_file(image, output, suffixes)
    if "-" in map(str, made.values()) and not settings["format"]:
        settings = {**settings, "format": suffixes[kinds[0]]}
    return Job("stdin" if str(image) == "-" else image.stem, image, trimap, made, **settings)


def _folder_jobs(
    image: Path, trimap: Path, output: Path | None, kinds: list[str], recursive: bool, numbered: bool, settings: dict
) -> tuple[list, list[str]]:
    from mattekit.data.folders import pair
    from mattekit.inference.matting import Job

    folder = targets.folder(output)
    shared = ["trimap"] if numbered else []
    pairing = pair({"image": image, "trimap": trimap}, recursive=recursive, numbered=shared, leave_out=folder)
    for name in pairing.unused["trimap"]:
        console.logger.warning("%s: no image for trimap %s.", trimap, name)
    jobs = []
    for name, files in pairing.groups.items():
        suffixes = _suffixes(files["image"], kinds, settings)
        made = targets.in_folder(folder, name, suffixes)
        jobs.append(Job(name, files["image"], files["trimap"], made, **settings))
    return jobs, pairing.problems


def _suffixes(image: Path, kinds: list[str], settings: dict) -> dict[str, str]:
    # A preview is for eyes: always a plain picture.
    return {kind: ".png" if kind == "preview" else options.default_suffix(image, settings) for kind in kinds}
