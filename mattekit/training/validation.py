"""Validation on folders of images, shared out among the processes of a run, and sheets of samples with errors."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch.distributed
from lightning_fabric import Fabric
from torch import Tensor, nn

from mattekit.evaluation.evaluate import Outcome, find, outcomes
from mattekit.evaluation.scoring import Rules
from mattekit.evaluation.summary import mean
from mattekit.imaging.sheets import Cell, error_map, resize, sheet
from mattekit.inference.network import network_predictor
from mattekit.networks.header import Header
from mattekit.training.losses import Batch

PANEL = 240  # the longer side of a panel in pixels
ROWS = 4  # samples on a sheet
CACHED = 32  # images whose estimates are kept, which take longer than the network; 44 bytes a pixel each
Estimate = Callable[[np.ndarray, np.ndarray], np.ndarray]


class SheetRow(NamedTuple):
    """One sample: arrays (H, W, 3) and (H, W), float32 in 0..1, and the caption of its alpha."""

    name: str
    image: np.ndarray
    trimap: np.ndarray
    alpha: np.ndarray
    truth: np.ndarray
    caption: str = ""


def contact_sheet(rows: Iterable[SheetRow]) -> np.ndarray:
    """Draw a row of panels for each sample: image, trimap, alpha, truth, error; (h, w, 3) float32 RGB in 0..1."""
    return sheet([_cells(row) for row in rows])


def rows_of(batch: Batch, output: Tensor) -> list[SheetRow]:
    """Return rows of the first samples of a training batch and the network's output for them."""
    arrays = {name: _to_arrays(batch[name]) for name in ("image", "trimap", "alpha")}
    alphas = _to_arrays(output)
    return [
        SheetRow(f"sample {i + 1}", np.ascontiguousarray(image.transpose(1, 2, 0)), trimap[0], alpha[0], truth[0])
        for i, (image, trimap, truth, alpha) in enumerate(zip(*arrays.values(), alphas, strict=True))
    ]


def _to_arrays(pictures: Tensor) -> np.ndarray:
    """Convert the first pictures to arrays in 0..1; NaN, as in a diverged batch, becomes 0."""
    return pictures[:ROWS].detach().float().cpu().nan_to_num().clamp(0, 1).numpy()


def _cells(row: SheetRow) -> list[Cell]:
    scale = PANEL / max(row.trimap.shape)
    size = tuple(max(1, round(side * scale)) for side in row.trimap.shape)
    return [
        Cell(resize(row.image, size), [row.name]),
        Cell(resize(row.trimap, size), ["trimap"]),
        Cell(resize(row.alpha, size), [row.caption or "alpha"]),
        Cell(resize(row.truth, size), ["truth"]),
        Cell(error_map(row.alpha, row.truth, row.trimap, size), ["error"]),
    ]


class Validation:
    """Scores of a network on folders of images, equal to those of `mattekit predict` and `mattekit eval`.

    Parameters
    ----------
    folders : as for `evaluation.evaluate.find`.
    header : Header
        Of the network.

    Raises
    ------
    MattekitError
        If folders do not pair.
    """

    def __init__(self, folders: Sequence[Path], header: Header):
        self.items, self.header, self.rules = find(folders), header, Rules()
        self.estimates: dict[bytes, np.ndarray] = {}

    def __call__(self, network: nn.Module, fabric: Fabric) -> tuple[dict[str, float | None], np.ndarray | None]:
        """Return the mean of each metric over all images, and in process 0 a sheet of the first ones."""
        predict = network_predictor(
            network, self.header.preparation, self.header.normalisation, device=str(fabric.device)
        )
        if predict.prior:  # the same pictures are validated again and again
            predict.prior = predict.prior._replace(estimate=partial(self._estimate, predict.prior.estimate))
        items, shown = self.items[fabric.global_rank :: fabric.world_size], []
        scores = {}
        for outcome in outcomes(predict, items, self.rules):
            scores[outcome.name] = outcome.scores
            if fabric.global_rank == 0 and len(shown) < ROWS:
                shown.append(_row(outcome))
        if fabric.world_size > 1:
            gathered: list = [None] * fabric.world_size
            torch.distributed.all_gather_object(gathered, scores)
            scores = {name: values for part in gathered for name, values in part.items()}
        return mean(scores, scores, self.rules.metrics), contact_sheet(shown) if shown else None

    def _estimate(self, estimate: Estimate, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        key = hashlib.sha256(image.tobytes() + trimap.tobytes()).digest()
        if key in self.estimates:
            return self.estimates[key]
        result = estimate(image, trimap)
        if len(self.estimates) < CACHED:
            self.estimates[key] = result
        return result


def _row(outcome: Outcome) -> SheetRow:
    sad = outcome.scores["sad"]
    caption = "alpha" if sad is None else f"alpha, SAD {sad:.2f}"
    return SheetRow(outcome.name, outcome.image, outcome.trimap, outcome.alpha, outcome.truth, caption)
