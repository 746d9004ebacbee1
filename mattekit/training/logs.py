"""Logs of a run, JSON lines, CSV and TensorBoard, which a resumed run continues; batches with a non-finite loss."""

import csv
import io
import json
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from safetensors.torch import save_file

from mattekit import files
from mattekit.errors import DivergedError, MissingExtraError
from mattekit.imaging.io import write_image
from mattekit.training.job import RunFolder
from mattekit.training.losses import Batch

COLUMNS = ("kind", "step", "epoch", "loss", "lr", "encoder_lr", "gradient", "samples_per_second", "waiting", "seconds")
SCORES = ("sad", "mse", "mad", "grad", "conn", "psnr", "ssim", "mae")


class Logs:
    """The logs of a run.

    Parameters
    ----------
    folder : RunFolder
    step : int
        Last step of the run; later records of an interrupted run are removed, as they will be logged again.
    tensorboard : bool
        Also write for TensorBoard.

    Raises
    ------
    MissingExtraError
        If TensorBoard is asked for and not installed.
    """

    def __init__(self, folder: RunFolder, step: int, *, tensorboard: bool = False):
        self.folder = folder
        records = [record for record in read(folder.jsonl) if record["step"] <= step]
        files.write_bytes(folder.jsonl, "".join(map(_json, records)).encode())
        files.write_bytes(folder.csv, (_csv({}, head=True) + "".join(map(_csv, records))).encode())
        self._board = _board(folder.tensorboard, step) if tensorboard else None

    def add(self, record: dict[str, Any]) -> None:
        """Log a record: "kind" ("train" or "validation"), "step", and numbers under names of COLUMNS and SCORES.

        "gradient" is the norm before clipping, "waiting" the share of time spent waiting for the loader, "seconds" the
        time of training so far without interruptions and validations.
        """
        for path, text in ((self.folder.jsonl, _json(record)), (self.folder.csv, _csv(record))):
            with files.naming(path), path.open("a", encoding="utf-8") as stream:
                stream.write(text)
        if self._board:
            for name, value in record.items():
                if name not in ("kind", "step") and value is not None:
                    self._board.add_scalar(f"{record['kind']}/{name}", value, record["step"])
            self._board.flush()

    def picture(self, name: str, pixels: Any, step: int) -> None:
        """Log a picture (H, W, 3) in 0..1 to TensorBoard."""
        if self._board:
            self._board.add_image(name, pixels, step, dataformats="HWC")

    def close(self) -> None:
        """Close the logs."""
        if self._board:
            self._board.close()


def read(path: Path) -> list[dict[str, Any]]:
    """Read the records of a log.jsonl; incomplete lines are left out, and a missing file has none."""
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        try:
            record = json.loads(line)
            record["step"] + 0
            records.append(record)
        except (ValueError, TypeError, KeyError):
            continue
    return records


def _header() -> tuple[str, ...]:
    return (*COLUMNS, *SCORES)


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record) + "\n"


def _csv(record: dict[str, Any], *, head: bool = False) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_header() if head else [record.get(name) for name in _header()])
    return out.getvalue()


def _board(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError(
            "tensorboard: not installed. Install it with: pip install 'mattekit[tensorboard]'"
        ) from error
    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)


def stop_diverged(folder: RunFolder, step: int, rank: int, batch: Batch, loss: float, picture: np.ndarray) -> NoReturn:
    """Save this process's part of a batch and raise DivergedError, which names the file."""
    name = f"nonfinite-{step:06d}" + (f"-rank-{rank}" if rank else "")
    path = folder.path / f"{name}.safetensors"
    tensors = {key: value.detach().cpu().contiguous() for key, value in batch.items()}
    with files.replacing(path) as part:
        save_file(tensors, part, {"step": str(step), "loss": str(loss)})
    write_image(path.with_suffix(".png"), picture, fast=True)
    cause = f"loss {loss}" if not np.isfinite(loss) else "a gradient that is not finite"
    raise DivergedError(
        f"{path}: {cause} at step {step}; the batch is saved there, and as {name}.png. Look at it; lower optimiser.lr."
    )
