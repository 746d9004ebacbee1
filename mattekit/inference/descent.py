"""Gradient descent on a few million numbers whose cost is dear: optimisers by name, counted in evaluations."""

import math
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

PATIENCE, FALL = 10, 1e-3  # the cost no longer falls if it fell by less than this share in so many evaluations


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
    """

    make: Callable[..., torch.optim.Optimizer]
    rate: float
    steps: int
    scaled: bool = False


_lbfgs = partial(
    torch.optim.LBFGS,
    max_iter=10**6,
    tolerance_grad=0,
    tolerance_change=0,
    history_size=10,
    line_search_fn="strong_wolfe",
)
OPTIMISERS = {
    "lbfgs": Optimiser(_lbfgs, 0.5, 25, scaled=True),
    "adam": Optimiser(torch.optim.Adam, 0.02, 40),
    "momentum": Optimiser(partial(torch.optim.SGD, momentum=0.9, nesterov=True), 20.0, 50),
    "gradient-descent": Optimiser(torch.optim.SGD, 20.0, 100),  # LSA's
}


class Enough(Exception):
    """There is nothing more to evaluate."""


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

    def __call__(self) -> Tensor:
        """The cost at the present values, its gradients left in them; Enough if there is no more to do."""
        with torch.enable_grad():
            cost, found = self.evaluate()
        self._note(float(cost.detach()), found)
        gradients = torch.autograd.grad(cost, list(self.values), allow_unused=True)
        for value, gradient in zip(self.values, gradients, strict=True):
            value.grad = torch.zeros_like(value) if gradient is None else gradient
        if not any(value.grad.any() for value in self.values):
            raise Enough
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
        cost = search()
        if optimiser.scaled:
            factor = _scale(float(cost), search.values, rate)
            rescale(factor)
            for value in search.values:
                value.grad *= factor
            rate = 1.0
        known = [cost]  # what the optimiser asks for first
        stepper = optimiser.make(list(search.values), lr=rate)
        for _ in range(search.steps):
            stepper.step(lambda: known.pop() if known else search())
    except Enough:
        pass


def _scale(cost: float, values: Collection[Tensor], share: float) -> float:
    # L-BFGS of torch first goes the distance 1 (sum of absolute changes) along the gradient g; in this scale that
    # is share * cost / |g|^2 times g, which lowers a linear cost by that share of it.
    length = sum(float(value.grad.abs().sum()) for value in values)
    square = sum(float(value.grad.square().sum()) for value in values)
    return share * cost * length / square
