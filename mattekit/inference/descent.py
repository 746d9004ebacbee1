"""Gradient descent on a few million numbers whose cost is dear: optimisers by name, counted in evaluations."""

import math
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

PATIENCE, FALL = 10, 1e-3  # the cost no longer falls if it fell by less than this share in so many evaluations
TRIAL = 5  # evaluations after the first in which it has to begin to fall, or another optimiser takes over


class Optimiser(NamedTuple):
    """How to descend.

    Attributes
    ----------
    make : function of parameters and learning rate, giving a torch optimiser
    rate : float
        The learning rate unless told otherwise.
    steps : int
        Evaluations that suit it.
    scaled : bool
        Its first step has a length of its own, so that parameters must come in a scale that this length suits; the
        learning rate then is the share of the cost that the gradient promises for the first step.
    otherwise : str, optional
        The optimiser that takes over where the cost does not begin to fall: a line search finds nothing where alphas
        are cut off at 0 and 1 almost everywhere.
    """

    make: Callable[..., torch.optim.Optimizer]
    rate: float
    steps: int
    scaled: bool = False
    otherwise: str | None = None


_lbfgs = partial(
    torch.optim.LBFGS,
    max_iter=10**6,
    tolerance_grad=0,
    tolerance_change=0,
    history_size=10,
    line_search_fn="strong_wolfe",
)
OPTIMISERS = {
    "lbfgs": Optimiser(_lbfgs, 0.5, 25, scaled=True, otherwise="adam"),
    "adam": Optimiser(torch.optim.Adam, 0.02, 40),
    "momentum": Optimiser(partial(torch.optim.SGD, momentum=0.9, nesterov=True), 20.0, 50),
    "gradient-descent": Optimiser(torch.optim.SGD, 20.0, 100),  # LSA's
}


class Enough(Exception):
    """There is nothing more to evaluate."""


class Stuck(Exception):
    """The cost does not begin to fall."""


class Search:
    """What is known of a cost: every value seen, and what gave the lowest.

    Parameters
    ----------
    evaluate : function
        Gives the cost as a tensor to differentiate, and something that goes with it.
    values : collection of Tensor
        What the cost depends on; looked at after the first evaluation.
    steps : int
        Evaluations at most.
    patient : bool
        Spend them even when the cost no longer falls.
    """

    def __init__(
        self, evaluate: Callable[[], tuple[Tensor, Any]], values: Collection[Tensor], steps: int, *, patient: bool
    ):
        self.evaluate, self.values, self.steps, self.patient = evaluate, values, steps, patient
        self.lowest: list[float] = []  # cost after each evaluation
        self.best: Any = None
        self.trial = False  # the cost has to begin to fall soon

    def __call__(self) -> Tensor:
        """The cost at the present values, its gradients left in them; Enough if there is no more to do."""
        with torch.enable_grad():
            cost, found = self.evaluate()
        self._note(float(cost.detach()), found)
        gradients = torch.autograd.grad(cost, list(self.values), allow_unused=True)
        for value, gradient in zip(self.values, gradients, strict=True):
            value.grad = torch.zeros_like(value) if gradient is None else gradient
        if not any(value.grad.any() for value in self.values):
            raise Stuck if self.trial and not self._fell() else Enough
        return cost.detach()

    def _note(self, cost: float, found: Any) -> None:
        before = self.lowest[-1] if self.lowest else math.inf
        if not self.lowest or cost < before:
            self.best, before = found, cost
        self.lowest.append(before)
        past = self.lowest[-1 - PATIENCE] if len(self.lowest) > PATIENCE else math.inf
        stalled = not self.patient and before > (1 - FALL) * past
        if len(self.lowest) >= self.steps or stalled or not math.isfinite(cost):
            raise Enough
        if self.trial and len(self.lowest) == 1 + TRIAL and not self._fell():
            raise Stuck

    def _fell(self) -> bool:
        return self.lowest[-1] <= (1 - FALL) * self.lowest[0]


def descend(search: Search, optimiser: Optimiser, rate: float, rescale: Callable[[float], None]) -> None:
    """Lower the cost until the search has enough.

    Parameters
    ----------
    search : Search
    optimiser : Optimiser
    rate : float
        Its learning rate.
    rescale : function
        Of a factor by which the parameters, all zero, shall count from now on.
    """
    try:
        cost, factor = search(), 1.0
        if optimiser.scaled:
            factor, rate = _scale(float(cost), search.values, rate), 1.0
            rescale(factor)
            for value in search.values:
                value.grad *= factor
        search.trial = optimiser.otherwise is not None
        try:
            _steps(search, optimiser, rate, [cost])
        except Stuck:
            search.trial = False
            with torch.no_grad():
                for value in search.values:
                    value.zero_()
            rescale(1 / factor)
            other = OPTIMISERS[optimiser.otherwise]
            _steps(search, other, other.rate, [])
    except Enough:
        pass


def _steps(search: Search, optimiser: Optimiser, rate: float, known: list[Tensor]) -> None:
    """Steps until the search has enough; `known` has the cost that the optimiser asks for first, if it is known."""
    stepper = optimiser.make(list(search.values), lr=rate)
    for _ in range(search.steps):
        stepper.step(lambda: known.pop() if known else search())


def _scale(cost: float, values: Collection[Tensor], share: float) -> float:
    # L-BFGS of torch first goes the distance 1 (sum of absolute changes) along the gradient g; in this scale that
    # is share * cost / |g|^2 times g, which lowers a linear cost by that share of it.
    length = sum(float(value.grad.abs().sum()) for value in values)
    square = sum(float(value.grad.square().sum()) for value in values)
    return share * cost * length / square
