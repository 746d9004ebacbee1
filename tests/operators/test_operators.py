"""What every operator of the library owes, whatever it is made of."""

import pytest
import torch

from mattekit.errors import InputError
from mattekit.operators import OPERATORS, make

CHANNELS = 32  # the dagger's 32 groups want as many
EVERY = sorted(OPERATORS)


def there_and_back(name, size=(6, 10), batch=2, dtype=torch.float32):
    torch.manual_seed(0)
    operator = make(name, CHANNELS).eval().to(dtype)
    x = torch.randn(batch, CHANNELS, *size, dtype=dtype)
    guide = operator.guide(x)
    return operator, x, guide, operator.down(x, guide)


@pytest.mark.parametrize("name", EVERY)
def test_down_halves_and_up_doubles_odd_sizes_too(name):
    """3x5 is the smaller size here."""
    operator, x, guide, smaller = there_and_back(name)
    assert smaller.shape == (2, CHANNELS, 3, 5)
    assert operator.skip(x, guide).shape == x.shape
    assert operator.up(smaller, guide).shape == x.shape


@pytest.mark.parametrize("name", EVERY)
def test_a_batch_gives_what_its_images_give(name):
    operator, x, guide, smaller = there_and_back(name)
    both = operator.up(smaller, guide)
    for i in range(2):
        alone = x[i : i + 1]
        guide = operator.guide(alone)
        torch.testing.assert_close(operator.up(operator.down(alone, guide), guide)[0], both[i], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", EVERY)
def test_gradients_reach_every_parameter_and_the_feature(name):
    torch.manual_seed(0)
    operator = make(name, CHANNELS).train()
    x = torch.randn(2, CHANNELS, 8, 12, requires_grad=True)
    guide = operator.guide(x)
    out = operator.up(operator.down(x, guide), guide)
    (out * torch.randn_like(out)).sum().backward()
    for label, tensor in [("x", x), *operator.named_parameters()]:
        assert tensor.grad is not None and tensor.grad.abs().sum() > 0, label


@pytest.mark.parametrize("name", EVERY)
def test_bfloat16_stays_close_to_float32(name):
    """Positions of maxima may move where values tie in bfloat16, so the mean is compared."""
    operator, x, guide, smaller = there_and_back(name)
    wide = operator.up(smaller, guide)
    operator, x = operator.bfloat16(), x.bfloat16()
    guide = operator.guide(x)
    half = operator.up(operator.down(x, guide), guide)
    assert half.dtype == torch.bfloat16
    assert (half.float() - wide).abs().mean() < 0.03 * wide.abs().mean() + 0.01


@pytest.mark.parametrize("name", [name for name in EVERY if OPERATORS[name](CHANNELS).guided])
def test_a_feature_that_does_not_halve_is_refused(name):
    with pytest.raises(InputError, match="7x10, wanted even sizes"):
        make(name, CHANNELS).guide(torch.randn(1, CHANNELS, 7, 10))


@pytest.mark.parametrize("name", EVERY)
def test_channelwise_operators_want_as_many_decoder_channels(name):
    if OPERATORS[name](CHANNELS).channelwise:
        with pytest.raises(InputError, match="16 decoder channels, but 32 guide channels"):
            make(name, CHANNELS, 16)
    else:
        operator, x = make(name, CHANNELS, 16), torch.randn(1, CHANNELS, 4, 6)
        assert operator.up(torch.randn(1, 16, 2, 3), operator.guide(x)).shape == (1, 16, 4, 6)


def test_an_unknown_operator_names_its_neighbours():
    with pytest.raises(InputError, match="a2u-dynamic-cs"):
        make("a2u-dynamic-sc", 4)


def test_an_unknown_argument_is_an_input_error():
    with pytest.raises(InputError, match="k_down"):
        make("a2u", 4, k_down=3)
