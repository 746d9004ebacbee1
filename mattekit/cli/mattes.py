"""What `predict` and `refine` share: their options, their jobs of images and trimaps, and how these are run."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mattekit.cli import batch, comparing, console, options, targets

Image = Annotated[Path, typer.Argument(help="Image, folder of images, or - for stdin.")]
Trimap = Annotated[Path, typer.Argument(help="Trimap (0 background, 255 foreground, else unknown) or folder.")]
Save = Annotated[str, typer.Option("--save", help="Comma-separated: alpha, foreground, cutout, composite, preview.")]
Model = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--model",
        envvar="MATTEKIT_MODEL",
        show_default="default",
        help="default (mattekit's own weights), closed-form, knn, lbdm, lkm, rw, shared, or a network's "
        "FILE.safetensors or FILE.onnx.",
    ),
]
Network = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--model",
        envvar="MATTEKIT_MODEL",
        show_default="default",
        help="default (mattekit's own weights) or a network's FILE.safetensors.",
    ),
]
Background = Annotated[
    str | None, typer.Option("--background", show_default="white", help="Colour or image behind the composite.")
]

MaxSize = Annotated[int | None, typer.Option("--max-size", min=1, help="Work at this longer side at most, in pixels.")]
Numbered = Annotated[bool, typer.Option("--numbered", help="Trimap name.png serves images name_0, name_1, ...")]
Tta = Annotated[
    str, typer.Option("--tta", help="Average over views: none, flip (2), dihedral (8) or full (3 scales of 8).")
]


def run(
    image: Path,
    trimap: Path,
    output: Path | None,
    save: str,
    settings: dict,
    *,
    recursive: bool,
    numbered: bool,
    jobs: int,
    fail_fast: bool,
    truth: Path | None = None,
    at_once: int | None = None,
    **how: Any,
) -> None:
    """Do one image or a folder of them; `settings` are fields of `inference.matting.Job`, `how` is for `batch`.

    `at_once` is how many images a network takes together.
    """
    from mattekit.jobs.predict import matte

    if settings["compared"]:
        kinds, work = comparing.work(save)
        how["show"] = comparing.show
    else:
        comparing.refuse_truth(truth)
        kinds, work = _kinds(save), matte
    settings = {**settings, "truth": truth}
    if image.is_dir():
        if jobs > 1:
            _compile_first([settings["model"], *settings["compared"]], kinds)
        found, problems = _folder_jobs(image, trimap, output, kinds, recursive, numbered, settings)
        how["run"] = None if settings["compared"] else _runner(settings["model"], at_once)
        batch.run_folder(found, work, problems=problems, jobs=jobs, fail_fast=fail_fast, **how)
    else:
        job = _single_job(image, trimap, output, kinds, settings)
        if how["json"] and "-" in map(str, job.outputs):
            raise typer.BadParameter("--json and -o - both want stdout.")
        batch.run_one(job, work, **how)


def _runner(model: str, at_once: int | None) -> Any:
    from mattekit.baselines import ALPHA

    if model in ALPHA:
        return None
    from mattekit.jobs.pipeline import runner

    return runner(at_once)


def settings(
    *,
    model: str | None,
    compare: str | None = None,
    device: str,
    tta: str,
    refinement: dict | None,
    tile: str = "auto",
    overlap: int | None = None,
    precision: str = "auto",
    compile: bool = False,
    foreground_method: str,
    background: str | None,
    depth: str,
    format: str | None,
    max_size: int | None,
    max_pixels: float,
) -> dict:
    """Check what was given, before anything is read; fields of `inference.matting.Job`.

    `refinement` holds arguments of `inference.refine.Refinement`, None if alphas are not refined.
    """
    from mattekit.inference.predictor import check_model, default_model
    from mattekit.inference.tta import MODES

    options.choice("--tta", tta, tuple(MODES))
    if background:
        _check_background(background)
    tiled = tile not in ("auto", "off") or overlap is not None
    compared = comparing.models(compare)
    if compared and model:
        console.logger.warning("--compare names the methods; %s is left out.", model)
    named = bool(model or compared)
    if not named:
        model = default_model()
    for name in compared or [model]:
        check_model(name, device, refined=refinement is not None, tiled=tiled)
        _tell_computing(name, device, precision, compile, refined=refinement is not None, named=named)
    return {
        "model": compared[0] if compared else model,
        "compared": compared,
        "device": device,
        "precision": precision,
        "compile": compile,
        "tile": _tile(tile, overlap),
        "overlap": overlap,
        "tta": tta,
        "refinement": None if refinement is None else _refinement(refinement),
        "foreground_method": options.foreground_method(foreground_method),
        "background": background,
        "depth": options.depth(depth),
        "format": options.suffix(format),
        "max_size": max_size,
        "max_megapixels": max_pixels,
    }


def _tell_computing(model: str, device: str, precision: str, compile: bool, *, refined: bool, named: bool) -> None:
    from mattekit.baselines import ALPHA
    from mattekit.inference.precision import CHOICES
    from mattekit.inference.predictor import computing

    options.choice("--precision", precision, CHOICES)
    changed = precision not in ("auto", "fp32") or compile
    if changed and (refined or model in ALPHA or Path(model).suffix == ".onnx"):
        what = "refinement" if refined else model
        console.logger.warning("%s computes in its own way, without --precision and --compile.", what)
    if model not in ALPHA:
        where = computing(model, device, "fp32" if refined else precision)
        if named or where != "cpu, fp32":  # what nobody asked about, and is as usual, needs no word
            console.status(f"{model}: on {where}")


def _tile(tile: str, overlap: int | None) -> int | str:
    if tile in ("auto", "off"):
        return tile
    if not tile.isdecimal() or int(tile) == 0:
        raise typer.BadParameter(f"--tile {tile}: use auto, off or a number of pixels.")
    if overlap is not None and overlap >= int(tile):
        raise typer.BadParameter(f"--overlap {overlap}: use less than the tiles' {tile} pixels.")
    return int(tile)


def _refinement(arguments: dict) -> Any:
    from mattekit.errors import InputError
    from mattekit.inference.refine import Refinement

    try:
        return Refinement(**arguments)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None


def _compile_first(models: list[str], kinds: list[str]) -> None:
    from mattekit.baselines import ALPHA, access
    from mattekit.networks.packaged import packaged

    if set(models) & {*ALPHA, *packaged()} or kinds != ["alpha"]:
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
    from mattekit.jobs.predict import Job

    if str(image) == str(trimap) == "-":
        raise typer.BadParameter("the image and the trimap cannot both come from stdin.")
    for other in (trimap, settings["truth"]):
        if other is not None:
            options.require_no_folder(other, image)
    suffixes = _suffixes(image, kinds, settings)
    made = targets.of_file(image, output, suffixes)
    if "-" in map(str, made.values()) and not settings["format"]:
        settings = {**settings, "format": suffixes[kinds[0]]}
    return Job("stdin" if str(image) == "-" else image.stem, image, trimap, made, **settings)


def _folder_jobs(
    image: Path, trimap: Path, output: Path | None, kinds: list[str], recursive: bool, numbered: bool, settings: dict
) -> tuple[list, list[str]]:
    from mattekit.jobs.predict import Job
    from mattekit.pairing import pair

    folder, truth = targets.folder(output), settings["truth"]
    folders = {"image": image, "trimap": trimap, **({"alpha": truth} if truth else {})}
    shared = [role for role in folders if role != "image"] if numbered else []
    pairing = pair(folders, recursive=recursive, numbered=shared, leave_out=folder)
    for name in pairing.unused["trimap"]:
        console.logger.warning("%s: no image for trimap %s.", trimap, name)
    jobs = []
    for name, files in pairing.groups.items():
        suffixes = _suffixes(files["image"], kinds, settings)
        made = targets.in_folder(folder, name, suffixes)
        jobs.append(Job(name, files["image"], files["trimap"], made, **{**settings, "truth": files.get("alpha")}))
    return jobs, pairing.problems


def _suffixes(image: Path, kinds: list[str], settings: dict) -> dict[str, str]:
    # A sheet is for eyes: always a plain picture.
    return {
        kind: ".png" if kind in ("preview", "compare") else options.default_suffix(image, settings) for kind in kinds
    }
