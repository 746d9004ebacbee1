"""Trimaps along known motion."""

import numpy as np

from mattekit.sequences.flow import Motion
from mattekit.sequences.propagation import FlowToKey, confidence, merged, warped, widened

SIZE = (60, 90)


def disc(x, radius=18, band=4):
    distance = np.hypot(*(np.mgrid[: SIZE[0], : SIZE[1]] - np.array([30, x])[:, None, None]))
    return np.where(distance < radius - band, 1, np.where(distance > radius + band, 0, 0.5)).astype(np.float32)


def shift(pixels, error=0.0):
    flow = np.zeros((*SIZE, 2), np.float32)
    flow[..., 0] = -pixels  # from a frame back to the one before it
    return Motion(flow, np.full(SIZE, error, np.float32))


def test_a_trimap_goes_where_the_motion_goes():
    to_key = FlowToKey.of_key(SIZE).extended(shift(3)).extended(shift(2))
    levels = warped(disc(40), to_key)
    np.testing.assert_array_equal(levels[:, 8:], disc(45)[:, 8:])


def test_uncertainty_grows_with_errors_and_frames():
    calm, wild = FlowToKey.of_key(SIZE), FlowToKey.of_key(SIZE)
    for _ in range(4):
        calm, wild = calm.extended(shift(0)), wild.extended(shift(0, error=2))
    assert 0 < calm.uncertainty.max() < 2
    np.testing.assert_allclose(wild.uncertainty, np.sqrt(4 * (2**2 + 0.5**2)), rtol=1e-5)
    narrow, wide = (widened(warped(disc(45), to_key), to_key.uncertainty) for to_key in (calm, wild))
    assert (disc(45) == 0.5).sum() <= (narrow == 0.5).sum() < (wide == 0.5).sum()
    assert not ((disc(45) == 0.5) & (wide != 0.5)).any()
    assert confidence(narrow, calm.uncertainty) > confidence(wide, wild.uncertainty)


def test_what_comes_from_outside_is_uncertain():
    to_key = FlowToKey.of_key(SIZE).extended(shift(20))
    assert (to_key.uncertainty[:, :18] > 10).all()
    assert (to_key.uncertainty[:, 22:] < 1).all()


def test_a_key_is_warped_as_it_is():
    to_key = FlowToKey.of_key(SIZE)
    np.testing.assert_array_equal(widened(warped(disc(40), to_key), to_key.uncertainty), disc(40))


def test_hair_that_flow_misses_stays_unknown():
    """The object moves by 10, but in its band flow follows the background, which stands still."""
    flow = np.zeros((*SIZE, 2), np.float32)
    moved = disc(50)
    flow[moved == 1] = [-10, 0]
    uncovered = (disc(40) == 1) & (moved != 1)  # where the object was
    levels = warped(disc(40), FlowToKey(flow, np.where(uncovered, np.float32(9), np.float32(0))))
    assert (levels[moved == 0.5] == 0.5).mean() > 0.9


def test_keys_on_both_sides_share_by_uncertainty():
    one, other = np.zeros(SIZE, np.float32), np.ones(SIZE, np.float32)
    sure, unsure = np.full(SIZE, 0.2, np.float32), np.full(SIZE, 6, np.float32)
    assert (merged(one, sure, other, unsure)[0] == 0).all()
    assert (merged(one, unsure, other, sure)[0] == 1).all()
    levels, uncertainty = merged(one, sure, other, sure)
    assert (levels == 0.5).all()  # as sure of one as of the other
    np.testing.assert_array_equal(uncertainty, sure)


def test_a_trimap_without_foreground_is_warped():
    to_key = FlowToKey.of_key(SIZE).extended(shift(3))
    assert not widened(warped(np.zeros(SIZE, np.float32), to_key), to_key.uncertainty).any()
