"""Paired bootstrap intervals: against an independent implementation, and what they depend on."""

import numpy as np
import pytest
from scipy import stats

from mattekit.report.intervals import differences, generator_of, interval


def scores(seed=0, methods=("a", "b", "c"), count=60):
    rng = np.random.default_rng(seed)
    names = [f"p{i}" for i in range(count)]
    return {
        m: {n: {"sad": v, "mse": v / 9} for n, v in zip(names, rng.gamma(2, 3, count), strict=True)} for m in methods
    }


def test_they_agree_with_another_implementation():
    values = np.random.default_rng(1).gamma(1.5, 2, 80) - 2
    found = interval(values, np.random.default_rng(2))
    other = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(3))
    width = other.confidence_interval.high - other.confidence_interval.low
    assert found == pytest.approx(tuple(other.confidence_interval), abs=0.05 * width)


def test_they_cover_the_true_mean_as_often_as_they_say():
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(200):
        low, high = interval(rng.normal(1, 2, 50), rng)
        inside += low <= 1 <= high
    assert 0.90 <= inside / 200 <= 0.99


def test_differences_are_paired_and_from_the_first_method():
    given = scores()
    found = differences(given, list(given["a"]), ("sad",))
    assert list(found) == ["b", "c"]
    paired = [given["b"][name]["sad"] - given["a"][name]["sad"] for name in given["a"]]
    assert found["b"]["sad"].mean == pytest.approx(np.mean(paired)) and found["b"]["sad"].count == 60
    assert found["b"]["sad"].low < found["b"]["sad"].mean < found["b"]["sad"].high
    shifted = {"a": given["a"], "b": {n: {"sad": v["sad"] + 1} for n, v in given["a"].items()}}
    exact = differences(shifted, list(given["a"]), ("sad",))["b"]["sad"]
    assert (exact.low, exact.mean, exact.high) == pytest.approx((1, 1, 1))


def test_they_depend_on_seed_metric_and_method_and_on_nothing_else():
    given = scores()
    names = list(given["a"])
    found = differences(given, names, ("sad", "mse"))
    assert differences({m: given[m] for m in ("a", "c", "b")}, names, ("mse", "sad")) == found
    assert differences({m: given[m] for m in ("a", "b")}, names, ("sad",))["b"]["sad"] == found["b"]["sad"]
    assert differences(given, names, ("sad",), seed=1)["b"]["sad"].low != found["b"]["sad"].low
    draws = [generator_of(*key).integers(2**60) for key in ((0, "sad", "b"), (0, "mse", "b"), (0, "sad", "c"))]
    assert len(set(draws)) == 3


def test_undefined_values_are_left_out():
    given = scores(count=5)
    given["b"]["p1"]["sad"] = None
    found = differences(given, list(given["a"]), ("sad",))
    assert found["b"]["sad"].count == 4 and found["c"]["sad"].count == 5
    for name in given["a"]:
        given["c"][name]["sad"] = None
    assert differences(given, list(given["a"]), ("sad",))["c"]["sad"] is None
