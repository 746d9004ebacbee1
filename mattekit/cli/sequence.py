"""`mattekit predict --sequence`: alphas that are steady over time."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from mattekit.cli import batch, options
from mattekit.frames import is_many

Steady = Annotated[
    bool,
    typer.Option("--sequence", help="Steady the alphas of a shot over time.", rich_help_panel=options.PANEL_FOLDERS),
]


def refuse(image: Path, *, compare: bool, watched: bool, jobs: int) -> None:
    """Raise a usage error for what does not go with --sequence."""
    if not is_many(image):
        raise typer.BadParameter(f"--sequence is for the frames of a shot, but {image} is one picture.")
    if compare or watched:
        other = "--compare" if compare else "--watch"
        raise typer.BadParameter(f"--sequence looks at frames before and after, {other} does not. Leave one out.")
    if jobs > 1:
        raise typer.BadParameter("--jobs does not apply with --sequence; share the frames out with --shard.")


def prepared(items: Sequence[Any], shard: Any) -> tuple[list, dict[str, Any]]:
    """Return jobs in the order of their frames, and how `batch.run_folder` does them: ranks take contiguous ranges."""
    from mattekit.jobs import sequence

    shots = sequence.shots(items)
    ordered, count = [job for shot in shots for job in shot], batch.rank_of(shard).count
    share = {job.name: place * count // len(ordered) for place, job in enumerate(ordered)}
    return ordered, {"run": partial(_run, shots), "together": lambda job: share[job.name]}


def _run(shots: Sequence[Sequence[Any]], work: Any, todo: Sequence[Any], jobs: int) -> Iterator[Any]:
    from mattekit.jobs import sequence

    return sequence.run(shots, todo)
