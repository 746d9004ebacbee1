import numpy as np
import pytest

from mattekit.synthetic import layers


def layer(rng, size, clear=0.3):
    alpha = np.clip(rng.uniform(-clear, 1.3, size), 0, 1).astype(np.float32)
    return layers.fill(rng.random((*size, 3), np.float32), alpha)


def test_over_is_associative_and_an_opaque_front_hides_the_rest():
    a, b, c = (layer(np.random.default_rng(i), (9, 8)) for i in range(3))
    assert layers.over(a, b, c) == pytest.approx(layers.over(a, layers.over(b, c)), abs=1e-6)
    front = layers.fill(np.array([0.1, 0.2, 0.3]), np.ones((9, 8)))
    assert (layers.over(front, b) == front).all()


def test_straight_colours_give_the_layer_back():
    """Exactly but for pixels that hardly show, where less than a 50th of the neighbourhood's colour is mixed in."""
    found = layer(np.random.default_rng(1), (33, 47))
    fg, alpha = layers.unpremultiply(found)
    assert alpha == pytest.approx(found[..., 3])
    error = np.abs(fg * alpha[..., None] - found[..., :3]).max(2)
    assert error[alpha > 0.09].max() < 1e-6
    assert error.max() < 0.02


@pytest.mark.parametrize("size", [(64, 80), (17, 131), (3, 5)])
def test_colours_continue_smoothly_where_there_is_nothing(size):
    alpha = np.zeros(size, np.float32)
    alpha[: size[0] // 2 + 1, : size[1] // 2] = 1
    colour = np.array([0.8, 0.4, 0.1], np.float32)
    fg, _ = layers.unpremultiply(layers.fill(colour, alpha))
    assert fg == pytest.approx(np.broadcast_to(colour, fg.shape), abs=1e-3)


def test_nothing_at_all_has_a_colour_too():
    fg, alpha = layers.unpremultiply(np.zeros((20, 30, 4), np.float32))
    assert np.isfinite(fg).all() and not alpha.any()
