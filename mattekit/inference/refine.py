"""Backpropagating refinement: bend a network's decoder, for one picture, until alpha agrees with the trimap's ends.

LSA section 4.3, for every network here: after each decoder level, y becomes exp(A) y + B, where A and B are coarse
grids that start at zero and are enlarged to y's size; A and B alone are changed so that the cost of `refinement_cost`
falls. The encoder runs once.
"""

import logging
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.inference.descent import OPTIMISERS, Search, descend
from mattekit.inference.refinement_cost import RULES, Cost, Terms, regions

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
    """What refinement gave.

    Attributes
    ----------
    start, alpha : (H, W) raw alphas, the network's own and that of least cost.
    costs : the cost at every step.
    note : why nothing was done.
    """

    start: Tensor
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
            start = network.decode(pyramid)[0, 0]
            return Refined(start, start, [], "no unknown pixel touches a known one; not refined.")
    first: list[tuple[Tensor, Cost]] = []

    def evaluate() -> tuple[Tensor, Tensor]:
        alpha = network.decode(pyramid, grids)[0, 0]
        if not first:
            first.append((alpha.detach(), Cost(where, alpha[inside].detach(), rule)))
        _, cost = first[0]
        terms = cost(alpha[inside])
        costs.append(Terms(*(float(term.detach()) for term in terms)))
        return terms.total, alpha.detach()

    search = Search(evaluate, grids.pairs.values(), how.steps or optimiser.steps, patient=not how.stop)
    descend(search, optimiser, how.learning_rate or optimiser.rate, grids.rescale)
    start, _ = first[0]
    return Refined(start, search.best, costs)


def tell(refined: Refined) -> None:
    """Log what refinement did."""
    if refined.note:
        log.warning("%s", refined.note)
        return
    for step, terms in enumerate(refined.costs, 1):
        log.info("step %d: cost %.6f, C1 %.6f, C2 %.6f", step, *terms)
