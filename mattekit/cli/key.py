"""`mattekit key`: alphas and clean colours of plates in front of a green, blue or other screen."""

from pathlib import Path
from typing import Any

import typer

from mattekit.cli import batch, choices, console, key_options, options, source_settings, targets, video_output
from mattekit.frames import is_many

ROLES = ("clean_plate", "garbage", "core")


def key(
    plate: key_options.Plate,
    output: options.Output = None,
    screen: key_options.Screen = "auto",
    despill: key_options.Despill = 1.0,
    keep_shadows: key_options.KeepShadows = False,
    garbage: key_options.Garbage = None,
    core: key_options.Core = None,
    clean_plate: key_options.CleanPlate = None,
    save: key_options.Save = "cutout",
    depth: options.Depth = "auto",
    format: options.Format = None,
    layer: options.Layer = None,
    alpha_mode: options.AlphaMode = None,
    recursive: options.Recursive = False,
    frames: options.Frames = None,
    jobs: options.Jobs = 1,
    threads: options.Threads = None,
    skip_existing: options.SkipExisting = False,
    fail_fast: options.FailFast = False,
    shard: options.Shard = None,
    max_pixels: options.MaxPixels = options.MAX_MEGAPIXELS,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    json: options.Json = False,
) -> None:
    """Key a plate shot in front of a green, blue or other screen, or a folder of them.

    Writes STEM_cutout.png beside the plate, or into -o: transparent, and free of the screen's colour.
    """
    console.setup(quiet=quiet, verbose=verbose)
    plate = options.framed(plate, frames)
    fields = {
        "settings": _settings(screen, despill, keep_shadows),
        "depth": depth,
        "format": options.suffix(format),
        "max_megapixels": max_pixels,
        "layer": layer,
        "alpha_mode": alpha_mode,
    }
    if not (parts := choices.parse(save)):
        raise typer.BadParameter(f"--save: use one or more of {', '.join(choices.names('PART'))}.")
    others = {role: path for role, path in zip(ROLES, (clean_plate, garbage, core), strict=True) if path}
    from mattekit.jobs.key import key_plate

    how: dict[str, Any] = {"skip_existing": skip_existing, "shard": shard, "json": json, "show": _show}
    if not is_many(plate):
        job = _single_job(plate, output, parts, others, fields)
        if json and "-" in map(str, job.outputs):
            raise typer.BadParameter("--json and -o - both want stdout.")
        batch.run_one(job, key_plate, **how)
        return
    videos = video_output.wanted(plate, output, parts, fields)
    items, problems = _folder_jobs(plate, videos or output, parts, others, recursive, fields)
    video_output.run_folder(
        videos, items, key_plate, problems=problems, jobs=jobs, fail_fast=fail_fast, label="plates", **how
    )


def _settings(screen: str, despill: float, keep_shadows: bool) -> Any:
    from mattekit.keying.key import KeySettings

    return KeySettings(screen=source_settings.screen(screen), despill=despill, keep_shadows=keep_shadows)


def _show(name: str, value: dict, json: bool) -> None:
    """Show one plate that is done: a JSON line, or its screen and its files on stderr."""
    if not json:
        console.logger.info("%s: screen %s, confidence %.2f", name, value["screen"], value["confidence"])
    batch.console_result(name, value, json)


def _single_job(plate: Path, output: Path | None, parts: list[str], others: dict[str, Path], fields: dict) -> Any:
    from mattekit.jobs.key import KeyJob

    if [str(path) for path in (plate, *others.values())].count("-") > 1:
        raise typer.BadParameter("two inputs cannot both come from stdin.")
    for path in others.values():
        options.require_no_folder(path, plate)
    suffixes = options.default_suffixes(plate, parts, fields)
    made = targets.of_file(plate, output, suffixes)
    if "-" in map(str, made.values()) and not fields["format"]:
        fields = {**fields, "format": suffixes[parts[0]]}
    return KeyJob(name="stdin" if str(plate) == "-" else plate.stem, image=plate, targets=made, **others, **fields)


def _folder_jobs(
    plate: Path, output: Path | None, parts: list[str], others: dict[str, Path], recursive: bool, fields: dict
) -> tuple[list, list[str]]:
    from mattekit.jobs.key import KeyJob
    from mattekit.pairing import pair

    folder = targets.folder(output)
    folders = {role: path for role, path in others.items() if is_many(path)}
    pairing = pair({"image": plate, **folders}, recursive=recursive, leave_out=folder)
    items = []
    for name, files in pairing.groups.items():
        made = targets.in_folder(folder, name, options.default_suffixes(files["image"], parts, fields))
        own = {**others, **{role: files[role] for role in folders}}
        items.append(KeyJob(name=name, image=files["image"], targets=made, **own, **fields))
    return items, pairing.problems
