"""`mattekit eval`: scores of predictions against true alphas, as the official scorer counts them."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from mattekit.cli import batch, choices, console, eval_options, eval_page, options
from mattekit.cli.results import Results
from mattekit.frames import is_many, is_shot


def eval(
    paths: eval_options.Paths,
    trimaps: eval_options.Trimaps = None,
    region: eval_options.Region = None,
    unknown_value: eval_options.UnknownValue = "128",
    metrics: eval_options.Metrics = None,
    empty_levels: eval_options.EmptyLevels = "continue",
    format: eval_options.Format = None,
    latex_style: eval_options.LatexStyle = None,
    output: eval_options.Output = None,
    images: eval_options.Images = None,
    single_file: eval_options.SingleFile = False,
    seed: eval_options.Seed = 0,
    sequence: eval_options.Sequence = False,
    group_by: eval_options.GroupBy = None,
    per_image: eval_options.PerImage = False,
    worst: eval_options.Worst = None,
    allow_missing: eval_options.AllowMissing = False,
    recursive: options.Recursive = False,
    jobs: options.Jobs = 1,
    fail_fast: options.FailFast = False,
    shard: options.Shard = None,
    max_pixels: options.MaxPixels = options.MAX_MEGAPIXELS,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    json: options.Json = False,
) -> None:
    """Score predicted alphas against true ones.

    The values are those of the official MATLAB code: SAD, Grad and Conn in thousands, MSE and MAD per pixel, over
    the unknown pixels of the trimaps. Truth name.png also serves name_0.png, name_1.png ... (Composition-1k).
    Means leave out images where a value is undefined (no unknown pixel), and say so. -o FILE.html is a page to look
    at: tables, charts, and every picture with its mattes and errors. Of several ranks, or --shard, each writes
    FILE.1-of-4, ... for -o FILE; the last one makes FILE of them.
    """
    console.setup(quiet=quiet, verbose=verbose)
    *predictions, truth = paths
    _check_paths(predictions, truth, trimaps, images)
    if per_image and worst:
        raise typer.BadParameter("--per-image and --worst exclude each other.")
    format = _format(format, output, json)
    if latex_style and format != "latex":
        raise typer.BadParameter("--latex-style needs --format latex, or -o FILE.tex.")
    if (images or single_file) and format != "html":
        raise typer.BadParameter(
            f"{'--images' if images else '--single-file'} is for the page that -o FILE.html names."
        )
    _check_pattern(group_by)
    rules = _rules(region, unknown_value, metrics, empty_levels, max_pixels, trimaps, sequence)
    from mattekit.evaluation.items import find_items, method_names
    from mattekit.evaluation.parts import remove
    from mattekit.evaluation.summary import summarise

    results = Results(method_names(predictions), batch.rank_of(shard))
    items, problems = find_items(predictions, truth, trimaps if rules.region != "all" else None, recursive=recursive)
    if sequence:
        items, group_by = _frames(items, group_by)
    shown = eval_page.Shown(predictions, truth, trimaps, images, recursive=recursive) if format == "html" else None
    _check_output(output, items, shown.find(items) if shown else ())
    results.add_unpaired(problems, allowed=allow_missing)
    single = truth.is_file() and not is_shot(truth) and len(items) == 1
    shared = results.rank.count > 1 and not single
    if shared and (str(output) == "-" or not (output or json)):
        raise typer.BadParameter(f"{results.rank} has but a share of the scores. Name a file for the report with -o.")
    results.collect(items, rules, single=single, jobs=jobs, fail_fast=fail_fast, shard=shard, json=json)
    if single and not results.values:  # the first rank's
        return
    if (output or not json) and not (shared and not results.join(items, rules, output)):
        summary = summarise(results.scores(rules.columns), rules.columns, group_by=group_by, worst=worst)
        if shown:
            shown.write(output, results, rules, summary, group_by, single_file=single_file, seed=seed, jobs=jobs)
        else:
            _report(results, rules, summary, format, output, per_image, latex_style or "plain")
        if shared:
            remove(output)
    if results.failed:
        raise typer.Exit(3)


def _report(
    results: Results, rules: Any, summary: dict, format: str, output: Path | None, per_image: bool, latex_style: str
) -> None:
    from mattekit.evaluation.report import render
    from mattekit.files import write_bytes

    text = render(summary, rules, format, sorted(results.failed), per_image=per_image, latex_style=latex_style)
    if output is None or str(output) == "-":
        console.report(text)
    else:
        write_bytes(output, f"{text}\n".encode())
        console.status(f"wrote {output}")


def _check_paths(predictions: Sequence[Path], truth: Path, trimaps: Path | None, images: Path | None) -> None:
    if not predictions:
        raise typer.BadParameter("wanted PREDICTIONS and TRUTH: two folders, or two files.")
    given = [path for path in (*predictions, truth, trimaps, images) if path is not None and path.exists()]
    if len({is_many(path) for path in given}) > 1:
        kinds = ", ".join(f"{path} ({'folder' if is_many(path) else 'file'})" for path in given)
        raise typer.BadParameter(f"{kinds}: give files or folders, not both.")
    if len(set(map(os.path.realpath, predictions))) < len(predictions):
        raise typer.BadParameter("the same predictions are named twice.")


def _frames(items: Sequence, group_by: str | None) -> tuple[Sequence, str | None]:
    """Return items that know the frame before them, and a pattern of groups: of several sequences, each is one."""
    from mattekit.evaluation.sequences import OF_SEQUENCE, count, link

    return link(items), group_by or (OF_SEQUENCE if count(items) > 1 else None)


def _rules(
    region: str | None,
    unknown_value: str,
    metrics: str | None,
    empty_levels: str,
    max_pixels: float,
    trimaps: Path | None,
    sequence: bool,
) -> Any:
    from mattekit.evaluation.scoring import Rules
    from mattekit.metrics import METRICS

    region = region or ("unknown" if trimaps else "all")
    if region != "all" and trimaps is None:
        raise typer.BadParameter(f"--region {region} needs --trimaps.")
    names = tuple(METRICS if metrics is None else choices.parse(metrics))
    if not names:
        raise typer.BadParameter(f"--metrics: name one or more of {','.join(METRICS)}.")
    return Rules(region, unknown_value, names, empty_levels, max_pixels, sequence)


def _format(format: str | None, output: Path | None, json: bool) -> str:
    from mattekit.evaluation.report import PAGES, SUFFIXES

    suffixes = SUFFIXES | PAGES
    if json and (str(output) == "-" or (format and output is None)):
        raise typer.BadParameter("--json prints a line per image on stdout; name a file for the report with -o.")
    if output and output.is_dir():
        raise typer.BadParameter(f"-o {output} is a folder; name a file for the report.")
    if output is None or str(output) == "-":
        format, suffix = format or "table", ""
    else:
        suffix = output.suffix.lower()
        format = format or suffixes.get(suffix)
    if format is None:
        raise typer.BadParameter(f"-o {output}: wanted one of {', '.join(suffixes)}. Or name the format with --format.")
    if format == "html" and suffix not in PAGES:
        raise typer.BadParameter("--format html needs -o FILE.html.")
    return format


def _check_pattern(group_by: str | None) -> None:
    try:
        re.compile(group_by or "")
    except re.error as error:
        raise typer.BadParameter(f"--group-by {group_by}: not a regular expression ({error}).") from None


def _check_output(output: Path | None, items: Sequence, more: Sequence[Path]) -> None:
    from mattekit.files import refuse_overwriting, require_writable

    if output and str(output) != "-":
        require_writable(output.parent)
        refuse_overwriting(output, [*more, *(p for i in items for p in (i.prediction, i.truth, i.trimap) if p)])
