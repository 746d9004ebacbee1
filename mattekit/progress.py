"""Progress of long computations: reported where they run, shown by whoever has set a callback."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Callback = Callable[[str, float, float], None]  # stage, amount done, and total; 0 if that is not known
_callbacks: list[Callback] = []


@contextmanager
def reporting_to(callback: Callback) -> Iterator[None]:
    """Pass what computations of this process report in the block to a callback; the innermost alone gets it."""
    _callbacks.append(callback)
    try:
        yield
    finally:
        _callbacks.remove(callback)


def report(stage: str, done: float, total: float = 0) -> None:
    """Report how much of a stage is done; nothing happens where no callback is set."""
    if _callbacks:
        _callbacks[-1](stage, done, total)


class Convergence:
    """Progress of an iteration, by the powers of ten that its residual has fallen.

    Parameters
    ----------
    stage : str
    goal : float
        The relative residual, below 1, at which it ends.
    """

    def __init__(self, stage: str, goal: float) -> None:
        self.stage, self.decades, self.done = stage, -math.log10(goal), 0.0

    def __call__(self, residual: float) -> None:
        """Take the relative residual of a step."""
        if residual > 0:
            self.done = max(self.done, min(-math.log10(residual), self.decades))
        report(self.stage, self.done, self.decades)
