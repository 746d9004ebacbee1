"""Starting the processes of a run on lightning-fabric: one for each device, all doing the same work."""

import logging
import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch.multiprocessing.spawn import ProcessExitedException

from mattekit import ranks
from mattekit.errors import InputError, MattekitError, WorkerDiedError
from mattekit.inference.device import resolve_device
from mattekit.parallel import end_with_parent, portable
from mattekit.training.job import TrainingJob
from mattekit.training.state import MOST_THREADS

# Here, where every process comes by: what they have to say of each other is for us to say.
for _name in ("lightning_fabric", "torch.multiprocessing.spawn"):
    logging.getLogger(_name).setLevel(logging.ERROR)

LOST = ("gloo", "nccl", "connection closed by peer", "connection reset", "socket")  # in errors of a lost process
FABRIC = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def launch(job: TrainingJob, work: Callable[..., Any], *arguments: Any) -> Any:
    """Call `work(fabric, job, *arguments)` in every process of a run; one process is this one.

    Returns
    -------
    what `work` returned in the first process

    Raises
    ------
    InputError
        If the devices or the precision are not to be had.
    BaseException
        What the first process to fail, or all when they were interrupted, raised.
    """
    fabric = make_fabric(job)
    if fabric.world_size == 1 or ranks.here().count > 1:
        fabric.launch()
        return _called(work, job, *arguments, fabric=fabric)
    with tempfile.TemporaryDirectory() as folder, _signals_for_children():
        # What a process raises comes back as text only, unless it is left somewhere.
        note = Path(folder) / "raised"
        try:
            # Hidden in a partial from Fabric, which looks into what it hands on.
            value = fabric.launch(partial(_noting, note=note, work=partial(_called, work, job, *arguments)))
        except ProcessExitedException as error:  # killed: nothing was noted
            raise (pickle.loads(note.read_bytes()) if note.is_file() else _died(fabric)) from error
        except Exception as error:
            raise (pickle.loads(note.read_bytes()) if note.is_file() else error) from error
        if note.is_file():
            raise pickle.loads(note.read_bytes())
        return value


def first_alone(fabric: Fabric, work: Callable[[], None]) -> None:
    """Let the first process do something; all raise the MattekitError that it raises."""
    error = None
    if fabric.global_rank == 0:
        try:
            work()
        except MattekitError as problem:
            error = problem
    error = fabric.broadcast(error)
    if error is not None:
        raise error


def make_fabric(job: TrainingJob) -> Fabric:
    """Fabric for a job's devices and precision; errors as of `launch`."""
    device = resolve_device(job.device)
    kind = device.partition(":")[0]
    precision = choose_precision(job.precision or job.recipe.run.precision, device)
    devices, nodes = _counts(job)
    batch, several = job.recipe.run.batch, devices * nodes > 1
    if batch % (devices * nodes):
        raise InputError(f"run.batch: {batch} samples for {devices * nodes} devices. Choose one that they divide.")
    if kind == "cuda" and devices > torch.cuda.device_count():
        raise InputError(
            f"{devices} devices: this computer has {torch.cuda.device_count()} with CUDA.", remedy="devices"
        )
    if kind == "mps" and several:
        raise InputError(f"{devices} devices: Apple's GPU is one.", remedy="devices")
    strategy = ("ddp" if ranks.here().count > 1 else "ddp_spawn") if several else "auto"
    chosen: Any = [int(device.partition(":")[2])] if ":" in device and not several else devices
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Fabric says of accelerators and precisions is decided above
        return Fabric(accelerator=kind, devices=chosen, num_nodes=nodes, strategy=strategy, precision=FABRIC[precision])


def _counts(job: TrainingJob) -> tuple[int, int]:
    """Devices on each computer, and computers; torchrun has decided on them."""
    here = ranks.here().count
    local = int(os.environ.get("LOCAL_WORLD_SIZE", 0))
    if here > 1 and local:
        return local, here // local
    if here > 1 and here != job.devices * job.nodes:
        raise InputError(
            f"{job.devices} devices on {job.nodes} computers, but the launcher started {here} processes.",
            remedy="launcher",
        )
    return job.devices, job.nodes


def choose_precision(name: str, device: str) -> str:
    """The precision meant on a device: "auto" is bf16 where that is computed natively, else fp32.

    Raises
    ------
    InputError
        If the device does not train with it.
    """
    kind = device.partition(":")[0]
    if name != "auto":
        if name not in FABRIC:
            raise InputError(f"precision: {name!r}, wanted one of auto, {', '.join(FABRIC)}.")
        if name == "fp16" and kind != "cuda":
            raise InputError(f"precision: fp16 on {kind}, where it is not trained with. Use bf16 or fp32.")
        return name
    native = {
        "cpu": torch.ops.mkldnn._is_mkldnn_bf16_supported,
        "cuda": lambda: torch.cuda.is_bf16_supported(including_emulation=False),
    }
    return "bf16" if kind in native and native[kind]() else "fp32"


def choose_threads(job: TrainingJob, before: int | None = None) -> int:
    """Threads for a process that trains on a CPU; `before` is what an interrupted run had.

    The number decides how sums are split, and so the last digits of weights. Threads that wait for each other on cores
    which workers also want take many times as long.
    """
    if job.threads or before:
        return min(job.threads or before, MOST_THREADS)
    if os.environ.get("OMP_NUM_THREADS", "").isdecimal():
        return int(os.environ["OMP_NUM_THREADS"])
    return max(1, (os.cpu_count() or 1) // job.devices - job.workers)


def where(fabric: Fabric) -> str:
    """Describe the devices and the precision of a run: "cpu, bf16", "2 x cuda, fp16"."""
    (precision,) = (name for name, theirs in FABRIC.items() if theirs == fabric.strategy.precision.precision)
    several = f"{fabric.world_size} x " if fabric.world_size > 1 else ""
    return f"{several}{fabric.device.type}, {precision}"


def _called(work: Callable[..., Any], job: TrainingJob, *arguments: Any, fabric: Fabric) -> Any:
    """Call `work`, taking errors of the connection between processes for what they are: one of them has gone."""
    try:
        return work(fabric, job, *arguments)
    except RuntimeError as error:
        if fabric.world_size == 1 or not any(words in str(error).lower() for words in LOST):
            raise
        raise _died(fabric) from error


def _died(fabric: Fabric) -> WorkerDiedError:
    return WorkerDiedError(
        f"one of the run's {fabric.world_size} processes died; it was killed or ran out of memory. What was saved "
        "last can be resumed."
    )


def _noting(fabric: Fabric, *, note: Path, work: Callable[..., Any]) -> Any:
    end_with_parent()
    try:
        return work(fabric=fabric)
    except (KeyboardInterrupt, SystemExit) as end:  # all processes come here together
        note.write_bytes(pickle.dumps(end))
    except Exception as error:
        if not note.exists():  # what others raise afterwards is only that this process has gone
            note.write_bytes(pickle.dumps(portable(error)))
        raise


@contextmanager
def _signals_for_children() -> Iterator[None]:
    """Ctrl-C reaches them as well, and they end by themselves; SIGTERM is handed on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {
        signal.SIGINT: lambda *_: None,
        signal.SIGTERM: lambda *_: [child.terminate() for child in multiprocessing.active_children()],
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
