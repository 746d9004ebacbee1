"""The two layers of the compositing equation, from frames made of known ones."""

import numpy as np

from mattekit.sequences import layers
from mattekit.sequences.layers import Observation


def made(count=6, pixels=500, noise=0.005, seed=3):
    """True alpha, foreground, backgrounds of each frame, and images."""
    rng = np.random.default_rng(seed)
    alpha = rng.random(pixels).astype(np.float32)
    fg = rng.random((pixels, 3)).astype(np.float32)
    behind = [rng.random((pixels, 3)).astype(np.float32) for _ in range(count)]
    images = [alpha[:, None] * fg + (1 - alpha[:, None]) * each for each in behind]
    images = [(each + rng.normal(0, noise, each.shape)).astype(np.float32) for each in images]
    return alpha, fg, behind, images


def weights(noise=0.01, pixels=500):
    return np.full(pixels, 1 / noise**2, np.float32)


def test_several_known_backgrounds_tell_alpha_and_foreground_whatever_was_expected():
    alpha, fg, behind, images = made()
    observations = [Observation(image, back, weights()) for image, back in zip(images, behind, strict=True)]
    found = layers.solve_foreground(observations, np.full(500, 0.5, np.float32), np.full((500, 3), 0.5, np.float32))
    assert np.abs(found.alpha - alpha).mean() < 0.01
    assert np.abs(found.colour - alpha[:, None] * fg).mean() < 0.01


def test_one_frame_with_known_background_follows_the_expected_colour():
    alpha, fg, behind, images = made(1)
    found = layers.solve_foreground([Observation(images[0], behind[0], weights())], np.full(500, 0.5, np.float32), fg)
    assert np.abs(found.alpha - alpha).mean() < 0.5 * np.abs(0.5 - alpha).mean()


def test_without_weight_the_expected_alpha_stays():
    alpha, fg, behind, images = made(2)
    none = np.zeros(500, np.float32)
    observations = [Observation(image, back, none) for image, back in zip(images, behind, strict=True)]
    np.testing.assert_allclose(layers.solve_foreground(observations, alpha, fg).alpha, alpha, atol=1e-5)


def test_a_frame_that_shows_something_else_hardly_counts():
    alpha, fg, behind, images = made()
    images[2] = np.random.default_rng(4).random(images[2].shape).astype(np.float32)
    observations = [Observation(image, back, weights()) for image, back in zip(images, behind, strict=True)]
    found = layers.solve_foreground(observations, np.full(500, 0.5, np.float32), np.full((500, 3), 0.5, np.float32))
    assert np.abs(found.alpha - alpha).mean() < 0.04


def test_a_background_is_the_mean_of_what_is_seen_of_it():
    rng = np.random.default_rng(5)
    colour, noise = rng.random((500, 3)).astype(np.float32), 0.02
    visible = [np.float32([1, 0.3, 0, 0.6])[rng.integers(0, 4, 500)] for _ in range(8)]
    observations = [
        Observation(
            (share[:, None] * colour + rng.normal(0, noise, colour.shape)).astype(np.float32),
            share,
            weights(noise),
        )
        for share in visible
    ]
    found, variance = layers.solve_background(observations)
    seen = sum(share**2 for share in visible)
    off = np.sqrt(((found - colour) ** 2).mean(1))
    assert np.median((off / np.sqrt(variance))[seen > 0]) < 1.5
    assert (variance[seen == 0] == 1).all()
    assert off[seen > 2].mean() < noise


def test_one_odd_frame_does_not_spoil_a_background():
    colour = np.full((500, 3), 0.4, np.float32)
    observations = [Observation(colour, np.ones(500, np.float32), weights()) for _ in range(6)]
    observations[3] = Observation(colour + 0.5, np.ones(500, np.float32), weights())
    assert np.abs(layers.solve_background(observations)[0] - 0.4).max() < 0.02
