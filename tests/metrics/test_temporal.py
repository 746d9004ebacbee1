"""Metrics of steadiness against numbers found by hand."""

import numpy as np
import pytest

from mattekit.metrics import ALL_METRICS, METRICS, TEMPORAL, Frame, score_pair
from mattekit.metrics.temporal import dis_flow, dtssd, messddt

STILL = lambda one, other: np.zeros((*one.shape, 2), np.float32)  # noqa: E731


def levels(*rows):
    return np.array(rows, np.uint8)


def test_dtssd_by_hand():
    """Alpha rises by 51 and 0 of 255, the truth by 0 and 51: differences 0.2 and -0.2, root mean square 0.2."""
    before = Frame(levels([0, 100]), levels([10, 0]))
    frame = Frame(levels([51, 100]), levels([10, 51]))
    assert dtssd(frame, before) == pytest.approx(20, abs=1e-4)


def test_dtssd_counts_the_region_alone():
    before = Frame(levels([0, 0, 0]), levels([0, 0, 0]))
    frame = Frame(levels([51, 102, 255]), levels([0, 0, 0]), np.array([[True, True, False]]))
    assert dtssd(frame, before) == pytest.approx(100 * np.sqrt((0.04 + 0.16) / 2), abs=1e-4)
    assert np.isnan(dtssd(frame._replace(region=np.zeros((1, 3), bool)), before))


def test_errors_that_stay_are_steady():
    """An alpha that is wrong by the same amount in both frames does not flicker, however the truth changes."""
    rng = np.random.default_rng(0)
    truth = rng.integers(60, 160, (2, 20, 30)).astype(np.uint8)
    frames = [Frame(true + np.uint8(40), true) for true in truth]
    assert dtssd(frames[1], frames[0]) == pytest.approx(0, abs=1e-4)
    assert messddt(frames[1], frames[0], STILL) == pytest.approx(0, abs=1e-4)


def test_messddt_by_hand():
    """Squared errors 0.04, 0.16 and 0 become 0, 0.16 and 0.04 without motion: a mean change of 0.08 / 3."""
    truth = levels([100, 100, 100])
    before, frame = Frame(levels([151, 202, 100]), truth), Frame(levels([100, 202, 151]), truth)
    assert messddt(frame, before, STILL) == pytest.approx(1000 * 0.08 / 3, rel=1e-4)


def test_messddt_follows_the_motion():
    """An error that moves with its pixel, one to the right, costs nothing; without the motion it does."""
    truth = levels([100] * 6)
    before, frame = (
        Frame(levels([151, 100, 202, 100, 100, 0]), truth),
        Frame(levels([9, 151, 100, 202, 100, 100]), truth),
    )
    along = lambda one, other: np.stack([np.ones_like(one, np.float32), np.zeros_like(one, np.float32)], axis=2)  # noqa: E731
    assert messddt(frame, before, along) == pytest.approx(0, abs=1e-4)
    assert messddt(frame, before, STILL) > 10


def test_the_flow_of_the_truth_is_followed():
    """A disc with a ring of error that moves by 4 pixels: the default flow finds most of it."""
    y, x = np.mgrid[:96, :128]

    def frame(shift):
        distance = np.hypot(y - 48, x - 50 - shift)
        truth = (255 * (0.5 + (25 - distance) / 10).clip(0, 1)).astype(np.uint8)
        return Frame(np.where(np.abs(distance - 25) < 4, truth // 2, truth).astype(np.uint8), truth)

    assert np.abs(dis_flow(frame(0).truth, frame(4).truth)[48, 72:78] - [4, 0]).max() < 1.5
    assert messddt(frame(4), frame(0)) < 0.5 * messddt(frame(4), frame(0), STILL)


def test_rows():
    assert not set(METRICS) & set(TEMPORAL)
    assert set(ALL_METRICS) == {*METRICS, *TEMPORAL}
    same = Frame(levels([0, 255]), levels([0, 255]))
    assert score_pair(same, same) == dict.fromkeys(TEMPORAL, 0)
