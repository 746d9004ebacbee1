"""`mattekit predict --compare`: what differs from one model's prediction on the command line."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import typer

from mattekit.cli import batch, console
from mattekit.cli.model_choice import check_model


def models(compare: str) -> tuple[str, ...]:
    """Check --compare: the models it names."""
    names = tuple(name.strip() for name in compare.split(",") if name.strip())
    if not names or len(set(names)) < len(names):
        raise typer.BadParameter(f"--compare {compare}: name one or more models, each once, with commas between.")
    return names


def comparison(compare: str, model: str | None, save: str, fields: dict) -> Callable[..., Any]:
    """Return the function that makes jobs of several models, which are checked; `fields` are `mattes.settings`."""
    from mattekit.jobs.comparison import CompareJob

    if save != "alpha":
        raise typer.BadParameter("--compare writes one sheet, and --save is for one model. Give one of them.")
    if model:
        console.logger.warning("--compare names the methods; %s is left out.", model)
    names = models(compare)
    for name in names:
        check_model(name, fields, named=True)
    return partial(CompareJob, models=names, **fields)


def refuse_truth(truth: Path | None) -> None:
    """Refuse --truth without --compare: nothing is held against it."""
    if truth:
        raise typer.BadParameter("--truth is for --compare. Name the models there, even if it is one alone.")


def show(name: str, value: dict, json: bool) -> None:
    """Print one JSON line, or a line of scores for each model on stdout."""
    batch.console_result(name, value, json)
    if json or "-" in value["outputs"].values():
        return
    from mattekit.jobs.comparison import lines

    for entry in value["models"].values():
        if "scores" in entry:
            console.data("  ".join([name, entry["label"], *lines(entry["scores"])]))
