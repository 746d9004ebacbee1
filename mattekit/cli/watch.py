"""`mattekit predict --watch`: a folder is matted as files arrive, until Ctrl-C or SIGTERM."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mattekit.cli import batch, console, options, targets

RECORD = ".mattekit-watch.jsonl"  # in the output folder
SOON, SELDOM = 0.25, 5.0  # seconds until the folders are looked through again, while files arrive and otherwise

Watch = Annotated[
    bool,
    typer.Option("--watch", rich_help_panel=options.PANEL_FOLDERS, help="Go on with files that arrive, until Ctrl-C."),
]


def run(
    find: Callable[[], tuple[Sequence[Any], Sequence[str]]],
    places: Sequence[Path],
    output: Path | None,
    work: Callable[[Sequence[Any]], Iterator],
    *,
    json: bool,
    fail_fast: bool,
    shard: Any,
    skip_existing: bool,
    show: batch.Show | None,
) -> None:
    """Do jobs as their files arrive in some places, each once; ends by an exception alone, such as KeyboardInterrupt.

    `find` returns the jobs of the files that are there, and lines about files without a partner; `work` yields a
    Result for each of some jobs. Finished jobs are left in any case, with `skip_existing` or without.
    """
    from mattekit.jobs.arrivals import Arrivals
    from mattekit.watching import Changes

    output = targets.folder(output)
    # A pattern of frames and a still trimap are in folders.
    places = list(dict.fromkeys(place if place.is_dir() else place.parent for place in places))
    _check(places, output, shard)
    arrivals, unpaired = Arrivals(output / RECORD), _Unpaired()
    with Changes(places) as changes:
        console.status(f"watching {' and '.join(map(str, places))}; Ctrl-C ends it")
        while True:
            jobs, problems = _found(find, places)
            unpaired.show(problems)
            arrived = arrivals.sort(jobs)
            failed = len(arrived.unreadable)
            for job, error in arrived.unreadable:
                batch.failure(job.name, error, json=json)
            for result in work(arrived.ready):
                failed += not _note(result, arrivals, json=json, show=show)
                if fail_fast and failed:
                    break
            if fail_fast and failed:
                raise typer.Exit(1)
            changes.wait(SOON if arrived.waiting or arrived.ready else SELDOM)


def _found(find: Callable[[], tuple], folders: Sequence[Path]) -> tuple:
    """Return the jobs of the files that are there: none of an empty folder. What is missing may come: no notes."""
    from mattekit.errors import MissingFileError

    level = console.logger.level
    console.logger.setLevel(logging.ERROR)
    try:
        return find()
    except MissingFileError:
        if not all(folder.is_dir() for folder in folders):
            raise
        return [], []
    finally:
        console.logger.setLevel(level)


def _note(result: Any, arrivals: Any, *, json: bool, show: batch.Show | None) -> bool:
    """Show and note a result; return whether it is a success. A lost device ends the command."""
    from mattekit.errors import DeviceLostError

    name = result.item.name
    batch.log(result.logged)
    if result.error is None:
        (show or batch.console_result)(name, result.value, json)
        console.status(f"{name}: done")
        arrivals.finished(result.item)
        return True
    arrivals.failed(result.item)
    batch.failure(name, result.error, json=json)
    if isinstance(result.error, DeviceLostError):
        raise typer.Exit(1)
    return False


def _check(folders: Sequence[Path], output: Path, shard: Any) -> None:
    """Refuse folders that are not there, an output folder whose files would arrive again, and several ranks."""
    from mattekit.files import missing, require_writable, resolved

    if batch.rank_of(shard).count > 1:
        raise typer.BadParameter("--watch is for one process that makes all items, without --shard or a launcher.")
    for folder in folders:
        if not folder.is_dir():
            raise missing(folder, "folder")
        if resolved(folder) == resolved(output):
            raise typer.BadParameter(f"-o {output}: --watch would take what it writes there for new images.")
    require_writable(output)


class _Unpaired:
    """Lines about files without a partner, each shown once, when it has not come for a while."""

    def __init__(self) -> None:
        self.since: dict[str, float] = {}
        self.shown: set[str] = set()

    def show(self, lines: Sequence[str]) -> None:
        """Take the lines of now, and show those that have lasted."""
        import time

        from mattekit.jobs.arrivals import PATIENCE

        now = time.monotonic()
        self.since = {line: self.since.get(line, now) for line in lines}
        for line, since in self.since.items():
            if now - since >= PATIENCE and line not in self.shown:
                self.shown.add(line)
                console.logger.warning("%s", console.with_remedy(line, line))
