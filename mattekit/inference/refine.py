"""Backpropagating refinement: bend a network's decoder, for one picture, until alpha agrees with the trimap's ends.

LSA section 4.3, for every network here: after each decoder level, y becomes exp(A) y + B, where A and B are coarse
grids that start at zero and are enlarged to y's size; A and B alone are changed so that the cost of `refinement_cost`
falls. The encoder runs once.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.inference.descent import OPTIMISERS, Search, descend
from mattekit.inference.device import watched
from mattekit.inference.network import Normalisation, finished, network_input, prior_of
from mattekit.inference.preparation import preparation as preparation_of
from mattekit.inference.refinement_cost import RULES, Cost, Terms, regions
from mattekit.networks.fold import inference_copy
from mattekit.networks.weights import load_network

log = logging.getLogger("mattekit")

FINEST = 2  # level; LSA refines its levels 5 to 2, and so do we those that a network has
GRID = 8  # grids have 2**(GRID - level) rows and columns: 8 at level 5, 64 at level 2


@dataclass(frozen=True)
class Refinement:
    """How to refine.

    Attributes
    ----------
    steps : int
        Evaluations of the cost at most; the first is the network's own alpha, so that 1 changes nothing. The released
        code counts likewise: its 100 steps are 99 changes. Unless given, what suits the optimiser.
    optimiser : a name of `descent.OPTIMISERS`
    learning_rate : float, optional
        In place of the optimiser's own.
    rule : "released" or "paper"
        See `refinement_cost.RULES`.
    padding : bool
        Padding counts as picture, as in the released code: wherever unknown pixels touch the frame, the background
        that LSA's preparation puts around it is taken for the trimap's.
    finest : int
        The finest level that is refined; 0 is full resolution.
    stop : bool
        End early when the cost no longer falls.
    """

    steps: int | None = None
    optimiser: str = "lbfgs"
    learning_rate: float | None = None
    rule: str = "released"
    padding: bool = False
    finest: int = FINEST
    stop: bool = True

    def __post_init__(self) -> None:
        for what, value, table in (("optimiser", self.optimiser, OPTIMISERS), ("rule", self.rule, RULES)):
            if value not in table:
                raise InputError(f"refinement: {what} {value!r}, wanted one of {', '.join(table)}.")
        if self.steps is not None and self.steps < 1:
            raise InputError(f"refinement: {self.steps} steps, wanted at least 1.")
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise InputError(f"refinement: learning rate {self.learning_rate}, wanted more than 0.")


class Refined(NamedTuple):
    """What refinement gave: the raw alpha (H, W) of least cost, the cost at every step, and why nothing was done."""

    alpha: Tensor
    costs: list[Terms]
    note: str | None = None


class Grids:
    """A and B of every refined level, made when a level is first seen.

    They are kept divided by `scale`, for optimisers whose first step has a length of its own.
    """

    def __init__(self, finest: int = FINEST):
        self.finest, self.scale, self.pairs = finest, 1.0, {}

    def __call__(self, level: int, y: Tensor) -> Tensor:
        """exp(A) y + B of y (1, C, h, w); what `decode` takes as `adjust`."""
        if level < self.finest:
            return y
        if level not in self.pairs:
            side = 2 ** max(GRID - level, 0)
            self.pairs[level] = y.new_zeros(2, y.shape[1], side, side).requires_grad_()
        a, b = self.scale * F.interpolate(self.pairs[level], y.shape[-2:], mode="bicubic", align_corners=False)
        return a.exp() * y + b

    def rescale(self, factor: float) -> None:
        """Let the numbers in `pairs`, which still are zero, stand for so much more."""
        self.scale *= factor


def refine(network: nn.Module, x: Tensor, trimap: np.ndarray, window: tuple[slice, slice], how: Refinement) -> Refined:
    """Refine a network's answer to one picture.

    Parameters
    ----------
    network : nn.Module
        With `encode` and `decode`; in eval mode, its parameters without gradients, float32.
    x : (1, 4, H, W) float32
        The picture as the network takes it.
    trimap : (H, W) of 0, 0.5, 1
        The trimap as the network takes it.
    window : slices of rows and columns
        Where the picture lies, without padding.
    how : Refinement

    Returns
    -------
    Refined
        No alpha of it has a higher cost than the network's own.
    """
    inside = (slice(None), slice(None)) if how.padding else window
    rule, optimiser = RULES[how.rule], OPTIMISERS[how.optimiser]
    where, grids, costs = regions(trimap[inside], rule), Grids(how.finest), []
    with torch.no_grad():
        pyramid = network.encode(x)
        if not where.unknown.any() or not (where.fg.any() or where.bg.any()):
            return Refined(network.decode(pyramid)[0, 0], [], "no unknown pixel touches a known one; not refined.")
    cost: list[Cost] = []

    def evaluate() -> tuple[Tensor, Tensor]:
        alpha = network.decode(pyramid, grids)[0, 0]
        if not cost:
            cost.append(Cost(where, alpha[inside].detach(), rule))
        terms = cost[0](alpha[inside])
        costs.append(Terms(*(float(term.detach()) for term in terms)))
        return terms.total, alpha.detach()

    search = Search(evaluate, grids.pairs.values(), how.steps or optimiser.steps, patient=not how.stop)
    descend(search, optimiser, how.learning_rate or optimiser.rate, grids.rescale)
    return Refined(search.best, costs)


def tell(refined: Refined) -> None:
    """Log what refinement did."""
    if refined.note:
        log.warning("%s", refined.note)
        return
    for step, terms in enumerate(refined.costs, 1):
        log.info("step %d: cost %.6f, C1 %.6f, C2 %.6f", step, *terms)


Refiner = Callable[[np.ndarray, np.ndarray, Refinement, Callable[[Refined], None]], np.ndarray]


def network_refiner(module: nn.Module, preparation: str, normalisation: Normalisation, *, device: str) -> Refiner:
    """Make a function that predicts and refines, in float32 whatever else is chosen: lr 20 is unsafe with less.

    Parameters
    ----------
    module, preparation, normalisation, device
        As for `network.network_predictor`; a copy of the module is kept.

    Returns
    -------
    function of image (H, W, 3), trimap (H, W), Refinement and what to do with Refined, giving alpha (H, W) in 0..1 in
    which known pixels are exactly 0 and 1
    """
    rule, prior = preparation_of(preparation), prior_of(module)
    network = inference_copy(module, fold=False).float().to(device)  # faster copies pass no gradients

    @watched(device)
    def run(image: np.ndarray, trimap: np.ndarray, how: Refinement, report: Callable[[Refined], None]) -> np.ndarray:
        prepared = rule.prepare(image, trimap)
        estimates = None if prior is None else prior.estimate(*prepared)
        x = network_input(*prepared, normalisation, estimates).to(device)
        refined = refine(network, x, prepared[1], rule.window(trimap.shape), how)
        report(refined)
        return finished(rule.restore(refined.alpha.cpu().numpy(), trimap.shape), image, trimap, prior)

    return run


def file_refiner(path: str | Path, *, device: str) -> Refiner:
    """Like `network.file_predictor`: the last file is kept, so that a folder of images reads its weights once."""
    path = Path(path)
    return _file_refiner(path, path.stat().st_mtime_ns if path.is_file() else None, device)


@lru_cache(maxsize=1)
def _file_refiner(path: Path, stamp: int | None, device: str) -> Refiner:
    network = load_network(path)
    return network_refiner(network, network.header.preparation, network.header.normalisation, device=device)
