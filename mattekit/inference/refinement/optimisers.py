"""Optimisers of refinement, by name: few million numbers, whose cost is expensive to evaluate."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch


class Optimiser(NamedTuple):
    """One row.

    Attributes
    ----------
    make : function of parameters and learning rate that returns a torch optimiser
    rate : float
        The default learning rate.
    steps : int
        The default number of evaluations.
    scaled : bool
        The first step has a fixed length, so that parameters must come in a scale that suits it; the learning rate is
        then the share of the cost by which the gradient predicts the first step to lower it.
    fallback : str, optional
        The optimiser that takes over where the cost does not begin to fall: a line search fails where alphas are
        clipped to 0 and 1 almost everywhere.
    """

    make: Callable[..., torch.optim.Optimizer]
    rate: float
    steps: int
    scaled: bool = False
    fallback: str | None = None


_lbfgs = partial(
    torch.optim.LBFGS,
    max_iter=10**6,
    tolerance_grad=0,
    tolerance_change=0,
    history_size=10,
    line_search_fn="strong_wolfe",
)
OPTIMISERS = {
    "lbfgs": Optimiser(_lbfgs, 0.5, 25, scaled=True, fallback="adam"),
    "adam": Optimiser(torch.optim.Adam, 0.02, 40),
    "momentum": Optimiser(partial(torch.optim.SGD, momentum=0.9, nesterov=True), 20.0, 50),
    "gradient-descent": Optimiser(torch.optim.SGD, 20.0, 100),  # LSA's
}
