"""Gradient descent, counted in evaluations of the cost, that keeps what gave the lowest."""

import math
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mattekit import progress


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


PATIENCE, FALL = 10, 1e-3  # the cost has converged if it fell by less than this share in so many evaluations
TRIAL = 5  # evaluations after the first in which it has to begin to fall, or another optimiser takes over


class Finished(Exception):
    """There is nothing more to evaluate."""


class Stalled(Exception):
    """The cost does not begin to fall."""


class Search:
    """Evaluations of a cost: every value seen, and what gave the lowest.

    Parameters
    ----------
    evaluate : function
        Returns the cost as a tensor to differentiate, and a result that belongs to it.
    values : collection of Tensor
        The parameters; read after the first evaluation.
    steps : int
        Upper limit of evaluations.
    stop_early : bool
        Finish when the cost has converged.

    Attributes
    ----------
    lowest : list of float
        The lowest cost after each evaluation.
    best : the result of the lowest cost.
    flat : bool
        The gradient of the first evaluation is zero everywhere.
    on_trial : bool
        The cost has to begin to fall within `TRIAL` evaluations, or the search has stalled.
    """

    def __init__(
        self, evaluate: Callable[[], tuple[Tensor, Any]], values: Collection[Tensor], steps: int, *, stop_early: bool
    ):
        self.evaluate, self.values, self.steps, self.stop_early = evaluate, values, steps, stop_early
        self.lowest: list[float] = []
        self.best: Any = None
        self.flat = self.on_trial = False

    def __call__(self) -> Tensor:
        """Evaluate the cost at the present values and leave its gradients in them; Finished if that was the last."""
        with torch.enable_grad():
            cost, result = self.evaluate()
        self._record(float(cost.detach()), result)
        gradients = torch.autograd.grad(cost, list(self.values), allow_unused=True)
        for value, gradient in zip(self.values, gradients, strict=True):
            value.grad = torch.zeros_like(value) if gradient is None else gradient
        if not any(value.grad.any() for value in self.values):
            self.flat = len(self.lowest) == 1
            raise Stalled if self.on_trial and not self.falls else Finished
        return cost.detach()

    def _record(self, cost: float, result: Any) -> None:
        before = self.lowest[-1] if self.lowest else math.inf
        if not self.lowest or cost < before:
            self.best, before = result, cost
        self.lowest.append(before)
        progress.report("refinement", len(self.lowest), self.steps)
        past = self.lowest[-1 - PATIENCE] if len(self.lowest) > PATIENCE else math.inf
        converged = self.stop_early and before > (1 - FALL) * past
        if len(self.lowest) >= self.steps or converged or not math.isfinite(cost):
            raise Finished
        if self.on_trial and len(self.lowest) == 1 + TRIAL and not self.falls:
            raise Stalled

    @property
    def falls(self) -> bool:
        """Whether the cost has fallen noticeably since the first evaluation."""
        return self.lowest[-1] <= (1 - FALL) * self.lowest[0]


def minimise(search: Search, optimiser: Optimiser, rate: float, rescale: Callable[[float], None]) -> None:
    """Lower the cost until the search has finished.

    Parameters
    ----------
    search : Search
    optimiser : Optimiser
    rate : float
        Its learning rate.
    rescale : function
        Called with a factor by which the parameters, all zero, are to be multiplied from now on.
    """
    try:
        cost, factor = search(), 1.0
        if optimiser.scaled:
            factor, rate = _scale(float(cost), search.values, rate), 1.0
            rescale(factor)
            for value in search.values:
                value.grad *= factor
        search.on_trial = optimiser.fallback is not None
        try:
            _run(search, optimiser, rate, [cost])
        except Stalled:
            search.on_trial = False
            with torch.no_grad():
                for value in search.values:
                    value.zero_()
            rescale(1 / factor)
            other = OPTIMISERS[optimiser.fallback]
            _run(search, other, other.rate, [])
    except Finished:
        pass


def _run(search: Search, optimiser: Optimiser, rate: float, evaluated: list[Tensor]) -> None:
    """Take steps until the search has finished; `evaluated` holds the present cost if it is known already."""
    stepper = optimiser.make(list(search.values), lr=rate)
    for _ in range(search.steps):
        stepper.step(lambda: evaluated.pop() if evaluated else search())


def _scale(cost: float, values: Collection[Tensor], share: float) -> float:
    # L-BFGS of torch first goes the distance 1 (sum of absolute changes) along the gradient g; in this scale that
    # is share * cost / |g|^2 times g, which lowers a linear cost by that share of it.
    length = sum(float(value.grad.abs().sum()) for value in values)
    square = sum(float(value.grad.square().sum()) for value in values)
    return share * cost * length / square
