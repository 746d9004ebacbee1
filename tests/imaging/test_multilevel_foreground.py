"""Multi-level estimation against its energy, its peer, and foregrounds that are known."""

import numpy as np
import pymatting
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.errors import InputError
from mattekit.imaging.multilevel_foreground import EDGE, SMOOTHNESS, multilevel_foreground, sweep


def scene(height=60, width=80, seed=0):
    """A striped disc with soft hairs over a chequered background: image, alpha, foreground."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    radius = np.hypot(y - height / 2, x - width / 2) / min(height, width)
    alpha = np.clip((0.4 - radius) / 0.15, 0, 1) * np.where(radius > 0.28, 0.5 + 0.5 * np.sin(x + 2 * y), 1)
    fg = np.stack([0.9 - 0.3 * radius, 0.2 + 0.1 * np.sin(x / 9), 0.1 + 0 * x], 2)
    bg = np.stack([0.1 + 0 * x, 0.3 + 0.3 * ((x // 16 + y // 16) % 2), 0.8 + 0 * x], 2)
    image = alpha[..., None] * fg + (1 - alpha[..., None]) * bg + rng.normal(0, 1e-3, fg.shape)
    return image.clip(0, 1).astype(np.float32), alpha.astype(np.float32), fg.astype(np.float32)


def error(found, alpha, fg):
    """Mean distance from the foreground in soft pixels, by alpha."""
    weight = np.where((alpha > 0) & (alpha < 1), alpha, 0)
    return (weight[..., None] * np.abs(found - fg)).sum() / weight.sum()


def test_a_sweep_solves_every_pixels_equations():
    """Each pixel's colours minimise the energy given its neighbours: a 2x2 system, solved plainly here."""
    rng = np.random.default_rng(1)
    image, fg, bg = (rng.uniform(0.4, 0.6, (7, 9, 3)).astype(np.float32) for _ in range(3))
    alpha = rng.random((7, 9), np.float32)
    new_fg, new_bg = np.empty_like(fg), np.empty_like(bg)
    sweep(image, alpha, fg, bg, new_fg, new_bg, 0, 7)
    for y, x in np.ndindex(7, 9):
        sides = [(max(y - 1, 0), x), (min(y + 1, 6), x), (y, max(x - 1, 0)), (y, min(x + 1, 8))]
        weights = np.array([SMOOTHNESS + EDGE * abs(alpha[y, x] - alpha[at]) for at in sides], float)
        opacity = np.array([alpha[y, x], 1 - alpha[y, x]], float)
        matrix = np.outer(opacity, opacity) + weights.sum() * np.eye(2)
        for c in range(3):
            means = [sum(w * plane[at][c] for w, at in zip(weights, sides, strict=True)) for plane in (fg, bg)]
            found = np.linalg.solve(matrix, opacity * image[y, x, c] + means)
            assert (new_fg[y, x, c], new_bg[y, x, c]) == pytest.approx(tuple(found.clip(0, 1)), abs=1e-5)


def test_the_old_background_is_taken_out_as_well_as_by_pymatting():
    image, alpha, fg = scene()
    ours = error(multilevel_foreground(image, alpha), alpha, fg)
    assert ours < 0.25 * error(image, alpha, fg)
    assert ours < 1.05 * error(pymatting.estimate_foreground_ml(image, alpha), alpha, fg)


def test_opaque_pixels_keep_the_images_colour_exactly():
    image, alpha, _ = scene()
    found = multilevel_foreground(image, alpha)
    assert (alpha == 1).any()
    np.testing.assert_array_equal(found[alpha == 1], image[alpha == 1])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([0.0, 0.5, 1.0, None]), st.integers(0, 99))
def test_colours_are_finite_and_in_range_for_every_size(height, width, value, seed):
    rng = np.random.default_rng(seed)
    image = rng.random((height, width, 3), np.float32)
    alpha = rng.random((height, width), np.float32) if value is None else np.full((height, width), value, np.float32)
    found = multilevel_foreground(image, alpha)
    assert found.shape == image.shape and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1
    np.testing.assert_array_equal(found[alpha == 1], image[alpha == 1])


def test_a_plain_foreground_is_found_exactly():
    """The energy is 0 where foreground and background have one colour each."""
    _, alpha, _ = scene()
    fg, bg = np.float32([0.9, 0.5, 0.1]), np.float32([0.1, 0.3, 0.8])
    found = multilevel_foreground(alpha[..., None] * fg + (1 - alpha[..., None]) * bg, alpha)
    assert np.abs(found - fg)[alpha > 0.1].max() < 0.02


def test_threads_do_not_change_a_bit_nor_do_inputs(monkeypatch):
    image, alpha, _ = scene()
    before = image.copy(), alpha.copy()
    alone = multilevel_foreground(image, alpha)
    monkeypatch.setattr("mattekit.compiling.SMALL", 0)
    monkeypatch.setattr("numba.get_num_threads", lambda: 3)
    np.testing.assert_array_equal(multilevel_foreground(image, alpha), alone)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(alpha, before[1])


def test_what_cannot_be_estimated_is_refused():
    image, alpha, _ = scene(4, 6)
    with pytest.raises(InputError, match=r"\(4, 6, 3\), alpha: \(4, 5\)"):
        multilevel_foreground(image, alpha[:, :5])
    with pytest.raises(InputError, match="not finite"):
        multilevel_foreground(np.full_like(image, np.nan), alpha)
    with pytest.raises(InputError, match=r"0\.\.1"):
        multilevel_foreground(image, alpha + 1)
