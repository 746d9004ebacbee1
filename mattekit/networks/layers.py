"""Layers of several networks, and their random initial weights as drawn by each paper's released code."""

from collections.abc import Callable, Iterator
from functools import partial

from torch import Tensor, nn

from mattekit.operators import Resampler

Activation = Callable[[], nn.Module] | None

relu = partial(nn.ReLU, inplace=True)
relu6 = partial(nn.ReLU6, inplace=True)
leaky = partial(nn.LeakyReLU, 0.01, inplace=True)  # the slope of A2U's In-Place ABN


class Local(nn.Module):
    """Base of modules that only run their layers, so that their receptive field is that of the layers.

    Inference computes such modules strip by strip (`inference_copy.halo`).
    """


class ConvNorm(Local):
    """Convolution, batch normalisation, activation.

    Parameters
    ----------
    channels, out : int
    size, stride, dilation, groups : int
        The map keeps its size at stride 1.
    padding : int, optional
        Instead of the one that keeps the size.
    bias : bool
        Of the convolution; redundant before a norm, but VGG-16 has it.
    act : callable or None
        Makes the activation, such as `relu`, `relu6` or `leaky`.
    """

    def __init__(
        self,
        channels: int,
        out: int,
        size: int = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        padding: int | None = None,
        bias: bool = False,
        act: Activation = relu,
    ):
        super().__init__()
        padding = dilation * (size - 1) // 2 if padding is None else padding
        self.conv = nn.Conv2d(channels, out, size, stride, padding, dilation, groups, bias=bias)
        self.norm = nn.BatchNorm2d(out)
        self.act = act() if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H/stride, W/stride)."""
        return self.act(self.norm(self.conv(x)))


def separable(
    channels: int, out: int, size: int = 3, *, stride: int = 1, dilation: int = 1, act: Activation = relu
) -> nn.Sequential:
    """Build a depthwise convolution and a 1x1 convolution, each with norm and activation."""
    return nn.Sequential(
        ConvNorm(channels, channels, size, stride=stride, dilation=dilation, groups=channels, act=act),
        ConvNorm(channels, out, 1, act=act),
    )


class BasicBlock(Local):
    """Residual block of two 3x3 convolutions (ResNet-34), the last activation after the sum.

    Parameters
    ----------
    channels, out : int
    stride : 1 or 2
        The shortcut is a 1x1 convolution where stride or width change, else the identity.
    lent : bool
        The map between the convolutions is halved by an operator lent to `forward`, so that the first keeps stride 1.
    """

    def __init__(self, channels: int, out: int, *, stride: int = 1, lent: bool = False, act: Activation = leaky):
        super().__init__()
        self.conv1 = ConvNorm(channels, out, 3, stride=1 if lent else stride, act=act)
        self.conv2 = ConvNorm(out, out, 3, act=None)
        same = channels == out and stride == 1
        self.shortcut = nn.Identity() if same else ConvNorm(channels, out, 1, stride=stride, act=None)
        self.act = act()

    def forward(self, x: Tensor, halve: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None) -> Tensor:
        """Map (N, C, H, W) to (N, C', H/stride, W/stride)."""
        y = self.conv1(x)
        if halve is not None:
            y, _ = halve(y)
        return self.act(self.conv2(y) + self.shortcut(x))


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

    Weights without memory ("meta") are skipped: a file will provide them, and drawing would load PyTorch's compiler.
    """
    for weight in _weights(module):
        if not weight.is_meta:
            draw(weight)
    for part in module.modules():
        if biases and isinstance(part, nn.Conv2d) and part.bias is not None and not part.bias.is_meta:
            nn.init.zeros_(part.bias)


def _weights(module: nn.Module) -> Iterator[Tensor]:
    """Yield the weight of each convolution; an operator's joined weights as those of separate convolutions."""
    if isinstance(module, Resampler):
        yield from module.weights()
    elif isinstance(module, nn.Conv2d):
        yield module.weight
    else:
        for child in module.children():
            yield from _weights(child)
