"""Validation on folders of real images, shared out among the processes of a run."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch.distributed
from lightning_fabric import Fabric
from torch import nn

from mattekit.evaluation.evaluate import Outcome, find, outcomes
from mattekit.evaluation.scoring import Rules
from mattekit.evaluation.summary import mean
from mattekit.inference.network import network_predictor
from mattekit.networks.header import Header
from mattekit.training.pictures import ROWS, Row, contact_sheet

REMEMBERED = 32  # estimates of images, which take longer than the network; 44 bytes a pixel each
Estimate = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Validation:
    """Scores of a network on the images of folders, as `mattekit predict` and `mattekit eval` give them.

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
        self.remembered: dict[bytes, np.ndarray] = {}

    def __call__(self, network: nn.Module, fabric: Fabric) -> tuple[dict[str, float | None], np.ndarray | None]:
        """Mean of each metric over all images; and a sheet of the first ones, for process 0 alone."""
        predict = network_predictor(
            network, self.header.preparation, self.header.normalisation, device=str(fabric.device)
        )
        if predict.prior:  # the same pictures come again and again
            predict.prior = predict.prior._replace(estimate=partial(self._estimate, predict.prior.estimate))
        mine, shown = self.items[fabric.global_rank :: fabric.world_size], []
        scores = {}
        for outcome in outcomes(predict, mine, self.rules):
            scores[outcome.name] = outcome.scores
            if fabric.global_rank == 0 and len(shown) < ROWS:
                shown.append(_row(outcome))
        if fabric.world_size > 1:
            every: list = [None] * fabric.world_size
            torch.distributed.all_gather_object(every, scores)
            scores = {name: values for part in every for name, values in part.items()}
        return mean(scores, scores, self.rules.metrics), contact_sheet(shown) if shown else None

    def _estimate(self, estimate: Estimate, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        key = hashlib.sha256(image.tobytes() + trimap.tobytes()).digest()
        if key in self.remembered:
            return self.remembered[key]
        made = estimate(image, trimap)
        if len(self.remembered) < REMEMBERED:
            self.remembered[key] = made
        return made


def _row(outcome: Outcome) -> Row:
    sad = outcome.scores["sad"]
    words = "alpha" if sad is None else f"alpha, SAD {sad:.2f}"
    return Row(outcome.name, outcome.image, outcome.trimap, outcome.alpha, outcome.truth, words)
