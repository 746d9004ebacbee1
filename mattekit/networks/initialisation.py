"""Random first weights, drawn as each paper's released code draws them."""

from collections.abc import Callable, Iterator
from functools import partial

from torch import Tensor, nn

from mattekit.operators import Resampler

Draw = Callable[[Tensor], Tensor]  # fills a convolution's weight (out, in, k, k) in place

# Normal with variance 2 / (k k out), depthwise convolutions too: IndexNet's code; its text says "improved Xavier".
he_normal: Draw = partial(nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu")
# Uniform with variance 2 / (k k in): IndexNet's code of Deep Image Matting.
he_uniform: Draw = partial(nn.init.kaiming_uniform_, nonlinearity="relu")
# Normal with variance 2 gain^2 / (k k (in + out)) and the gain of the slope 0.01: A2U's code.
xavier_leaky: Draw = partial(nn.init.xavier_normal_, gain=nn.init.calculate_gain("leaky_relu", 0.01))
# The same with gain 1: mmagic's code of Deep Image Matting, whose text has Xavier for the decoder.
xavier_normal: Draw = nn.init.xavier_normal_
# Uniform with that variance: the decoder in LSA's code.
xavier_uniform: Draw = nn.init.xavier_uniform_


def initialise(module: nn.Module, draw: Draw, *, biases: bool = True) -> None:
    """Draw the weights of all convolutions in a module, and set their biases to 0 unless `biases` is False.

    Weights without memory ("meta") are left alone: a file will bring them, and drawing would load PyTorch's compiler.
    """
    for weight in _weights(module):
        if not weight.is_meta:
            draw(weight)
    for part in module.modules():
        if biases and isinstance(part, nn.Conv2d) and part.bias is not None and not part.bias.is_meta:
            nn.init.zeros_(part.bias)


def _weights(module: nn.Module) -> Iterator[Tensor]:
    """Yield the weight of each convolution, an operator's as separate convolutions have them."""
    if isinstance(module, Resampler):
        yield from module.weights()
    elif isinstance(module, nn.Conv2d):
        yield module.weight
    else:
        for child in module.children():
            yield from _weights(child)
