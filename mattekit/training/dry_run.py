"""Measuring what a run needs on this machine: shapes, memory, and the rates of steps and of samples."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from mattekit.networks.header import header_of
from mattekit.networks.summary import count_parameters
from mattekit.samples.loader import loader
from mattekit.tiling import memory
from mattekit.training.initial_network import initial_network
from mattekit.training.job import TrainingJob
from mattekit.training.learner import Learner
from mattekit.training.losses import Batch
from mattekit.training.processes import describe_devices, make_fabric
from mattekit.training.task import TASKS, Task

SECONDS = 5.0  # spent on measuring each rate
LONGEST_STEP = 30.0  # seconds; longer steps are extrapolated
POOL_SAMPLES = 8  # samples of the pool that its rate is measured with
SMALL_BATCHES = (2, 3)  # samples of the steps from which memory and, for long steps, time are extrapolated


@dataclass(frozen=True)
class Report:
    """Measurements and estimates of a run.

    input, output : shapes of one portion, (N, C, H, W).
    parameters : elements of all weights.
    memory, available : peak bytes of a step on each device, and bytes available on this one.
    steps : optimiser steps of the whole run.
    steps_per_second : of training alone, whole batches on one device.
    measured : batch size at which that was measured; smaller than the run's where a step would have taken long.
    samples_per_second : of the loader, with its `workers`; for a pool, once its samples are made.
    pool : samples that are made first, and their rate per second; (0, 0.0) without a pool.
    where : device and precision.
    """

    input: tuple[int, ...]
    output: tuple[int, ...]
    parameters: int
    memory: int
    available: int
    steps: int
    steps_per_second: float
    measured: int
    samples_per_second: float
    workers: int
    batch: int
    where: str
    pool: tuple[int, float] = (0, 0.0)

    @property
    def seconds(self) -> float:
        """Time of the whole run on one such device; workers make samples in parallel, without them training waits."""
        training, loading = 1 / self.steps_per_second, self.batch / self.samples_per_second
        count, rate = self.pool
        first = min(count, self.steps * self.batch) / rate if count else 0.0
        return first + self.steps * (max(training, loading) if self.workers else training + loading)

    def lines(self) -> Iterator[str]:
        """Yield the lines of a readable report."""
        yield f"input {_shape(self.input)}, output {_shape(self.output)}, {self.parameters:,} parameters"
        advice = "; raise run.accumulate, or lower run.batch" if self.memory > self.available else ""
        yield f"memory {self.memory / 2**30:.2f} GiB a device, {self.available / 2**30:.2f} GiB available here{advice}"
        note = "" if self.measured == self.batch else f", measured with {self.measured} at once"
        yield f"{self.steps_per_second:.3g} steps of {self.batch} samples a second ({self.where}{note})"
        wanted = self.steps_per_second * self.batch
        slow = f"; the network wants {wanted:.3g}" if wanted > self.samples_per_second else ""
        if self.pool[0]:
            count, rate = self.pool
            yield f"{rate:.3g} samples a second until the pool of {count:,} is made"
        yield f"{self.samples_per_second:.3g} samples a second from {self.workers or 'no'} workers{slow}"
        yield f"{self.steps:,} steps in about {_duration(self.seconds)}, validation not counted"


def dry_run(job: TrainingJob) -> Report:
    """Take a few steps of a run in this process, on one device, and write nothing.

    Raises
    ------
    MattekitError
        As the run itself before its first step: unusable data, weights or devices.
    """
    job = replace(job, devices=1, nodes=1)
    recipe, run = job.recipe, job.recipe.run
    fabric = make_fabric(job)
    fabric.launch()
    network = initial_network(recipe, str(fabric.device))
    task = TASKS[recipe.data.task](recipe, header_of(network))
    samples, items = task.samples()
    pieces, rate = _samples(samples, job, fabric.device, run.batch)
    pool = (recipe.data.pool, rate) if recipe.data.pool else (0, 0.0)
    if recipe.data.pool:
        rate = _pool_rate(task, job, fabric.device)
    whole = recipe.model_copy(update={"run": run.model_copy(update={"accumulate": 1})})
    learner = Learner(fabric, whole, network, task, recipe.steps_per_epoch(items))
    portion = max(1, run.batch // run.accumulate)
    step = learner.train_step(_batch_of(pieces, min(portion, SMALL_BATCHES[0])))  # creates the optimiser's state
    peak = _memory(learner, pieces, portion, fabric.device)
    speed, measured = _speed(learner, pieces, portion, run.batch, fabric.device)
    return Report(
        input=(portion, *task.input(step.portion).shape[1:]),
        output=(portion, *step.output.shape[1:]),
        parameters=count_parameters(network),
        memory=peak,
        available=memory.available(str(fabric.device)),
        steps=learner.steps,
        steps_per_second=speed,
        measured=measured,
        samples_per_second=rate,
        workers=job.workers,
        batch=run.batch,
        where=describe_devices(fabric),
        pool=pool,
    )


def _pool_rate(task: Task, job: TrainingJob, device: Any) -> float:
    """Measure samples a second from a pool whose samples are made, a small one in a temporary folder."""
    data = job.recipe.data.model_copy(update={"pool": POOL_SAMPLES, "cache": ""})
    recipe = job.recipe.model_copy(update={"data": data})
    with tempfile.TemporaryDirectory() as folder:
        samples, _ = type(task)(recipe, task.header, Path(folder)).samples()
        for number in range(POOL_SAMPLES):
            samples.pictures(number)
        return _samples(samples, job, device, 1)[1]


def _samples(samples: Any, job: TrainingJob, device: Any, batch: int) -> tuple[list[Batch], float]:
    """Return up to `batch` samples, and the rate per second once all workers have started."""
    pieces, warm_up = [], max(1, 2 * job.workers)  # each worker prefetches two
    with closing(loader(samples, batch=1, steps_per_epoch=1 << 30, workers=job.workers, device=device)) as batches:
        for count, piece in enumerate(batches, 1):
            if len(pieces) < batch:
                pieces.append(piece)
            if count == warm_up:
                start = time.perf_counter()
            seconds = time.perf_counter() - start if count > warm_up else 0.0
            if count > warm_up + 2 and (seconds > SECONDS or count - warm_up >= 2000):
                return pieces, (count - warm_up) / seconds
    raise AssertionError("the loader has no end")


def _batch_of(pieces: list[Batch], count: int) -> Batch:
    """Return a batch of that many samples, repeated if there are fewer."""
    chosen = [pieces[i % len(pieces)] for i in range(count)]
    return {name: torch.cat([piece[name] for piece in chosen]) for name in chosen[0]}


def _memory(learner: Learner, pieces: list[Batch], portion: int, device: Any) -> int:
    """Estimate peak bytes of a step: permanent tensors, plus what grows linearly with the batch size."""
    few, more = (min(portion, count) for count in SMALL_BATCHES)
    at_few, at_more = (_peak(learner, _batch_of(pieces, count), device) for count in (few, more))
    slope = (at_more - at_few) / (more - few) if more > few else 0.0
    permanent = [*learner.module.parameters(), *learner.module.buffers()]
    permanent += [value for state in learner.optimiser.state.values() for value in state.values()]
    permanent += learner.average.network.parameters() if learner.average else []
    fixed = sum(tensor.nbytes for tensor in permanent if isinstance(tensor, torch.Tensor))
    return int(fixed + at_few + slope * (portion - few))


def _peak(learner: Learner, batch: Batch, device: torch.device) -> int:
    if device.type != "cuda":
        return memory.peak_bytes(lambda: learner.train_step(batch)) + sum(tensor.nbytes for tensor in batch.values())
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    learner.train_step(batch)
    return torch.cuda.max_memory_allocated(device) - before


def _speed(learner: Learner, pieces: list[Batch], portion: int, batch: int, device: Any) -> tuple[float, int]:
    """Measure optimiser steps a second, and return the batch size that was timed, too."""
    few = min(portion, SMALL_BATCHES[1])
    seconds = _timed(lambda: learner.train_step(_batch_of(pieces, few)), device)
    if few < portion and seconds * portion / few < LONGEST_STEP:
        whole = _batch_of(pieces, portion)
        learner.train_step(whole)  # selects kernels for the size
        few, seconds = portion, _timed(lambda: learner.train_step(whole), device)
    return few / batch / seconds, few


def _timed(work: Callable[[], object], device: torch.device) -> float:
    """Return the mean seconds of a call."""
    count, start = 0, time.perf_counter()
    while count < 1 or (time.perf_counter() - start < SECONDS and count < 50):
        work()
        count += 1
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (time.perf_counter() - start) / count


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"
