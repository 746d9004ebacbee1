"""`mattekit predict --compare`: what differs from one model's prediction on the command line."""

from pathlib import Path
from typing import Any

import typer

from mattekit.cli import batch, console


def models(compare: str | None) -> tuple[str, ...]:
    """The models that --compare names; none if it was not given."""
    if compare is None:
        return ()
    names = tuple(name.strip() for name in compare.split(",") if name.strip())
    if not names or len(set(names)) < len(names):
        raise typer.BadParameter(f"--compare {compare}: name one or more models, each once, with commas between.")
    return names


def work(save: str) -> tuple[list[str], Any]:
    """The one kind of picture that is made, and the function that does a job."""
    if save != "alpha":
        raise typer.BadParameter("--compare writes one sheet, and --save is for one model. Give one of them.")
    from mattekit.jobs.comparison import compare

    return ["compare"], compare


def refuse_truth(truth: Path | None) -> None:
    """Without --compare there is nothing to hold against the truth."""
    if truth:
        raise typer.BadParameter("--truth is for --compare. Name the models there, even if it is one alone.")


def show(name: str, value: dict, json: bool) -> None:
    """One JSON line, or a line of scores for each model on stdout."""
    batch.console_result(name, value, json)
    if json or "-" in value["outputs"].values():
        return
    from mattekit.jobs.comparison import lines

    for entry in value["models"].values():
        if "scores" in entry:
            console.data("  ".join([name, entry["label"], *lines(entry["scores"])]))
