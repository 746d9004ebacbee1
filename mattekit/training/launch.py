"""Starting the processes of a run on lightning-fabric: one for each device, all doing the same work."""

import logging
import os
import pickle
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from mattekit import ranks
from mattekit.errors import InputError, MattekitError
from mattekit.inference.device import resolve
from mattekit.training.job import Job

# Here, where every process comes by: what they have to say of each other is for us to say.
for _name in ("lightning_fabric", "torch.multiprocessing.spawn"):
    logging.getLogger(_name).setLevel(logging.ERROR)

FABRIC = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def launch(job: Job, work: Callable[..., Any], *arguments: Any) -> Any:
    """Call `work(fabric, job, *arguments)` in every process of a run; one process is this one.

    Returns
    -------
    what `work` returned in the first process

    Raises
    ------
    InputError
        If the devices or the precision are not to be had.
    Exception
        What the first process to fail raised.
    """
    fabric = make_fabric(job)
    external = ranks.here().count > 1
    if fabric.world_size == 1 or external:
        fabric.launch()
        return work(fabric, job, *arguments)
    with tempfile.TemporaryDirectory() as folder:
        # What a process raises comes back as text only, unless it is left somewhere.
        note = Path(folder) / "error"
        try:
            # Hidden in a partial from Fabric, which looks into what it hands on.
            return fabric.launch(partial(_noting, note=note, work=partial(_called, work, job, *arguments)))
        except KeyboardInterrupt:
            raise
        except Exception as error:
            raise (pickle.loads(note.read_bytes()) if note.is_file() else error) from None


def make_fabric(job: Job) -> Fabric:
    """Fabric for a job's devices and precision; errors as of `launch`."""
    device = resolve(job.device)
    kind = device.partition(":")[0]
    precision = choose_precision(job.precision or job.recipe.run.precision, device)
    wanted, batch = job.devices * job.nodes, job.recipe.run.batch
    several = wanted > 1 or ranks.here().count > 1
    if batch % wanted:
        raise InputError(f"run.batch: {batch} samples for {wanted} devices. Choose one that they divide.")
    if kind == "cuda" and job.devices > torch.cuda.device_count():
        raise InputError(f"--devices {job.devices}: this computer has {torch.cuda.device_count()} CUDA devices.")
    if kind == "mps" and several:
        raise InputError(f"--devices {job.devices}: Apple's GPU is one device. Use --device cpu, or one device.")
    external = ranks.here().count > 1
    strategy = ("ddp" if external else "ddp_spawn") if several else "auto"
    count: Any = [int(device.partition(":")[2])] if ":" in device and not several else job.devices
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Fabric says of accelerators and precisions is decided above
        return Fabric(
            accelerator=kind, devices=count, num_nodes=job.nodes, strategy=strategy, precision=FABRIC[precision]
        )


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


def choose_threads(job: Job, before: int | None = None) -> int:
    """Threads for a process that trains on a CPU; `before` is what an interrupted run had.

    The number decides how sums are split, and so the last digits of weights. Threads that wait for each other on cores
    which workers also want take many times as long.
    """
    if job.threads or before:
        return job.threads or before
    if os.environ.get("OMP_NUM_THREADS", "").isdecimal():
        return int(os.environ["OMP_NUM_THREADS"])
    return max(1, (os.cpu_count() or 1) // job.devices - job.workers)


def where(fabric: Fabric) -> str:
    """Where a run computes, and with which numbers: "cpu, bf16", "2 x cuda, fp16"."""
    (precision,) = (name for name, theirs in FABRIC.items() if theirs == fabric.strategy.precision.precision)
    several = f"{fabric.world_size} x " if fabric.world_size > 1 else ""
    return f"{several}{fabric.device.type}, {precision}"


def _called(work: Callable[..., Any], job: Job, *arguments: Any, fabric: Fabric) -> Any:
    return work(fabric, job, *arguments)


def _noting(fabric: Fabric, *, note: Path, work: Callable[..., Any]) -> Any:
    try:
        return work(fabric=fabric)
    except MattekitError as error:
        if not note.exists():
            note.write_bytes(pickle.dumps(error))
        raise
