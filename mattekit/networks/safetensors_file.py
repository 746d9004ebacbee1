"""Networks as files: one safetensors file with the weights, the network's name and how images are prepared for it."""

import math
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from mattekit.errors import InputError, WeightsError
from mattekit.files import open_regular, replacing
from mattekit.networks import build
from mattekit.networks.header import IMAGENET, Header, from_metadata, header_of, to_metadata
from mattekit.networks.state import fill

__all__ = ["IMAGENET", "Header", "describe", "header_of", "load_network", "read", "read_header", "save_network"]

STATISTICS = ("running_mean", "running_var")  # of batch normalisation; no parameters
LARGEST_HALF = torch.finfo(torch.float16).max


def save_network(path: str | Path, network: nn.Module, header: Header, *, half: bool = False) -> None:
    """Write a network to a file, atomically.

    Parameters
    ----------
    path : str or Path
        Ending in .safetensors, by which models are recognised.
    network : nn.Module
        As `build(header.network, **header.arguments)` makes it; it may be in training, and on any device.
    header : Header
    half : bool
        Convolutions' and linear layers' weights in float16: half the size, about three decimal digits. What is
        smaller, or too large for float16, stays float32.

    Raises
    ------
    WeightsError
        If a tensor holds NaN or infinity.
    """
    tensors = {}
    for key, value in network.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        if not value.isfinite().all():
            raise WeightsError(f"{key}: NaN or infinity among its numbers. Nothing was written; did training diverge?")
        small = half and value.ndim > 1 and value.abs().max() <= LARGEST_HALF
        tensors[key] = (value.half() if small else value).detach().cpu().contiguous()
    with replacing(Path(path)) as part:
        part.touch()
        mode = part.stat().st_mode
        save_file(tensors, part, to_metadata(header))
        part.chmod(mode)  # safetensors makes files that only their owner reads


def load_network(path: str | Path) -> nn.Module:
    """Build the network that a file names, with the file's weights.

    Parameters
    ----------
    path : str or Path
        A file of `save_network` or of `mattekit weights convert`.

    Returns
    -------
    nn.Module
        In eval mode, float32, on the CPU: (N, 4, H, W), image and trimap normalised as the file says, to
        (N, 1, H, W), raw alpha. Its attribute `header` is the file's Header.

    Raises
    ------
    MissingFileError
        If there is no such file.
    WeightsError
        If it is not such a file, is damaged or of a newer format, names an unknown network or argument, or if its
        tensors are not those of the network.
    """
    header, tensors = read(path)
    try:
        with torch.device("meta"):
            network = build(header.network, **header.arguments)
    except Exception as error:  # a file's arguments can be anything, and builders check only what users may give
        reason = str(error).splitlines()[0] if isinstance(error, InputError) else f"arguments {header.arguments}."
        raise WeightsError(f"{path}: {reason} Was the file made by another version, {header.mattekit}?") from error
    network = fill(network, tensors, str(path)).eval()
    network.header = header
    return network


def read(path: str | Path) -> tuple[Header, dict[str, Tensor]]:
    """Read a file's header and its tensors as stored; errors as for `load_network`, the network's own apart."""
    with _open(path) as file:
        header = from_metadata(path, file.metadata())
        try:
            return header, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except (SafetensorError, AttributeError, RuntimeError) as error:  # a type that this PyTorch lacks
            raise WeightsError(f"{path}: tensors that cannot be read ({error}).") from error


def read_header(path: str | Path) -> Header:
    """Read a file's header, without the weights; errors as for `read`."""
    with _open(path) as file:
        return from_metadata(path, file.metadata())


def describe(path: str | Path) -> dict:
    """Return a file's header and sizes, without reading the weights; errors as for `read`.

    Returns
    -------
    dict
        The fields of Header, "parameters" (trainable numbers), "dtypes" (tensors of each), "bytes".
    """
    with _open(path) as file:
        header = from_metadata(path, file.metadata())
        tensors = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118
        sizes = {key: math.prod(tensor.get_shape()) for key, tensor in tensors.items()}
        dtypes = Counter(tensor.get_dtype() for tensor in tensors.values())
    return {
        **asdict(header),
        "parameters": sum(size for key, size in sizes.items() if not key.endswith(STATISTICS)),
        "dtypes": dict(dtypes),
        "bytes": Path(path).stat().st_size,
    }


def _open(path: str | Path) -> safe_open:
    with open_regular(Path(path)):
        pass
    try:
        return safe_open(path, "pt")
    except (SafetensorError, UnicodeDecodeError) as error:
        raise WeightsError(
            f"{path}: not a file of weights in mattekit's format ({error}).", remedy="convert"
        ) from error
