"""Trimaps along known motion."""

import numpy as np

from mattekit.sequences.flow import Motion
from mattekit.sequences.propagation import Way, carried, confidence, joined, widened

SIZE = (60, 90)


def disc(x, radius=18, band=4):
    distance = np.hypot(*(np.mgrid[: SIZE[0], : SIZE[1]] - np.array([30, x])[:, None, None]))
    return np.where(distance < radius - band, 1, np.where(distance > radius + band, 0, 0.5)).astype(np.float32)


def shift(pixels, error=0.0):
    flow = np.zeros((*SIZE, 2), np.float32)
    flow[..., 0] = -pixels  # from a frame back to the one before it
    return Motion(flow, np.full(SIZE, error, np.float32))


def test_a_trimap_goes_where_the_motion_goes():
    way = Way.at_key(SIZE).onward(shift(3)).onward(shift(2))
    levels = carried(disc(40), way)
    np.testing.assert_array_equal(levels[:, 8:], disc(45)[:, 8:])


def test_doubt_grows_with_errors_and_frames():
    calm, wild = Way.at_key(SIZE), Way.at_key(SIZE)
    for _ in range(4):
        calm, wild = calm.onward(shift(0)), wild.onward(shift(0, error=2))
    assert 0 < calm.doubt.max() < 2
    np.testing.assert_allclose(wild.doubt, np.sqrt(4 * (2**2 + 0.5**2)), rtol=1e-5)
    narrow, wide = (widened(carried(disc(45), way), way.doubt) for way in (calm, wild))
    assert (disc(45) == 0.5).sum() <= (narrow == 0.5).sum() < (wide == 0.5).sum()
    assert not ((disc(45) == 0.5) & (wide != 0.5)).any()
    assert confidence(narrow, calm.doubt) > confidence(wide, wild.doubt)


def test_what_comes_from_outside_is_doubtful():
    way = Way.at_key(SIZE).onward(shift(20))
    assert (way.doubt[:, :18] > 10).all()
    assert (way.doubt[:, 22:] < 1).all()


def test_a_key_is_carried_as_it_is():
    way = Way.at_key(SIZE)
    np.testing.assert_array_equal(widened(carried(disc(40), way), way.doubt), disc(40))


def test_hair_that_flow_misses_stays_unknown():
    """The object moves by 10, but in its band flow follows the background, which stands still."""
    flow = np.zeros((*SIZE, 2), np.float32)
    moved = disc(50)
    flow[moved == 1] = [-10, 0]
    uncovered = (disc(40) == 1) & (moved != 1)  # where the object was
    levels = carried(disc(40), Way(flow, np.where(uncovered, np.float32(9), np.float32(0))))
    assert (levels[moved == 0.5] == 0.5).mean() > 0.9


def test_keys_on_both_sides_share_by_doubt():
    one, other = np.zeros(SIZE, np.float32), np.ones(SIZE, np.float32)
    sure, unsure = np.full(SIZE, 0.2, np.float32), np.full(SIZE, 6, np.float32)
    assert (joined(one, sure, other, unsure)[0] == 0).all()
    assert (joined(one, unsure, other, sure)[0] == 1).all()
    levels, doubt = joined(one, sure, other, sure)
    assert (levels == 0.5).all()  # as sure of one as of the other
    np.testing.assert_array_equal(doubt, sure)


def test_a_trimap_without_foreground_is_carried():
    way = Way.at_key(SIZE).onward(shift(3))
    assert not widened(carried(np.zeros(SIZE, np.float32), way), way.doubt).any()
