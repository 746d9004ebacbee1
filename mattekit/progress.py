"""Progress of long computations: told where it happens, shown by whoever listens."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, float, float], None]  # what is done, how much of it, and the whole; 0 if that is not known
_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let a function hear, in the block, what computations of this process tell; the innermost alone hears it."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell(what: str, done: float, whole: float = 0) -> None:
    """Tell how much of something is done; nothing happens where nobody listens."""
    if _listeners:
        _listeners[-1](what, done, whole)


class Convergence:
    """Progress of an iteration, by the powers of ten that its residual has fallen.

    Parameters
    ----------
    what : str
    goal : float
        The relative residual, below 1, at which it ends.
    """

    def __init__(self, what: str, goal: float) -> None:
        self.what, self.decades, self.done = what, -math.log10(goal), 0.0

    def __call__(self, residual: float) -> None:
        """Take the relative residual of a step."""
        if residual > 0:
            self.done = max(self.done, min(-math.log10(residual), self.decades))
        tell(self.what, self.done, self.decades)
