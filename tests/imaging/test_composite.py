import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mattekit.errors import InputError
from mattekit.imaging.composite import composite, merge


def scene(seed, size=(7, 9)):
    rng = np.random.default_rng(seed)
    fg, bg, fg2 = (rng.random((*size, 3), np.float32) for _ in range(3))
    alpha, alpha2 = (np.clip(rng.random(size, np.float32) * 2 - 0.5, 0, 1) for _ in range(2))
    return fg, bg, alpha, fg2, alpha2


@given(st.integers(0, 10_000), st.tuples(st.integers(1, 12), st.integers(1, 12)))
def test_composite_is_the_foreground_where_opaque_and_the_background_where_clear(seed, size):
    fg, bg, alpha, *_ = scene(seed, size)
    image = composite(fg, bg, alpha)
    assert image.dtype == np.float32
    assert np.array_equal(image[alpha == 1], fg[alpha == 1])
    assert np.array_equal(image[alpha == 0], bg[alpha == 0])
    assert image.min() >= 0 and image.max() <= 1


def test_composite_is_linear_in_both_layers():
    fg, bg, alpha, other, _ = scene(1)
    both = composite((fg + other) / 2, bg, alpha)
    assert np.allclose(both, (composite(fg, bg, alpha) + composite(other, bg, alpha)) / 2, atol=1e-6)
    both = composite(fg, (bg + other) / 2, alpha)
    assert np.allclose(both, (composite(fg, bg, alpha) + composite(fg, other, alpha)) / 2, atol=1e-6)


def test_alpha_can_be_read_back_from_a_composite_on_black_and_white():
    """White minus black is 1 - alpha in every channel."""
    fg, bg, alpha, *_ = scene(2)
    difference = composite(fg, np.ones_like(bg), alpha) - composite(fg, np.zeros_like(bg), alpha)
    assert np.allclose(1 - difference, alpha[..., None], atol=1e-6)


@given(st.integers(0, 10_000))
def test_merging_then_compositing_equals_compositing_twice(seed):
    fg, bg, alpha, fg2, alpha2 = scene(seed)
    joined, joined_alpha = merge(fg, alpha, fg2, alpha2)
    assert joined.dtype == joined_alpha.dtype == np.float32
    assert np.allclose(joined_alpha, 1 - (1 - alpha) * (1 - alpha2), atol=1e-6)
    twice = composite(fg, composite(fg2, bg, alpha2), alpha)
    assert np.allclose(composite(joined, bg, joined_alpha), twice, atol=1e-6)


def test_merging_keeps_the_front_where_it_is_opaque_and_shows_the_back_where_it_is_clear():
    fg, _, alpha, fg2, alpha2 = scene(3, (40, 40))
    joined, joined_alpha = merge(fg, alpha, fg2, alpha2)
    assert np.array_equal(joined[alpha == 1], fg[alpha == 1]) and (joined_alpha[alpha == 1] == 1).all()
    behind = (alpha == 0) & (alpha2 > 0)
    assert np.array_equal(joined[behind], fg2[behind]) and np.array_equal(joined_alpha[behind], alpha2[behind])
    nothing = (alpha == 0) & (alpha2 == 0)
    assert nothing.any() and np.isfinite(joined).all() and (joined_alpha[nothing] == 0).all()


def test_sizes_that_differ_are_named():
    fg, bg, alpha, fg2, alpha2 = scene(4)
    with pytest.raises(InputError, match="background: 7x5, but the alpha is 7x9"):
        composite(fg, bg[:, :5], alpha)
    with pytest.raises(InputError, match="second foreground: 6x9, but the first alpha is 7x9"):
        merge(fg, alpha, fg2[:6], alpha2)
