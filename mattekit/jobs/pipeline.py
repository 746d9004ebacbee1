"""Many images through one network: files are read and written while it computes, and images of one size go together.

Takes the place of `parallel.run` in one process; memory is bounded by the pixels under way.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np

from mattekit import baselines, interrupts, parallel
from mattekit.imaging import io
from mattekit.inference.device import resolve
from mattekit.inference.predictor import predictor
from mattekit.inference.preparation import preparation
from mattekit.jobs import predict as matting
from mattekit.jobs.predict import Job
from mattekit.networks.weights import read_header
from mattekit.parallel import Result

log = logging.getLogger("mattekit")

PIXELS_AHEAD = 16 << 20  # of images read or not yet written, beside those that are computed; 16 bytes each and more
BATCH = {"cuda": 8, "mps": 4}  # images at once unless told otherwise; on a CPU one image keeps all cores busy


class Loaded(NamedTuple):
    """What a job's files hold, and the seconds that reading them took."""

    job: Job
    source: io.Picture
    trimap: np.ndarray
    seconds: float


class Solved(NamedTuple):
    """The pictures that come of a job, what was refined, and the seconds that it all took, waiting not counted."""

    of: Loaded
    pictures: dict[str, np.ndarray]
    refined: list
    seconds: float


def runner(batch: int | None) -> Callable[[Callable, Sequence[Job], int], Iterator[Result]]:
    """Make what `cli.batch.run_folder` takes as `run`, for jobs of one kind.

    Classical methods, other work than `matting.matte` and several processes are left to `parallel.run`.

    Parameters
    ----------
    batch : int, optional
        Images at once, of those that have one size when prepared for the network; unless given, `BATCH` of the device.
        Where alphas are refined, averaged over views, in tiles asked for or of reduced images, one.
    """

    def run(work: Callable[[Job], dict], jobs: Sequence[Job], processes: int) -> Iterator[Result]:
        plain = work is matting.matte and jobs and jobs[0].model not in baselines.ALPHA
        if processes > 1 or not plain:
            return parallel.run(work, jobs, processes)
        return _overlapped(grouped(jobs, _together(jobs[0], batch)))

    return run


def _together(job: Job, batch: int | None) -> int:
    special = job.refinement or job.tta != "none" or job.max_size or job.tile not in ("auto", "off")
    if special or job.model.lower().endswith(".onnx"):
        return 1
    return batch or BATCH.get(resolve(job.device).partition(":")[0], 1)


def grouped(jobs: Sequence[Job], count: int) -> list[list[Job]]:
    """Jobs in groups of `count` at most, fewer of large images, all of one size when prepared.

    Files whose head cannot be read are alone.
    """
    if count == 1:
        return [[job] for job in jobs]
    prepared = preparation(read_header(jobs[0].model).preparation).size
    buckets: dict = {}
    for job in jobs:
        try:
            height, width = prepared(io.read_size(job.image))
        except Exception:  # told when its turn comes
            height = width = PIXELS_AHEAD
        buckets.setdefault((height, width), []).append(job)
    groups = []
    for (height, width), bucket in buckets.items():
        step = max(1, min(count, PIXELS_AHEAD // (height * width)))
        groups += [bucket[i : i + step] for i in range(0, len(bucket), step)]
    return groups


def _overlapped(groups: Sequence[Sequence[Job]]) -> Iterator[Result]:
    with ExitStack() as stack:
        pools = [ThreadPoolExecutor(count) for count in (2, min(4, os.cpu_count() or 1))]
        for pool in pools:  # what waits is dropped however the block is left; what is being written is finished
            stack.callback(pool.shutdown, cancel_futures=True)
        reader, writer = pools
        todo, reading, writing, room = deque(groups), deque(), deque(), 0
        while todo or reading:
            while todo and (not reading or sum(map(len, reading)) + len(todo[0]) <= min(room, 2 * len(todo[0]) + 2)):
                reading.append([(job, reader.submit(_load, job)) for job in todo.popleft()])
            loaded = yield from _done(reading.popleft())
            room = PIXELS_AHEAD // max((one.trimap.size for one in loaded), default=1)
            for solved in (yield from _solved(loaded)):
                writing.append((solved.of.job, writer.submit(_write, solved)))
            while writing and (writing[0][1].done() or len(writing) > room):
                yield _result(*writing.popleft())
        while writing:
            yield _result(*writing.popleft())


def _load(job: Job) -> Loaded:
    start = time.perf_counter()
    matting.check_targets(job)
    held = matting.read(job)
    return Loaded(job, *held, time.perf_counter() - start)


def _done(reading: list[tuple[Job, Future]]) -> Generator[Result, None, list[Loaded]]:
    """Yield the errors of a group, and return what was read."""
    loaded = []
    for job, future in reading:
        if error := future.exception():
            yield Result(job, error=error)
        else:
            loaded.append(future.result())
    return loaded


def _solved(group: list[Loaded]) -> Generator[Result, None, list[Solved]]:
    """Yield the errors of a group, and return what there is of the others."""
    start, solved = time.perf_counter(), []
    alphas = _at_once(group)
    share = (time.perf_counter() - start) / max(1, len(group))
    for one in group:
        start = time.perf_counter()
        try:
            with interrupts.surfaced():
                alpha, refined = alphas.get(one.job.name) or matting.alpha_of(one.job, one.source.pixels, one.trimap)
                pictures = matting.make(one.job, one.source, one.trimap, alpha)
            solved.append(Solved(one, pictures, refined, one.seconds + share + time.perf_counter() - start))
        except Exception as error:
            yield Result(one.job, error=error)
    return solved


def _at_once(group: list[Loaded]) -> dict[str, tuple[np.ndarray, list]]:
    """By name what `matting.alpha_of` gives, of those that can be computed together; what fails is left out."""
    group = [one for one in group if (one.trimap == 0.5).any()]
    if len(group) < 2:
        return {}
    job = group[0].job
    how = {"tile": job.tile, "overlap": job.overlap, "precision": job.precision, "compile": job.compile}
    try:
        several = predictor(job.model, job.device, **how).several
        with interrupts.surfaced():
            alphas = several([one.source.pixels for one in group], [one.trimap for one in group])
    except Exception as error:
        log.info("%d images together: %s; now one by one.", len(group), error)
        return {}
    return {one.job.name: (alpha, []) for one, alpha in zip(group, alphas, strict=True)}


def _write(solved: Solved) -> dict:
    start, one = time.perf_counter(), solved.of
    matting.write(one.job, one.source, solved.pictures)
    seconds = solved.seconds + time.perf_counter() - start
    return matting.outcome(one.job, one.trimap.shape, seconds, solved.refined)


def _result(job: Job, future: Future) -> Result:
    error = future.exception()
    return Result(job, error=error) if error else Result(job, future.result())
