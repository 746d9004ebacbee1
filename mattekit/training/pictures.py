"""Sheets of samples: what a network sees, what it makes of it, what is true, and where it is wrong."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from torch import Tensor

from mattekit.imaging.sheets import Cell, error_map, resize, sheet
from mattekit.training.batch import Batch

PANEL = 240  # the longer side of a panel in pixels
ROWS = 4


class Row(NamedTuple):
    """One sample: arrays (H, W, 3) and (H, W), float32 in 0..1, and the words under its alpha."""

    name: str
    image: np.ndarray
    trimap: np.ndarray
    alpha: np.ndarray
    truth: np.ndarray
    words: str = ""


def contact_sheet(rows: Iterable[Row]) -> np.ndarray:
    """A row of panels for each sample: image, trimap, alpha, truth, error; (h, w, 3) float32 RGB in 0..1."""
    return sheet([_cells(row) for row in rows])


def rows_of(batch: Batch, output: Tensor) -> list[Row]:
    """The first samples of a training batch with what the network gave for them."""
    arrays = {name: _shown(batch[name]) for name in ("image", "trimap", "alpha")}
    alphas = _shown(output)
    return [
        Row(f"sample {i + 1}", np.ascontiguousarray(image.transpose(1, 2, 0)), trimap[0], alpha[0], truth[0])
        for i, (image, trimap, truth, alpha) in enumerate(zip(*arrays.values(), alphas, strict=True))
    ]


def _shown(pictures: Tensor) -> np.ndarray:
    """The first ones, as far as they can be shown: of a batch that is being looked into, not all values may be."""
    return pictures[:ROWS].detach().float().cpu().nan_to_num().clamp(0, 1).numpy()


def _cells(row: Row) -> list[Cell]:
    scale = PANEL / max(row.trimap.shape)
    size = tuple(max(1, round(side * scale)) for side in row.trimap.shape)
    return [
        Cell(resize(row.image, size), [row.name]),
        Cell(resize(row.trimap, size), ["trimap"]),
        Cell(resize(row.alpha, size), [row.words or "alpha"]),
        Cell(resize(row.truth, size), ["truth"]),
        Cell(error_map(row.alpha, row.truth, row.trimap, size), ["error"]),
    ]
