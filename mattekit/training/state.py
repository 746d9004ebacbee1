"""What a run needs to go on exactly where it was: weights, optimiser, averages and counts, in one file."""

from pathlib import Path
from typing import Any

import torch

from mattekit.errors import InputError, MissingFileError
from mattekit.files import replacing

FORMAT = 1


def write(path: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain data to a file, which a reader sees whole or not at all."""
    with replacing(path) as part:
        torch.save({"format": FORMAT, **state}, part)


def read(path: Path) -> dict[str, Any]:
    """What `write` wrote, on the CPU; nothing in the file is executed.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is damaged, something else, or of a newer format.
    """
    if not path.is_file():
        raise MissingFileError(f"{path}: no such file. Check the path.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        version = state["format"]
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a damaged file can raise anything
        raise InputError(
            f"{path}: no state of a run, or damaged ({type(error).__name__}). Start the run anew."
        ) from error
    if version > FORMAT:
        raise InputError(f"{path}: a state of format {version}; this version of mattekit reads {FORMAT}. Update it.")
    return state
