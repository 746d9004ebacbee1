"""Arrivals in a watched folder: which jobs have all their files, complete, and are not done yet."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mattekit.errors import printable_json
from mattekit.files import state
from mattekit.imaging import io
from mattekit.jobs.base import Job

SETTLED = 1.0  # seconds without a change after which a file is taken for complete
PATIENCE = 10.0  # seconds without a change after which a file that cannot be read is given up, until it changes

State = list[list]  # of each input file: its name, time of the last change and size


class Sorted(NamedTuple):
    """Jobs that can be done, and jobs with an error whose files cannot be read; `waiting` counts those in between."""

    ready: list[Job]
    unreadable: list[tuple[Job, Exception]]
    waiting: int


class Arrivals:
    """Notes which jobs are done, in a file of JSON lines, and tells which ones have arrived since.

    A job is done once for each state of its input files, also if its outputs are taken away. Without a note of it, a
    job whose outputs are younger than its inputs is done, too.

    Parameters
    ----------
    record : Path
        File of notes, made with the first job that is done.
    clock : callable
        Seconds from any start.
    """

    def __init__(self, record: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.record, self._clock = record, clock
        self._done = dict(_notes(record))
        self._seen: dict[str, tuple[State, float]] = {}
        self._failed: dict[str, State] = {}

    def sort(self, jobs: Sequence[Job]) -> Sorted:
        """Sort the jobs of the files that are there now; those that are done or have failed are left out."""
        ready, unreadable, waiting = [], [], 0
        for job in jobs:
            try:
                now = _state(job)
            except FileNotFoundError:  # taken away since it was found
                continue
            if self._failed.get(job.name) == now or self._is_done(job, now):
                continue
            age = self._age(job.name, now)
            error = None if age < SETTLED else _unreadable(job)
            if age < SETTLED or (error and age < PATIENCE):
                waiting += 1
            elif error:
                self._failed[job.name] = now
                unreadable.append((job, error))
            else:
                ready.append(job)
        return Sorted(ready, unreadable, waiting)

    def finished(self, job: Job) -> None:
        """Note that a job of the last `sort` is done."""
        self._done[_key(job)] = now = self._seen[job.name][0]
        self.record.parent.mkdir(parents=True, exist_ok=True)
        with open(self.record, "a", encoding="utf-8") as file:
            file.write(printable_json({"outputs": _key(job), "inputs": now}) + "\n")

    def failed(self, job: Job) -> None:
        """Leave a job of the last `sort` until one of its files changes."""
        self._failed[job.name] = self._seen[job.name][0]

    def _is_done(self, job: Job, now: State) -> bool:
        if noted := self._done.get(_key(job)):
            return noted == now
        if not job.outputs or not all(path.exists() for path in job.outputs):
            return False
        return min(path.stat().st_mtime_ns for path in job.outputs) >= max(changed for _, changed, _ in now)

    def _age(self, name: str, now: State) -> float:
        """Return the seconds for which the files of a job have been as they are."""
        seen, since = self._seen.get(name, (None, 0.0))
        if seen != now:
            since = self._clock()
            self._seen[name] = now, since
        return self._clock() - since


def _key(job: Job) -> str:
    return " ".join(str(path) for path in job.outputs)


def _state(job: Job) -> State:
    files = [state(path) for path in job.inputs if path.exists()]  # a background may be a colour
    if not files:
        raise FileNotFoundError
    return [[Path(path).name, changed, size] for path, changed, size in files]


def _unreadable(job: Job) -> Exception | None:
    """Return the error of reading a job's input files; a file that is still being written is cut short."""
    try:
        for path in job.inputs:
            if path.exists():
                io.read_raw(path, max_megapixels=job.max_megapixels)
    except Exception as error:
        return error
    return None


def _notes(record: Path) -> list[tuple[str, Any]]:
    """Read a file of notes; a line that a kill has cut short is left out."""
    notes = []
    for line in record.read_text(encoding="utf-8", errors="replace").splitlines() if record.is_file() else []:
        try:
            note = json.loads(line)
            notes.append((note["outputs"], note["inputs"]))
        except (ValueError, KeyError, TypeError):
            continue
    return notes
