"""Where a network runs: the device asked for, or an error; never quietly another."""

import re

import torch

from mattekit.errors import InputError

FORM = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


def resolve(name: str) -> str:
    """A device as PyTorch names it.

    Parameters
    ----------
    name : "auto", "cpu", "cuda", "cuda:1" or "mps"
        "auto" is the first CUDA device, else Apple's GPU, else the CPU.

    Raises
    ------
    InputError
        If the name is none of these, or the device is not there.
    """
    if not FORM.fullmatch(name):
        raise InputError(f"device: {name!r}, wanted auto, cpu, cuda, cuda:N or mps.")
    cuda, mps = torch.cuda.device_count(), torch.backends.mps.is_available()
    if name == "auto":
        return "cuda" if cuda else "mps" if mps else "cpu"
    kind, _, number = name.partition(":")
    if kind == "cuda" and int(number or 0) >= cuda:
        raise InputError(
            f"device: {name}, but PyTorch {torch.__version__} sees {cuda} CUDA devices here. Use auto or cpu."
        )
    if kind == "mps" and not mps:
        raise InputError(f"device: mps, which PyTorch {torch.__version__} does not find here. Use auto or cpu.")
    return name
