"""`mattekit composite` for data sets: composing them from files or drawing them, and verifying them."""

from pathlib import Path
from typing import Any

import typer

from mattekit.cli import batch, choices, console


def compose(output: Path, folders: dict, wanted: dict, **run: Any) -> None:
    """Compose a data set from the foregrounds and backgrounds in `folders`, by a preset."""
    from mattekit.datasets.dataset import prepare

    _check_split(**wanted)
    for role in ("foreground", "background"):
        if not folders[role]:
            raise typer.BadParameter(f"--preset needs --{role}s DIR.")
    _run(output, prepare, {"folders": folders} | wanted, **run)


def compose_synthetic(
    output: Path,
    count: int,
    size: str | None,
    kinds: str | None,
    backgrounds: list[Path] | None,
    wanted: dict,
    **run: Any,
) -> None:
    """Compose a data set of `count` synthetic foregrounds; `size` and `kinds` are the options' texts."""
    from mattekit.datasets.synthetic_set import prepare

    drawn = {
        "count": count,
        "size": _size(size or "512"),
        "kinds": choices.parse(kinds or ""),
        "backgrounds": backgrounds,
    }
    _run(output, prepare, drawn | wanted, **run)


def verify(output: Path, folders: dict, *, strict: bool, json: bool, **run: Any) -> None:
    """Check a data set against its manifest, with its parts where their folders are given.

    Files that the manifest does not name are noted, or with `strict` count as failures.
    """
    from mattekit.datasets.plan import Library
    from mattekit.datasets.verify import check, checks, unnamed
    from mattekit.pairing import Problem

    libraries = {role: Library(paths) for role, paths in folders.items() if paths}
    tasks, problems = checks(output, libraries)
    extra = [Problem(path.stem, f"{path}: no line of the manifest names it.") for path in unnamed(output, tasks)]
    for line in [] if strict else extra:
        console.logger.warning("%s", line, extra={"remedy": "strict"})
    unchecked = {f"--{role}s" for task in tasks for role in task.record.parts if role not in libraries}
    if unchecked:
        console.logger.warning("parts are not checked without their folders: %s.", ", ".join(sorted(unchecked)))
    batch.run_folder(tasks, check, problems=[*problems, *(extra if strict else [])], json=json, **run)


def _size(text: str) -> tuple[int, int]:
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() for side in sides):
        raise typer.BadParameter(f"--size {text}: wanted pixels, as 512, or height x width, as 480x640.")
    return int(sides[0]), int(sides[-1])


def _run(output: Path, prepare: Any, wanted: dict, *, shard: Any, **run: Any) -> None:
    from mattekit.datasets.build import compose

    rank = batch.rank_of(shard)
    dataset = prepare(output, **wanted, rank=rank)
    try:
        batch.run_folder(
            dataset.tasks, compose, problems=dataset.problems, skip_existing=True, shard=rank,
            together=lambda task: task.item.group, run=dataset.run, **run,
        )  # fmt: skip
    except typer.Exit as stop:
        if stop.exit_code == 3:  # some images failed, all others are composed
            _finish(dataset, rank)
        raise
    _finish(dataset, rank)


def _finish(dataset: Any, rank: Any) -> None:
    if not dataset.finish():
        console.status(f"{rank}: the manifest is written when the images of all ranks are there")


def _check_split(preset: str | None = None, split: str | None = None, **_: Any) -> None:
    from mattekit.datasets.plan import PRESETS

    if split:
        choices.require("--split", split, list(PRESETS[preset]))
