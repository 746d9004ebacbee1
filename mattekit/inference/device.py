"""Where a network runs: the device asked for, or an error; never quietly another."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mattekit import ranks
from mattekit.errors import DeviceLostError, InputError, is_out_of_memory

FORM = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


def resolve(name: str) -> str:
    """A device as PyTorch names it.

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
    if not FORM.fullmatch(name):
        raise InputError(f"device: {name!r}, wanted auto, cpu, cuda, cuda:N or mps.")
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


@contextmanager
def detect_device_loss(device: str) -> Iterator[None]:
    """Raise DeviceLostError where work in the block fails and the device then fails at the smallest thing, too.

    After most errors of CUDA nothing else runs in the process, so that trying further items is in vain.
    """
    try:
        yield
    except RuntimeError as error:
        if device == "cpu" or is_out_of_memory(error) or _answers(device):
            raise
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise DeviceLostError(f"{device}: does not answer any more ({reason}).", remedy="device") from error


def _answers(device: str) -> bool:
    try:
        return (torch.ones(1, device=device) + 1).item() == 2
    except (RuntimeError, AssertionError):  # PyTorch asserts that it was built for CUDA
        return False
