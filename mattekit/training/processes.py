"""Starting the processes of a run with lightning-fabric, one for each device, all with the same work."""

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
from mattekit.parallel import end_with_parent, portable, quiet_tracker
from mattekit.training.job import TrainingJob
from mattekit.training.state import MOST_THREADS

# Every process imports this module; errors of other processes are reported by mattekit instead.
for _name in ("lightning_fabric", "torch.multiprocessing.spawn"):
    logging.getLogger(_name).setLevel(logging.ERROR)

# Words in errors of the connection after a process died.
CONNECTION_ERRORS = ("gloo", "nccl", "connection closed by peer", "connection reset", "socket")
FABRIC = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def launch(job: TrainingJob, work: Callable[..., Any], *arguments: Any) -> Any:
    """Call `work(fabric, job, *arguments)` in every process of a run; one process is this one.

    Returns
    -------
    the result of `work` in the first process

    Raises
    ------
    InputError
        If the devices or the precision are not available.
    BaseException
        As raised by the first process that failed, or by all when they were interrupted.
    """
    fabric = make_fabric(job)
    quiet_tracker()
    if fabric.world_size == 1 or ranks.here().count > 1:
        fabric.launch()
        return _call(work, job, *arguments, fabric=fabric)
    with tempfile.TemporaryDirectory() as folder, _signals_for_children():
        # Spawned processes return exceptions as text only; the file keeps the exception itself.
        note = Path(folder) / "exception"
        try:
            # The partial hides the arguments from Fabric, which would move them to the device.
            value = fabric.launch(partial(_saving_exceptions, note=note, work=partial(_call, work, job, *arguments)))
        except ProcessExitedException as error:  # killed: no exception was saved
            raise (pickle.loads(note.read_bytes()) if note.is_file() else _died(fabric)) from error
        except Exception as error:
            raise (pickle.loads(note.read_bytes()) if note.is_file() else error) from error
        if note.is_file():
            raise pickle.loads(note.read_bytes())
        return value


def first_alone(fabric: Fabric, work: Callable[[], None]) -> None:
    """Call a function in the first process alone; all processes raise the MattekitError that it raises."""
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
    """Create the Fabric of a job's devices and precision; errors as of `launch`."""
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
        warnings.simplefilter("ignore")  # Fabric's advice on accelerators and precisions
        return Fabric(accelerator=kind, devices=chosen, num_nodes=nodes, strategy=strategy, precision=FABRIC[precision])


def _counts(job: TrainingJob) -> tuple[int, int]:
    """Return the devices on each computer and the number of computers, which torchrun has decided if it runs."""
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
    """Return the precision for a device: "auto" is bf16 where the device computes it natively, else fp32.

    Raises
    ------
    InputError
        If the device cannot train with it.
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
    """Return the threads for a process that trains on a CPU; `before` is the number in an interrupted run.

    The number affects the rounding of sums, and so the last digits of weights. Threads that share cores with the
    loader's workers take many times as long.
    """
    if job.threads or before:
        return min(job.threads or before, MOST_THREADS)
    if os.environ.get("OMP_NUM_THREADS", "").isdecimal():
        return int(os.environ["OMP_NUM_THREADS"])
    return max(1, (os.cpu_count() or 1) // job.devices - job.workers)


def describe_devices(fabric: Fabric) -> str:
    """Describe the devices and the precision of a run: "cpu, bf16", "2 x cuda, fp16"."""
    (precision,) = (name for name, fabric_name in FABRIC.items() if fabric_name == fabric.strategy.precision.precision)
    several = f"{fabric.world_size} x " if fabric.world_size > 1 else ""
    return f"{several}{fabric.device.type}, {precision}"


def _call(work: Callable[..., Any], job: TrainingJob, *arguments: Any, fabric: Fabric) -> Any:
    """Call `work`, and turn errors of the connection between processes into WorkerDiedError."""
    try:
        return work(fabric, job, *arguments)
    except RuntimeError as error:
        if fabric.world_size == 1 or not any(words in str(error).lower() for words in CONNECTION_ERRORS):
            raise
        raise _died(fabric) from error


def _died(fabric: Fabric) -> WorkerDiedError:
    return WorkerDiedError(
        f"one of the run's {fabric.world_size} processes died; it was killed or ran out of memory. What was saved "
        "last can be resumed."
    )


def _saving_exceptions(fabric: Fabric, *, note: Path, work: Callable[..., Any]) -> Any:
    end_with_parent()
    try:
        return work(fabric=fabric)
    except (KeyboardInterrupt, SystemExit) as end:  # raised in all processes together
        note.write_bytes(pickle.dumps(end))
    except Exception as error:
        if not note.exists():  # later errors of other processes only follow from this one
            note.write_bytes(pickle.dumps(portable(error)))
        raise


@contextmanager
def _signals_for_children() -> Iterator[None]:
    """Ignore Ctrl-C, which the child processes get as well, and forward SIGTERM to them."""
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
