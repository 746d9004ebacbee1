"""Logs of a run: JSON lines, CSV and TensorBoard, which a resumed run continues as if it had never stopped."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from mattekit import files
from mattekit.errors import MissingExtraError
from mattekit.training.folder import RunFolder

COLUMNS = ("kind", "step", "epoch", "loss", "lr", "encoder_lr", "gradient", "samples_per_second", "waiting", "seconds")
SCORES = ("sad", "mse", "mad", "grad", "conn", "psnr", "ssim", "mae")


class Logs:
    """Appends a record to each log as it comes.

    Parameters
    ----------
    folder : RunFolder
    step : int
        Steps that the run has behind it; what an interrupted run logged beyond them is removed, as it comes again.
    tensorboard : bool
        Whether to write for TensorBoard, too.

    Raises
    ------
    MissingExtraError
        If TensorBoard is wanted and not installed.
    """

    def __init__(self, folder: RunFolder, step: int, *, tensorboard: bool = False):
        self.folder = folder
        records = [record for record in read(folder.jsonl) if record["step"] <= step]
        files.write_bytes(folder.jsonl, "".join(map(_json, records)).encode())
        files.write_bytes(folder.csv, (_csv({}, head=True) + "".join(map(_csv, records))).encode())
        self._board = _board(folder.tensorboard, step) if tensorboard else None

    def add(self, record: dict[str, Any]) -> None:
        """Log a record: "kind" ("train" or "validation"), "step", and numbers under names of COLUMNS and SCORES.

        "gradient" is the norm before it is clipped, "waiting" the share of the time in which the loader was waited for,
        "seconds" those of training so far, interruptions and validations left out.
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
        """Show TensorBoard a picture (H, W, 3) in 0..1."""
        if self._board:
            self._board.add_image(name, pixels, step, dataformats="HWC")

    def close(self) -> None:
        """Finish writing."""
        if self._board:
            self._board.close()


def read(path: Path) -> list[dict[str, Any]]:
    """Records of a log.jsonl; a line that a kill has cut is left out, and so is a file that is not there."""
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
