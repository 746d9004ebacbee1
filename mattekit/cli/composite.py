"""`mattekit composite`: one picture before a new background, or a data set of composites."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mattekit.cli import batch, choices, compose_shot, console, data_sets, options
from mattekit.frames import is_shot

Parts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FOREGROUND [ALPHA] BACKGROUND",
        help="Images, or frames of a shot; a cut-out needs no ALPHA, BACKGROUND may be a colour.",
        show_default=False,
    ),
]
FILES, DATA = options.PANEL_FILES, "Data sets"
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", rich_help_panel=FILES, help="Write to this file, to stdout (-), or to this folder."),
]
CutoutMode = Annotated[
    Literal["straight", "premultiplied"] | None,
    typer.Option(
        "--alpha-mode",
        show_default="by its format",
        rich_help_panel=FILES,
        help="Take a cut-out for one with such colours.",
    ),
]
Preset = Annotated[
    str | None,
    choices.option("--preset", table="PRESET", rich_help_panel=DATA, help="Compose a data set by these rules."),
]
Split = Annotated[
    Literal["train", "test"] | None,
    typer.Option(rich_help_panel=DATA, show_default="the preset's first", help="Compose this part of the data set."),
]
Foregrounds = Annotated[
    list[Path] | None,
    typer.Option(metavar="DIR", rich_help_panel=DATA, help="Read foregrounds from this folder; may be repeated."),
]
Alphas = Annotated[
    list[Path] | None,
    typer.Option(metavar="DIR", rich_help_panel=DATA, help="Read their alphas from this folder; RGBA needs none."),
]
Backgrounds = Annotated[
    list[Path] | None, typer.Option(metavar="DIR", rich_help_panel=DATA, help="Read backgrounds from this folder.")
]
Trimaps = Annotated[
    list[Path] | None,
    typer.Option(metavar="DIR", rich_help_panel=DATA, help="Copy the trimaps that come with the set from this folder."),
]
ForegroundList = Annotated[
    Path | None,
    typer.Option(rich_help_panel=DATA, help="Read the names of foregrounds from this file, in the order of the set."),
]
BackgroundList = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=DATA,
        help="Read the names of backgrounds from this file; the first N go behind the first foreground, and so on.",
    ),
]
PerForeground = Annotated[
    int | None,
    typer.Option(
        min=1,
        rich_help_panel=DATA,
        show_default="the preset's",
        help="Compose each foreground over this many backgrounds.",
    ),
]
Synthetic = Annotated[
    int | None, typer.Option(min=1, rich_help_panel=DATA, help="Draw this many foregrounds instead of reading them.")
]
Size = Annotated[
    str | None,
    typer.Option(metavar="HxW", show_default="512", rich_help_panel=DATA, help="Draw them in this size, in pixels."),
]
Kinds = Annotated[
    str | None,
    choices.option(
        "--kinds", table="KIND", several=True, show_default="all", rich_help_panel=DATA, help="Draw these kinds."
    ),
]
TrimapRule = Annotated[
    str | None,
    choices.option(
        "--trimap-rule",
        table="RULE",
        extra=("none",),
        rich_help_panel=DATA,
        help="Make random trimaps by this rule, or none, where no trimaps are given.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, rich_help_panel=DATA, help="Draw all that is random from this seed.")]
ManifestOnly = Annotated[
    bool, typer.Option("--manifest-only", rich_help_panel=DATA, help="Write manifest.jsonl but no pixels.")
]
Verify = Annotated[
    bool, typer.Option("--verify", rich_help_panel=DATA, help="Check the data set in -o against its manifest.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict", rich_help_panel=DATA, help="Count files that --verify finds unnamed as failures."),
]


def composite(
    parts: Parts = None,
    output: Output = None,
    depth: options.Depth = "auto",
    alpha_mode: CutoutMode = None,
    short_background: compose_shot.ShortBackground = "fail",
    frames: options.Frames = None,
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
    strict: Strict = False,
    jobs: options.Jobs = 1,
    skip_existing: options.SkipExisting = False,
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
    run = {"jobs": jobs, "fail_fast": fail_fast, "shard": shard, "json": json}
    if verify:
        data_sets.verify(_folder(output), folders, strict=strict, **run)
        return
    if strict:
        raise typer.BadParameter("--strict belongs to --verify.")
    shared = {"per_foreground": per_foreground, "trimap_rule": trimap_rule, "seed": seed, "max_megapixels": max_pixels}
    given = {"preset": preset, "split": split, "foreground_list": foreground_list, "background_list": background_list}
    if synthetic is not None:
        if any((parts, foregrounds, alphas, trimaps, manifest_only, depth != "auto", *given.values())):
            raise typer.BadParameter(
                "--synthetic takes --size, --kinds, --backgrounds, no other parts, lists or depth."
            )
        data_sets.compose_synthetic(_folder(output), synthetic, size, kinds, backgrounds, shared, **run)
        return
    if size or kinds:
        raise typer.BadParameter("--size and --kinds are those of --synthetic N.")
    fields = {"depth": depth, "max_megapixels": max_pixels, "alpha_mode": alpha_mode}
    if preset is None and parts and is_shot(options.framed(Path(parts[0]), frames)):
        parts[0] = str(options.framed(Path(parts[0]), frames))
        _require_parts(parts)
        run |= {"skip_existing": skip_existing}
        compose_shot.run(parts, output, short_background, fields, **run)
        return
    if short_background != "fail" or frames or skip_existing:
        raise typer.BadParameter("--short-background, --frames and --skip-existing are for the frames of a shot.")
    if preset is None:
        task = _single(parts, output, fields, json)
        batch.run_one(task, _compose_one(), shard=shard, json=json)
        return
    if parts or depth != "auto" or alpha_mode:
        raise typer.BadParameter("--preset takes folders (--foregrounds, ...), their depth and straight alpha.")
    data_sets.compose(_folder(output), folders, given | shared | {"manifest_only": manifest_only}, **run)


def _folder(output: Path | None) -> Path:
    if output is None or str(output) == "-" or output.is_file():
        raise typer.BadParameter("a data set needs a folder: -o OUT/")
    return output


def _require_parts(parts: list[str] | None) -> None:
    if len(parts or ()) not in (2, 3):
        raise typer.BadParameter("wanted FOREGROUND ALPHA BACKGROUND, or CUTOUT BACKGROUND, or --preset.")


def _compose_one() -> Any:
    from mattekit.jobs.compose import compose

    return compose


def _single(parts: list[str] | None, output: Path | None, fields: dict, json: bool) -> Any:
    from mattekit.imaging.codecs.encode import output_suffix
    from mattekit.jobs.compose import ComposeJob

    _require_parts(parts)
    foreground, alpha = Path(parts[0]), Path(parts[1]) if len(parts) == 3 else None
    if parts.count("-") > 1:
        raise typer.BadParameter("only one input can come from stdin.")
    compose_shot.refuse_folders(foreground, alpha)
    suffix = output_suffix(fields["depth"], foreground)
    if output is None or output.is_dir():
        if output is None and parts[0] == "-":
            output = Path("-")
        else:
            output = (output or foreground.parent) / f"{foreground.stem}_composite{suffix}"
    if str(output) == "-" and (json or sys.stdout.isatty()):
        raise typer.BadParameter("-o - wants stdout for itself. Name a file with -o, or pipe the output.")
    return ComposeJob(
        name="stdin" if parts[0] == "-" else foreground.stem,
        targets={"composite": output},
        foreground=foreground,
        alpha=alpha,
        background=parts[-1],
        format=suffix if str(output) == "-" else None,
        **fields,
    )
