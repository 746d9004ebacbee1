"""Reading other projects' checkpoints: only tensors and plain data, so that no pickle can execute code."""

import re
import warnings
import zipfile
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mattekit.errors import WeightsError
from mattekit.files import open_regular
from mattekit.networks.state import State, as_float32

NESTED = ("state_dict", "model_state_dict", "model")  # keys of the weights in training scripts' checkpoints
PREFIX = "module."  # of data-parallel training
LARGEST = 4 << 30  # bytes of a file, and of all its tensors in float32
RATIO = 4  # times the file's size that its entries may unpack to; torch.save does not compress


def read_checkpoint(path: str | Path) -> State:
    """Read the weights in a file: safetensors, or a checkpoint of torch.save in its present or its former format.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    State
        On the CPU, float32, under the names of the file but for one leading `module.`.

    Raises
    ------
    MissingFileError
        If there is no such file.
    WeightsError
        If it is no checkpoint, damaged, too large, holds no weights, or holds anything but tensors and plain data.
        Nothing in a refused file is executed.
    """
    path = Path(path)
    with open_regular(path) as file:
        _refuse_bomb(path, file)
    checkpoint = _safetensors(path) if _is_safetensors(path) else _torch(path)
    state = next((checkpoint[key] for key in NESTED if _holds_tensors(_at(checkpoint, key))), checkpoint)
    if not _holds_tensors(state):
        content = ", ".join(map(str, checkpoint)) if isinstance(checkpoint, dict) else type(checkpoint).__name__
        raise WeightsError(f"{path}: no weights in it; it holds {content[:80] or 'nothing'}.")
    tensors = {key: value for key, value in state.items() if isinstance(value, Tensor)}
    _refuse_unusual(path, tensors)
    prefix = PREFIX if all(key.startswith(PREFIX) for key in tensors) else ""
    # float32 before any computation: In-Place ABN's epsilon is lost in float16.
    return State((key.removeprefix(prefix), as_float32(value)) for key, value in tensors.items())


def _refuse_bomb(path: Path, file: BinaryIO) -> None:
    """Refuse a file that is too large, or whose archive would unpack to a multiple of its size, before it is read."""
    size = path.stat().st_size
    if zipfile.is_zipfile(file):
        try:
            with zipfile.ZipFile(file) as archive:
                size = max(size, sum(entry.file_size for entry in archive.infolist()))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise WeightsError(f"{path}: a damaged archive ({error}). Fetch it again.") from error
    if size > LARGEST or size > RATIO * max(path.stat().st_size, 1 << 20):
        raise WeightsError(
            f"{path}: {path.stat().st_size >> 20} MB that hold {size >> 20} MB, wanted at most {LARGEST >> 20} MB that "
            "are hardly compressed, as torch.save writes them."
        )


def _refuse_unusual(path: Path, tensors: dict[str, Tensor]) -> None:
    """Refuse tensors that are not dense real arrays, and more of them than any network has."""
    for key, value in tensors.items():
        if value.layout != torch.strided or value.is_quantized or value.is_meta or value.is_complex():
            raise WeightsError(f"{path}: {key} is no plain tensor of real numbers. Save the weights as those.")
    if sum(value.numel() for value in tensors.values()) > LARGEST // 4:
        raise WeightsError(f"{path}: more than {LARGEST >> 22} million numbers, which no network here has.")


def _at(checkpoint: object, key: str) -> object:
    return checkpoint.get(key) if isinstance(checkpoint, dict) else None


def _holds_tensors(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(key, str) for key in value)
        and any(isinstance(entry, Tensor) for entry in value.values())
    )


def _is_safetensors(path: Path) -> bool:
    """Whether a file begins as safetensors does: the length of a JSON object, then the object."""
    with path.open("rb") as file:
        head = file.read(9)
    return len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise WeightsError(f"{path}: damaged ({error}). Fetch it again.") from error


def _torch(path: Path) -> object:
    try:
        with torch.serialization.safe_globals(_numpy_scalars()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unusual pickle protocol
            return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a damaged file can raise anything
        name = re.search(r"GLOBAL ([\w.]+)", str(error))
        if name:
            raise WeightsError(
                f"{path}: refused; it asks for {name[1]}, where weights need only tensors and numbers. Nothing was "
                "executed. If you trust whoever made it, load it yourself and torch.save its state_dict alone."
            ) from error
        raise WeightsError(
            f"{path}: neither a checkpoint of torch.save nor safetensors, or damaged ({type(error).__name__})."
        ) from error


def _numpy_scalars() -> list:
    """Return the constructor and types of NumPy's scalars, which checkpoints may hold as scores."""
    import numpy as np
    from numpy._core.multiarray import scalar

    types = {type(np.dtype(code)) for code in "? i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split()}
    # NumPy before 2.0 pickled the constructor under another name.
    return [scalar, (scalar, "numpy.core.multiarray.scalar"), np.dtype, *types]
