"""`mattekit composite`: one picture before a new background, or a data set of composites."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mattekit.cli import batch, console, options

Parts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FOREGROUND [ALPHA] BACKGROUND",
        help="Images; a cut-out needs no ALPHA, and BACKGROUND may be a colour.",
        show_default=False,
    ),
]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="File, - for stdout, or the data set's folder.")]
Preset = Annotated[str | None, typer.Option(help="Data set: aim, composition-1k, distinctions-646 or custom.")]
Split = Annotated[str | None, typer.Option(help="train or test; if not given, the preset's first.")]
Foregrounds = Annotated[list[Path] | None, typer.Option(help="Folder of foregrounds; may be given several times.")]
Alphas = Annotated[list[Path] | None, typer.Option(help="Folder of their alphas; not needed for RGBA foregrounds.")]
Backgrounds = Annotated[list[Path] | None, typer.Option(help="Folder of backgrounds.")]
Trimaps = Annotated[list[Path] | None, typer.Option(help="Folder of trimaps that come with the set, to be copied.")]
ForegroundList = Annotated[Path | None, typer.Option(help="File of foreground names, in the order of the set.")]
BackgroundList = Annotated[
    Path | None, typer.Option(help="File of background names: the first N go behind the first foreground, ...")
]
PerForeground = Annotated[int | None, typer.Option(min=1, help="Backgrounds per foreground, if not the preset's.")]
Synthetic = Annotated[int | None, typer.Option(metavar="N", min=1, help="Data set of N drawn foregrounds; no preset.")]
Size = Annotated[str | None, typer.Option(metavar="HxW", show_default="512", help="Of --synthetic, in pixels.")]
Kinds = Annotated[str | None, typer.Option(show_default="all", help="Of --synthetic: hair,fur,net,...")]
TrimapRule = Annotated[str | None, typer.Option(help="Without --trimaps: dim (default), a2u, indexnet, lsa or none.")]
Seed = Annotated[int, typer.Option(min=0, help="Of random trimaps, custom's choice of backgrounds, --synthetic.")]
ManifestOnly = Annotated[bool, typer.Option("--manifest-only", help="Write manifest.jsonl but no pixels.")]
Verify = Annotated[bool, typer.Option("--verify", help="Check the data set in -o against its manifest.")]


def composite(
    parts: Parts = None,
    output: Output = None,
    depth: options.Depth = "auto",
    preset: Preset = None,
    split: Split = None,
    foregrounds: Foregrounds = None,
    alphas: Alphas = None,
    backgrounds: Backgrounds = None,
    trimaps: Trimaps = None,
    foreground_list: ForegroundList = None,
    background_list: BackgroundList = None,
    per_foreground: PerForeground = None,
    trimap_rule: TrimapRule = None,
    synthetic: Synthetic = None,
    size: Size = None,
    kinds: Kinds = None,
    seed: Seed = 0,
    manifest_only: ManifestOnly = False,
    verify: Verify = False,
    jobs: options.Jobs = 1,
    fail_fast: options.FailFast = False,
    shard: options.Shard = None,
    max_pixels: options.MaxPixels = options.MAX_MEGAPIXELS,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    json: options.Json = False,
) -> None:
    """Put a foreground before a background; or with --preset compose a data set, which a killed run can go on with.

    A data set gets merged/NAME_0.png, NAME_1.png, ..., alpha/NAME.png, trimaps/NAME_0.png, ... and manifest.jsonl.
    With --synthetic its foregrounds are drawn and kept in fg/; so are backgrounds, unless --backgrounds gives them.
    """
    console.setup(quiet=quiet, verbose=verbose)
    folders = {"foreground": foregrounds, "alpha": alphas, "background": backgrounds, "trimap": trimaps}
    if verify:
        _verify(_folder(output), folders, jobs=jobs, fail_fast=fail_fast, shard=shard, json=json)
        return
    shared = {
        "per_foreground": per_foreground,
        "trimap_rule": trimap_rule,
        "seed": seed,
        "max_megapixels": max_pixels,
    }
    if synthetic is not None:
        unfit = (parts, preset, split, foregrounds, alphas, trimaps, foreground_list, background_list, manifest_only)
        if any(unfit) or depth != "auto":
            raise typer.BadParameter(
                "--synthetic goes with --size, --kinds, --backgrounds and no other parts or lists."
            )
        drawn = {"count": synthetic, "size": _size(size or "512"), "kinds": _kinds(kinds), "backgrounds": backgrounds}
        _check_choices(**shared)
        _run(
            _folder(output),
            _prepare_synthetic(),
            drawn | shared,
            jobs=jobs,
            fail_fast=fail_fast,
            shard=shard,
            json=json,
        )
        return
    if size or kinds:
        raise typer.BadParameter("--size and --kinds are those of --synthetic N.")
    if preset is None:
        task = _single(parts, output, options.depth(depth), max_pixels, json)
        batch.run_one(task, _compose_one(), shard=shard, json=json)
        return
    if parts or depth != "auto":
        raise typer.BadParameter("--preset takes folders (--foregrounds, ...), and the depth of the foregrounds.")
    wanted = {
        "preset": preset,
        "split": split,
        "manifest_only": manifest_only,
        "foreground_list": foreground_list,
        "background_list": background_list,
    } | shared
    _data_set(_folder(output), folders, wanted, jobs=jobs, fail_fast=fail_fast, shard=shard, json=json)


def _folder(output: Path | None) -> Path:
    if output is None or str(output) == "-" or output.is_file():
        raise typer.BadParameter("a data set needs a folder: -o OUT/")
    return output


def _compose_one() -> Any:
    from mattekit.imaging.compose import compose

    return compose


def _single(parts: list[str] | None, output: Path | None, depth: str, max_pixels: float, json: bool) -> Any:
    from mattekit.imaging.compose import Job
    from mattekit.imaging.depth import output_suffix

    if len(parts or ()) not in (2, 3):
        raise typer.BadParameter("wanted FOREGROUND ALPHA BACKGROUND, or CUTOUT BACKGROUND, or --preset.")
    foreground, alpha = Path(parts[0]), Path(parts[1]) if len(parts) == 3 else None
    if parts.count("-") > 1:
        raise typer.BadParameter("only one input can come from stdin.")
    if foreground.is_dir() or (alpha and alpha.is_dir()):
        raise typer.BadParameter("for folders use --preset custom --foregrounds DIR --alphas DIR --backgrounds DIR.")
    suffix = output_suffix(depth, foreground)
    if output is None or output.is_dir():
        if output is None and parts[0] == "-":
            output = Path("-")
        else:
            output = (output or foreground.parent) / f"{foreground.stem}_composite{suffix}"
    if str(output) == "-" and (json or sys.stdout.isatty()):
        raise typer.BadParameter("-o - wants stdout for itself. Name a file with -o, or pipe the output.")
    to_stdout = suffix if str(output) == "-" else None
    return Job(foreground, alpha, parts[-1], output, depth, to_stdout, max_pixels)


def _data_set(output: Path, folders: dict, wanted: dict, **run: Any) -> None:
    from mattekit.data.dataset import prepare

    _check_choices(**wanted)
    for role in ("foreground", "background"):
        if not folders[role]:
            raise typer.BadParameter(f"--preset needs --{role}s DIR.")
    _run(output, prepare, {"folders": folders} | wanted, **run)


def _prepare_synthetic() -> Any:
    from mattekit.data.synthetic_set import prepare

    return prepare


def _size(text: str) -> tuple[int, int]:
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() for side in sides):
        raise typer.BadParameter(f"--size {text}: wanted pixels, as 512, or height x width, as 480x640.")
    return int(sides[0]), int(sides[-1])


def _kinds(text: str | None) -> list[str]:
    from mattekit.data.synthetic import KINDS

    return [options.choice("--kinds", kind.strip(), tuple(KINDS)) for kind in text.split(",")] if text else []


def _run(output: Path, prepare: Any, wanted: dict, *, shard: Any, **run: Any) -> None:
    from mattekit.data.build import compose

    rank = batch.rank_of(shard)
    dataset = prepare(output, **wanted, rank=rank)
    try:
        batch.run_folder(
            dataset.tasks, compose, problems=dataset.problems, skip_existing=True, shard=rank,
            together=lambda task: task.item.group, run=dataset.run, **run,
        )  # fmt: skip
    except typer.Exit as stop:
        if stop.exit_code == 3:  # all that can be composed is
            _finish(dataset, rank)
        raise
    _finish(dataset, rank)


def _finish(dataset: Any, rank: Any) -> None:
    if not dataset.finish():
        console.status(f"{rank}: the manifest is written when the images of all ranks are there")


def _check_choices(trimap_rule: str | None, preset: str | None = None, split: str | None = None, **_: Any) -> None:
    from mattekit.data.presets import PRESETS
    from mattekit.imaging.trimap_random import RULES

    if preset:
        options.choice("--preset", preset, tuple(PRESETS))
    if split:
        options.choice("--split", split, tuple(PRESETS[preset]))
    if trimap_rule:
        options.choice("--trimap-rule", trimap_rule, (*RULES, "none"))


def _verify(output: Path, folders: dict, *, json: bool, **run: Any) -> None:
    from mattekit.data.plan import Library
    from mattekit.data.verify import check, checks, strangers

    libraries = {role: Library(paths) for role, paths in folders.items() if paths}
    tasks, problems = checks(output, libraries)
    for path in strangers(output, tasks):
        console.logger.warning("%s: no line of the manifest names it.", path)
    unchecked = {f"--{role}s" for task in tasks for role in task.record["parts"] if role not in libraries}
    if unchecked:
        console.logger.warning("parts are not checked without their folders: %s.", ", ".join(sorted(unchecked)))
    batch.run_folder(tasks, check, problems=problems, json=json, **run)
