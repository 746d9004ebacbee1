"""Refinement of one prepared image: affine grids after each decoder level, optimised for the cost of the alpha."""

import logging
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.inference.refinement.cost import RULES, Cost, Regions, Terms, regions
from mattekit.inference.refinement.search import OPTIMISERS, Search, minimise
from mattekit.networks.encoder_decoder import Pyramid

log = logging.getLogger("mattekit")

GRID = 8  # grids have 2**(GRID - level) rows and columns: 8 at level 5, 64 at level 2
NO_BOUNDARY = "no unknown pixel touches a known one; not refined."
NO_GRADIENT = "the cost has no gradient, as where alphas are clipped to 0 and 1 along the boundaries; not refined."
NO_FALL = "no step lowered the cost; not refined."
FINEST = 2  # level; LSA refines its levels 5 to 2, and so do we those that a network has


@dataclass(frozen=True)
class RefinementSettings:
    """Settings of one refinement: the optimiser, its steps, and the cost that it minimises.

    Attributes
    ----------
    steps : int, optional
        Upper limit of cost evaluations; the first is of the network's own alpha, so that 1 changes nothing. The
        released code counts likewise: its 100 steps are 99 changes. Unless given, the optimiser's own number.
    optimiser : a name of `OPTIMISERS`
    learning_rate : float, optional
        In place of the optimiser's own.
    rule : "released" or "paper"
        See `cost.RULES`.
    padding : bool
        Padding counts as part of the image, as in the released code: wherever unknown pixels touch the frame, the
        background that LSA's preparation puts around it is taken for the trimap's.
    finest : int
        The finest level that is refined; 0 is full resolution.
    stop : bool
        End early when the cost no longer falls.

    Raises
    ------
    InputError
        If a value is out of range or names nothing.
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
    """The result of refinement.

    Attributes
    ----------
    start, alpha : (H, W) raw alphas, the network's own and that of the lowest cost.
    costs : the cost at every step.
    note : why the alpha is the network's own, if it is though more than one step was allowed.
    """

    start: Tensor
    alpha: Tensor
    costs: list[Terms]
    note: str | None = None


class AffineGrids:
    """A and B of every refined level, made when a level is first seen.

    They are kept divided by `scale`, for optimisers whose first step has a fixed length.
    """

    def __init__(self, finest: int = FINEST):
        self.finest, self.scale, self.pairs = finest, 1.0, {}

    def __call__(self, level: int, y: Tensor) -> Tensor:
        """Return exp(A) y + B of y (1, C, h, w); passed to `decode` as `adjust`."""
        if level < self.finest:
            return y
        if level not in self.pairs:
            side = 2 ** max(GRID - level, 0)
            self.pairs[level] = y.new_zeros(2, y.shape[1], side, side).requires_grad_()
        a, b = self.scale * F.interpolate(self.pairs[level], y.shape[-2:], mode="bicubic", align_corners=False)
        return a.exp() * y + b

    def rescale(self, factor: float) -> None:
        """Multiply what the numbers in `pairs`, all still zero, stand for."""
        self.scale *= factor


def refine_prepared(
    network: nn.Module, x: Tensor, trimap: np.ndarray, window: tuple[slice, slice], settings: RefinementSettings
) -> Refined:
    """Refine a network's alpha of one image, whole and in its input size.

    Parameters
    ----------
    network : nn.Module
        With `encode` and `decode`; in eval mode, its parameters without gradients, float32: a learning rate of 20, as
        published, is unsafe in fewer digits.
    x : (1, C, H, W) float32
        The network's input.
    trimap : (H, W) of 0, 0.5, 1
        The prepared trimap.
    window : slices of rows and columns
        The image without padding.
    settings : RefinementSettings

    Returns
    -------
    Refined
        Its alpha never has a higher cost than the network's own.
    """
    inside = (slice(None), slice(None)) if settings.padding else window
    rule, optimiser = RULES[settings.rule], OPTIMISERS[settings.optimiser]
    where, grids = regions(trimap[inside], rule), AffineGrids(settings.finest)
    with torch.no_grad():
        pyramid = network.encode(x)
        if not where.unknown.any() or not (where.fg.any() or where.bg.any()):
            start = network.decode(pyramid)[0, 0]
            return Refined(start, start, [], NO_BOUNDARY)
    objective = _Objective(network, pyramid, grids, where, inside, rule)
    search = Search(objective, grids.pairs.values(), settings.steps or optimiser.steps, stop_early=settings.stop)
    minimise(search, optimiser, settings.learning_rate or optimiser.rate, grids.rescale)
    return Refined(objective.start, search.best, objective.costs, _note(search))


class _Objective:
    """The cost as a function of the grids; the first call also records the network's own alpha, `start`."""

    def __init__(
        self, network: nn.Module, pyramid: Pyramid, grids: AffineGrids, where: Regions, inside: tuple, rule: object
    ):
        self.network, self.pyramid, self.grids, self.inside = network, pyramid, grids, inside
        self.where, self.rule = where, rule
        self.start: Tensor | None = None
        self.costs: list[Terms] = []

    def __call__(self) -> tuple[Tensor, Tensor]:
        alpha = self.network.decode(self.pyramid, self.grids)[0, 0]
        if self.start is None:
            self.start = alpha.detach()
            self.cost = Cost(self.where, self.start[self.inside], self.rule)
        terms = self.cost(alpha[self.inside])
        self.costs.append(Terms(*(float(term.detach()) for term in terms)))
        return terms.total, alpha.detach()


def _note(search: Search) -> str | None:
    if search.flat:
        return NO_GRADIENT
    return NO_FALL if len(search.lowest) > 1 and search.lowest[-1] >= search.lowest[0] else None


def log_steps(refined: Refined) -> None:
    """Log the cost at every step, and the note as a warning."""
    for step, terms in enumerate(refined.costs, 1):
        log.info("step %d: cost %.6f, C1 %.6f, C2 %.6f", step, *terms)
    if refined.note:
        log.warning("%s", refined.note)
