"""Devices and their number formats: the one asked for or an error, never silently another; a device that is lost."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mattekit import ranks
from mattekit.errors import DeviceLostError, InputError, is_out_of_memory
from mattekit.networks import find

FORM = re.compile(r"auto|cpu|mps|cuda(:\d+)?")

PRECISIONS = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}  # as PyTorch calls them
CHOICES = ("auto", *PRECISIONS)

MOST = 1.0  # of 255, mean over unknown pixels: what auto may change (`networks.base.Row.rounding`)
FASTER = {"cpu": ("bf16",), "cuda": ("fp16", "bf16"), "mps": ("fp16",)}  # than fp32; the most exact first


def resolve_device(name: str) -> str:
    """Return the device of a name as PyTorch names it.

    Parameters
    ----------
    name : "auto", "cpu", "cuda", "cuda:1" or "mps"
        "auto" is the first CUDA device, else Apple's GPU, else the CPU. Ranks of one computer take one CUDA
        device each, as long as there are enough.

    Raises
    ------
    InputError
        If the name is none of these, or the device is not there.
    """
    require_name(name)
    cuda, mps = torch.cuda.device_count(), torch.backends.mps.is_available()
    if name == "auto":
        rank = ranks.here()
        own = f"cuda:{rank.local % cuda}" if cuda and rank.count > 1 else "cuda"
        return own if cuda else "mps" if mps else "cpu"
    kind, _, number = name.partition(":")
    if kind == "cuda" and int(number or 0) >= cuda:
        raise InputError(
            f"device: {name}, but PyTorch {torch.__version__} sees {cuda} CUDA devices here. Use auto or cpu."
        )
    if kind == "mps" and not mps:
        raise InputError(f"device: mps, which PyTorch {torch.__version__} does not find here. Use auto or cpu.")
    return name


def require_name(device: str) -> None:
    """Raise InputError unless a device has one of the names."""
    if not FORM.fullmatch(device):
        raise InputError(f"device: {device!r}, wanted auto, cpu, cuda, cuda:N or mps.")


@contextmanager
def detect_device_loss(device: str) -> Iterator[None]:
    """Raise DeviceLostError if the block fails and the device then fails at the simplest operation, too.

    After most errors of CUDA nothing else runs in the process, so that trying further items is useless.
    """
    try:
        yield
    except RuntimeError as error:
        if device == "cpu" or is_out_of_memory(error) or _answers(device):
            raise
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise DeviceLostError(f"{device}: does not answer any more ({reason}).", remedy="device") from error


def _answers(device: str) -> bool:
    try:
        return (torch.ones(1, device=device) + 1).item() == 2
    except (RuntimeError, AssertionError):  # PyTorch asserts that it was built for CUDA
        return False


def choose_precision(precision: str, network: str, device: str) -> str:
    """Return the precision to use: "auto" is a faster one that changes 8-bit alphas by at most 1 on average.

    Parameters
    ----------
    precision : "auto", "fp32", "bf16" or "fp16"
    network : str
        A name of `networks.NETWORKS`; "auto" is "fp32" for those whose row has no `rounding`.
    device : str
        As PyTorch names it.

    Returns
    -------
    "fp32", "bf16" or "fp16"

    Raises
    ------
    InputError
        If the precision is none of these.
    """
    if precision not in CHOICES:
        raise InputError(f"precision: {precision!r}, wanted one of {', '.join(CHOICES)}.")
    if precision != "auto":
        return precision
    changes, kind = find(network).rounding, device.partition(":")[0]
    return next((name for name in FASTER.get(kind, ()) if changes.get(name, MOST + 1) <= MOST), "fp32")
