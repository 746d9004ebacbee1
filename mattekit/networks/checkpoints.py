"""Reading other projects' checkpoints: tensors and plain data, and nothing that a pickle could execute."""

import re
import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mattekit.errors import MissingFileError, WeightsError
from mattekit.networks.fill import as_float32

NESTED = ("state_dict", "model_state_dict", "model")  # where training scripts keep the weights
PREFIX = "module."  # of data-parallel training


def read_checkpoint(path: str | Path) -> dict[str, Tensor]:
    """The weights in a file: safetensors, or a checkpoint of torch.save in its present or its former format.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to Tensor
        On the CPU, float32, under the names of the file but for one leading `module.`.

    Raises
    ------
    MissingFileError
        If there is no such file.
    WeightsError
        If it is something else, is damaged, holds no weights, or holds anything but tensors and plain data. Nothing of
        a refused file is executed.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"{path}: no such file. Check the path.")
    checkpoint = _safetensors(path) if _is_safetensors(path) else _torch(path)
    state = next((checkpoint[key] for key in NESTED if _holds_tensors(_at(checkpoint, key))), checkpoint)
    if not _holds_tensors(state):
        found = ", ".join(map(str, checkpoint)) if isinstance(checkpoint, dict) else type(checkpoint).__name__
        raise WeightsError(f"{path}: no weights in it; it holds {found[:80] or 'nothing'}.")
    # float32 before anything is computed of them: In-Place ABN's epsilon is lost in float16.
    state = {key: as_float32(value) for key, value in state.items() if isinstance(value, Tensor)}
    if all(key.startswith(PREFIX) for key in state):
        state = {key.removeprefix(PREFIX): value for key, value in state.items()}
    return state


def _at(checkpoint: object, key: str) -> object:
    return checkpoint.get(key) if isinstance(checkpoint, dict) else None


def _holds_tensors(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(key, str) for key in value)
        and any(isinstance(entry, Tensor) for entry in value.values())
    )


def _is_safetensors(path: Path) -> bool:
    """Whether it begins as safetensors does: the length of a JSON object, then the object."""
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
        with torch.serialization.safe_globals(_numbers()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a pickle protocol that torch seldom meets
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


def _numbers() -> list:
    """NumPy's scalars, which scores kept in checkpoints are: what makes them, and their types."""
    import numpy as np
    from numpy._core.multiarray import scalar

    types = {type(np.dtype(code)) for code in "? i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split()}
    # NumPy before 2.0 pickled the maker under another name.
    return [scalar, (scalar, "numpy.core.multiarray.scalar"), np.dtype, *types]
