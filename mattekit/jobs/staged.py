"""Jobs in three stages, load, solve and write: while one is solved, others are read and written.

Jobs that are solved together form a group; a job alone is a group of one. Memory is bounded by the pixels under way.
"""

import os
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np

from mattekit import heap, interrupts
from mattekit.imaging import io
from mattekit.jobs.base import Job
from mattekit.parallel import Result

SEVERAL = 64  # images under way at once; larger ones leave large gaps when they are freed
PIXELS_AHEAD = 16 << 20  # of images read or not yet written, beside those being solved; 16 bytes each and more


class Inputs(NamedTuple):
    """The contents of a job's files: an image, its trimap (H, W), and its true alpha (H, W) if there is one.

    `facts` tell of a trimap that a source made, ready for JSON; `truth_colours` (H, W, 3) are the true foreground's.
    """

    source: io.Picture
    trimap: np.ndarray
    truth: np.ndarray | None = None
    facts: dict[str, Any] | None = None
    truth_colours: np.ndarray | None = None


class StagedJob(Job):
    """A job on an image and a trimap whose stages can run at the same time as those of others."""

    @abstractmethod
    def load(self) -> Inputs:
        """Read the input files; runs in a thread."""

    @abstractmethod
    def solve(self, inputs: Inputs, alpha: Any = None) -> Any:
        """Compute the result, where `solve_together` gave no alpha from the inputs alone."""

    @abstractmethod
    def write(self, inputs: Inputs, solution: Any) -> dict:
        """Write the output files of a solution, and return the facts about the job; runs in a thread."""

    def solve_together(self, group: Sequence[Inputs]) -> Sequence[Any]:
        """Return the alphas of jobs like this one, computed at once; None for those to be solved alone."""
        return [None] * len(group)


class Loaded(NamedTuple):
    """A job with its inputs, and the seconds that reading them took."""

    job: StagedJob
    inputs: Inputs
    seconds: float


class Solved(NamedTuple):
    """A job with its solution, and the seconds that it took until now, waiting not counted."""

    job: StagedJob
    inputs: Inputs
    solution: Any
    seconds: float


def run_one(job: StagedJob) -> dict:
    """Do one job, stage by stage; return its `outcome` and "seconds".

    Raises
    ------
    MattekitError
        If an input cannot be used, or an output would overwrite an input.
    """
    (solved,) = _solve([_load(job)])
    if isinstance(solved, Result):
        raise solved.error
    return _write(solved)


def run(groups: Sequence[Sequence[StagedJob]]) -> Iterator[Result]:
    """Do groups of jobs, with the stages of different groups at the same time; yield a Result for each job."""
    with ExitStack() as stack:
        pools = [ThreadPoolExecutor(count) for count in (2, min(4, os.cpu_count() or 1))]
        for pool in pools:  # what waits is dropped however the block is left; what is being written is finished
            stack.callback(pool.shutdown, cancel_futures=True)
        reader, writer = pools
        todo, reading, writing, room = deque(groups), deque(), deque(), 0
        while todo or reading:
            while todo and (not reading or sum(map(len, reading)) + len(todo[0]) <= min(room, 2 * len(todo[0]) + 2)):
                reading.append([(job, reader.submit(_load, job)) for job in todo.popleft()])
            loaded = yield from _collect(reading.popleft())
            room = PIXELS_AHEAD // max((one.inputs.trimap.size for one in loaded), default=1)
            for solved in _solve(loaded):
                if isinstance(solved, Result):  # after those before it, as it may end the run
                    yield from _drain(writing)
                    yield solved
                else:
                    writing.append((solved.job, writer.submit(_write, solved)))
            if todo and room < SEVERAL:
                heap.trim()
            while writing and (writing[0][1].done() or len(writing) > room):
                yield _result(*writing.popleft())
        yield from _drain(writing)


def _load(job: StagedJob) -> Loaded:
    start = time.perf_counter()
    job.check_targets()
    inputs = job.load()
    return Loaded(job, inputs, time.perf_counter() - start)


def _collect(reading: list[tuple[StagedJob, Future]]) -> Generator[Result, None, list[Loaded]]:
    """Yield the errors of a group, and return what was read."""
    loaded = []
    for job, future in reading:
        if error := future.exception():
            yield Result(job, error=error)
        else:
            loaded.append(future.result())
    return loaded


def _solve(group: list[Loaded]) -> Iterator[Solved | Result]:
    """Yield the solution of each job of a group, or its error."""
    start = time.perf_counter()
    alphas = group[0].job.solve_together([one.inputs for one in group]) if len(group) > 1 else [None] * len(group)
    share = (time.perf_counter() - start) / max(1, len(group))
    for (job, inputs, seconds), alpha in zip(group, alphas, strict=True):
        start = time.perf_counter()
        try:
            with interrupts.surfaced():
                solution = job.solve(inputs, alpha)
        except Exception as error:
            yield Result(job, error=error)
        else:
            yield Solved(job, inputs, solution, seconds + share + time.perf_counter() - start)


def _write(solved: Solved) -> dict:
    start = time.perf_counter()
    facts = solved.job.write(solved.inputs, solved.solution)
    return {**facts, "seconds": round(solved.seconds + time.perf_counter() - start, 3)}


def _drain(writing: deque[tuple[StagedJob, Future]]) -> Iterator[Result]:
    while writing:
        yield _result(*writing.popleft())


def _result(job: StagedJob, future: Future) -> Result:
    error = future.exception()
    return Result(job, error=error) if error else Result(job, future.result())
