"""Saving the batch whose loss is not finite, as tensors and as a picture."""

import logging
from typing import NoReturn

import numpy as np
from safetensors.torch import save_file

from mattekit import files
from mattekit.errors import DivergedError
from mattekit.imaging import io
from mattekit.training.batch import Batch
from mattekit.training.folder import RunFolder

log = logging.getLogger("mattekit")


def stop(folder: RunFolder, step: int, rank: int, batch: Batch, loss: float, picture: np.ndarray) -> NoReturn:
    """Save this process's part of a batch and raise DivergedError, which names the file."""
    name = f"nonfinite-{step:06d}" + (f"-rank-{rank}" if rank else "")
    path = folder.path / f"{name}.safetensors"
    tensors = {key: value.detach().cpu().contiguous() for key, value in batch.items()}
    with files.replacing(path) as part:
        save_file(tensors, part, {"step": str(step), "loss": str(loss)})
    io.write_image(path.with_suffix(".png"), picture, fast=True)
    what = f"loss {loss}" if not np.isfinite(loss) else "a gradient that is not finite"
    raise DivergedError(
        f"{path}: {what} at step {step}; the batch is saved there, and as {name}.png. Look at it; lower optimiser.lr."
    )
