"""Batches of samples, made by worker processes while the network is trained on the previous batch."""

import atexit
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from mattekit import parallel
from mattekit.errors import InputError, WorkerDiedError
from mattekit.samples.dataset import unpacked

logger = logging.getLogger("mattekit")


def loader(
    samples: Dataset,
    *,
    batch: int,
    steps_per_epoch: int,
    workers: int = 0,
    start: tuple[int, int] = (0, 0),
    rank: int = 0,
    world: int = 1,
    device: Any = None,
) -> Iterator[dict[str, Tensor]]:
    """Yield batches without end, epoch after epoch.

    Step s of epoch e holds the samples (e, s batch) .. (e, s batch + batch - 1), whatever came before and however many
    workers there are: going on from a `start` gives what would have come.

    Parameters
    ----------
    samples : `samples[(epoch, index)]` is a dictionary of tensors, as of `samples.dataset.Samples`.
    batch : samples of one step, of all ranks together.
    steps_per_epoch : after which the next epoch begins.
    workers : processes that make batches; 0 makes them here, when they are asked for.
    start : epoch and step of the first batch.
    rank, world : this process is number `rank` of `world`; each gets its consecutive part of every batch.
    device : where the tensors go.

    Yields
    ------
    dict of str to tensor
        Those of the samples, stacked: (batch / world, ...).

    Raises
    ------
    InputError
        If `batch` cannot be divided among the ranks, and whatever a sample raises.
    WorkerDiedError
        If a worker was killed.
    """
    if batch < 1 or batch % world or steps_per_epoch < 1:
        raise InputError(
            f"batch: {batch} samples for {world} processes in {steps_per_epoch} steps an epoch, wanted at least one "
            "each. Choose a batch that the number of processes divides."
        )
    batches = _Batches(samples, batch, range(rank * batch // world, (rank + 1) * batch // world))
    order = _Order(start, steps_per_epoch)
    if not workers:
        return (unpacked(batches.make(key), device) for key in order)
    return _from_workers(batches, order, workers, device)


def _from_workers(batches: "_Batches", order: "_Order", workers: int, device: Any) -> Iterator[dict[str, Tensor]]:
    logged_before: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's advice on the number of workers
        results = iter(
            DataLoader(
                batches,
                batch_size=None,
                sampler=order,
                num_workers=workers,
                collate_fn=_identity,
                worker_init_fn=_start,
                multiprocessing_context="spawn",  # a fork would copy the locks of other threads mid-air
                generator=torch.Generator(),  # its own: starting again must not change the network's random numbers
                pin_memory=torch.device(device or "cpu").type == "cuda",
            )
        )
    while True:
        try:
            batch, error, records = next(results)
        except (RuntimeError, ConnectionError, EOFError) as problem:
            if not isinstance(problem, RuntimeError):  # the worker died before it handed over a batch
                with suppress(RuntimeError):
                    time.sleep(1)  # PyTorch raises its own error wherever the signal of the death arrives
            elif "worker" not in str(problem):
                raise
            message = "a process that makes samples died; it was killed or ran out of memory."
            raise WorkerDiedError(message, remedy="workers") from problem
        for record in records:
            if record.msg not in logged_before:  # the same file is read again and again
                logged_before.add(record.msg)
                logger.log(record.levelno, "%s", record.msg)
        if error is not None:
            raise error
        yield unpacked(batch, device)


class _Order:
    """Epoch and step of one batch after the other."""

    def __init__(self, start: tuple[int, int], steps_per_epoch: int) -> None:
        self.start, self.steps_per_epoch = start, steps_per_epoch

    def __iter__(self) -> Iterator[tuple[int, int]]:
        epoch, step = self.start
        while True:
            epoch, step = epoch + step // self.steps_per_epoch, step % self.steps_per_epoch
            yield epoch, step
            step += 1


class _Batches(Dataset):
    """Batches of one rank, returned with their error and log records for the parent process."""

    def __init__(self, samples: Dataset, batch: int, places: range) -> None:
        self.samples, self.batch, self.places = samples, batch, places

    def make(self, key: tuple[int, int]) -> dict[str, Tensor]:
        epoch, step = key
        get = getattr(self.samples, "packed", self.samples.__getitem__)
        return default_collate([get((epoch, step * self.batch + place)) for place in self.places])

    def __getitem__(self, key: tuple[int, int]) -> tuple[dict[str, Tensor] | None, Exception | None, list]:
        return parallel.call_in_worker(self.make, key)


def _identity(result: Any) -> Any:
    return result


def _start(number: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    parallel.end_with_parent()
    parallel.use_threads(1)
    cv2.setNumThreads(0)
    # Errors of samples go with their batches; what is left is a thread of Python's that finds the parent gone.
    sys.excepthook = lambda *_: None
    # PyTorch's clean-up may abort a worker that is stopped while it works ("terminate called without an active
    # exception"), which the parent would report; nothing needs cleaning up here.
    atexit.register(os._exit, 0)
