"""Planar motion fitted to flow with outliers, against the motion that made it."""

import numpy as np
import pytest

from mattekit.sequences.planar import fit


def places(rng, count=400):
    return rng.uniform(-0.5, 0.5, (2, count))


def motion_of(kind, x, y):
    u, v = 3 + 0 * x, -1 + 0 * x
    if kind != "translation":
        u, v = u + 2 * x - 5 * y, v + 5 * x + 2 * y
    if kind in ("affine", "planar"):
        u, v = u + 3 * y, v - 4 * y
    if kind == "planar":
        u, v = u + 6 * x * x + 4 * x * y, v + 6 * x * y + 4 * y * y
    return np.stack([u, v], 1)


@pytest.mark.parametrize("kind", ["translation", "similarity", "affine", "planar"])
def test_each_kind_is_found_among_outliers_with_no_parameter_too_many(kind):
    rng = np.random.default_rng(1)
    x, y = places(rng)
    exact = motion_of(kind, x, y)
    flow = exact + rng.normal(0, 0.03, exact.shape)
    wrong = rng.random(len(x)) < 0.3
    flow[wrong] += rng.uniform(-8, 8, (wrong.sum(), 2))
    found = fit(x, y, flow, np.ones(len(x)))
    assert found.kind == kind
    assert found.inliers == pytest.approx(0.7, abs=0.06)
    far = places(rng) * 1.5  # also outside of where it was fitted
    np.testing.assert_allclose(found.flow(*far), motion_of(kind, *far), atol=0.1)


def test_flow_without_weight_does_not_count():
    rng = np.random.default_rng(2)
    x, y = places(rng)
    flow = np.where((x > 0)[:, None], [2.0, 1.0], [-6.0, 4.0])
    found = fit(x, y, flow, np.where(x > 0, 1, 1e-6))
    np.testing.assert_allclose(found.flow(x, y), np.tile([2, 1], (len(x), 1)), atol=0.02)
