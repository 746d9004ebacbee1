"""Random numbers as plain floats: a numpy double would turn every float32 picture it meets into doubles."""

import math
from collections.abc import Sequence

import numpy as np


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Between `low` and `high`, each doubling as likely as the others."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def pick(rng: np.random.Generator, values: Sequence[float]) -> float:
    """One of the values, each as likely as the others."""
    return float(values[int(rng.integers(len(values)))])


def direction(rng: np.random.Generator) -> tuple[float, float]:
    """Cosine and sine of a random angle."""
    angle = rng.uniform(0, 2 * math.pi)
    return math.cos(angle), math.sin(angle)
