"""The guided filter: equal to its definition, and drawing coarse edges where the picture has them."""

import numpy as np
import pytest

from mattekit.imaging import guided_filter
from mattekit.imaging.guided_filter import follow_edges

RNG = np.random.default_rng(0)


def windows(values, radius):
    """Windows (h, w, side, side, ...) around each pixel, mirrored at the borders."""
    padded = np.pad(values, [(radius, radius)] * 2 + [(0, 0)] * (values.ndim - 2), mode="symmetric")
    side = 2 * radius + 1
    views = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(0, 1))
    return np.moveaxis(views, (-2, -1), (2, 3))


def by_definition(values, image, radius, softness):
    """He, Sun and Tang's equations 19 to 21 in float64: a linear fit in each window, and the mean of all fits."""
    height, width = values.shape
    slope, offset = np.zeros((height, width, 3)), np.zeros((height, width))
    for y, x in np.ndindex(height, width):
        colours = windows(image, radius)[y, x].reshape(-1, 3)
        wanted = windows(values, radius)[y, x].ravel()
        centred = colours - colours.mean(0)
        spread = centred.T @ centred / len(colours) + softness * np.eye(3)
        slope[y, x] = np.linalg.solve(spread, centred.T @ (wanted - wanted.mean()) / len(colours))
        offset[y, x] = wanted.mean() - slope[y, x] @ colours.mean(0)
    slope, offset = (windows(each, radius).mean(axis=(2, 3)) for each in (slope, offset))
    return ((slope * image).sum(2) + offset).clip(0, 1)


def test_it_is_the_filter_of_the_paper_at_the_pictures_own_size():
    image, values = RNG.random((14, 17, 3)).astype(np.float32), RNG.random((14, 17)).astype(np.float32)
    expected = by_definition(values.astype(float), image.astype(float), 2, 0.01)
    np.testing.assert_allclose(follow_edges(values, image, softness=0.01), expected, atol=1e-3)


@pytest.mark.parametrize("longest", [40, 1024])
def test_a_coarse_edge_moves_to_the_pictures(monkeypatch, longest):
    """Also where the fits are made at less than full size."""
    monkeypatch.setattr(guided_filter, "LONGEST", longest)
    inside = np.hypot(*np.ogrid[-1:1:120j, -1:1:160j]) < 0.55
    image = np.where(inside[..., None], np.float32([0.8, 0.5, 0.2]), np.float32([0.1, 0.3, 0.5])).astype(np.float32)
    coarse = inside[5::10, 5::10].astype(np.float32)
    refined = follow_edges(coarse, image)
    blocks = np.kron(coarse, np.ones((10, 10))) >= 0.5
    wrong = ((refined >= 0.5) != inside).mean()
    assert refined.shape == inside.shape and refined.dtype == np.float32
    assert wrong < 0.25 * (blocks != inside).mean()


def test_values_stay_within_bounds_whatever_the_colours():
    """A picture without texture leaves the map as it was, enlarged."""
    noisy = follow_edges(RNG.random((9, 9)).astype(np.float32), RNG.random((50, 40, 3)).astype(np.float32))
    assert noisy.min() >= 0 and noisy.max() <= 1
    flat = follow_edges(np.full((7, 5), 0.3, np.float32), np.ones((1, 1, 3), np.float32))
    np.testing.assert_allclose(flat, 0.3, atol=1e-4)
