"""Differences between methods over the same images, with paired bootstrap intervals."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mattekit.evaluation.summary import Scores

RESAMPLES = 4000
LEVEL = 0.95
CHUNK = 1 << 20  # drawn at a time, to bound memory


@dataclass(frozen=True)
class Difference:
    """A method's values minus the first one's: their mean, the ends of its interval, and the number of images."""

    mean: float
    low: float
    high: float
    count: int


def differences(
    scores: Mapping[str, Scores], names: Sequence[str], metrics: Sequence[str], *, seed: int = 0
) -> dict[str, dict[str, Difference | None]]:
    """Compare every method with the first.

    Parameters
    ----------
    scores : method -> image -> metric -> value
    names : images that all methods have
    seed : of the resamples, which also depend on the metric and on the method's name, and on nothing else

    Returns
    -------
    dict
        method -> metric -> Difference over the images where both values are defined; None if there are none. Without
        the first method.
    """
    first, *others = scores
    return {
        method: {metric: _difference(scores[first], scores[method], names, metric, method, seed) for metric in metrics}
        for method in others
    }


def interval(values: np.ndarray, generator: np.random.Generator) -> tuple[float, float]:
    """Return the bootstrap percentile interval of the mean of values (N,), at LEVEL from RESAMPLES resamples.

    References
    ----------
    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
    """
    rows = max(1, CHUNK // len(values))
    means = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, rows):
        count = min(rows, RESAMPLES - start)
        drawn = generator.integers(len(values), size=(count, len(values)), dtype=np.int32)
        means[start : start + count] = values[drawn].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def generator_of(seed: int, metric: str, method: str) -> np.random.Generator:
    """Return a generator of random numbers for one metric of one method."""
    text = f"{seed}/{metric}/{method}".encode(errors="surrogateescape")
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text).digest()[:16], "big"))


def _difference(
    first: Scores, other: Scores, names: Sequence[str], metric: str, method: str, seed: int
) -> Difference | None:
    pairs = [(other[name][metric], first[name][metric]) for name in names]
    values = [b - a for b, a in pairs if a is not None and b is not None]
    if not values:
        return None
    low, high = interval(np.array(values), generator_of(seed, metric, method))
    return Difference(math.fsum(values) / len(values), low, high, len(values))
