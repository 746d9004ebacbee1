"""Convolutions with weight standardisation, followed by group normalisation.

Qiao et al., "Weight Standardization", section 3.1; Wu and He, "Group Normalization", section 3.
"""

import torch
from torch import Tensor, nn

from mattekit.networks.layers import Activation, relu
from mattekit.tiling.global_layers import GlobalGroupNorm

GROUPS = 32
EPSILON = 1e-5  # added to the variance of a filter


class StandardisedConv2d(nn.Conv2d):
    """Convolution whose every filter has mean 0 and variance 1 when it is used."""

    def standardised(self) -> Tensor:
        """Return the weight to compute with."""
        variance, mean = torch.var_mean(self.weight, (1, 2, 3), correction=0, keepdim=True)
        return (self.weight - mean) * torch.rsqrt(variance + EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H', W')."""
        return self._conv_forward(x, self.standardised(), self.bias)

    def plain(self) -> nn.Module:
        """Return a convolution that computes the same with its weight as it stands."""
        sizes = (self.in_channels, self.out_channels, self.kernel_size, self.stride, self.padding, self.dilation)
        with torch.device("meta"):
            made = nn.Conv2d(*sizes, bias=self.bias is not None).eval()
        made.weight = nn.Parameter(self.standardised().detach(), requires_grad=False)
        if self.bias is not None:
            made.bias = nn.Parameter(self.bias.detach(), requires_grad=False)
        return made


class ConvGroupNorm(nn.Module):
    """Standardised convolution, group normalisation, activation.

    Parameters
    ----------
    channels, out, size, stride, dilation
        As for `ConvNorm`.
    bias : bool
    act : callable or None
    """

    def __init__(
        self,
        channels: int,
        out: int,
        size: int = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        bias: bool = False,
        act: Activation = relu,
    ):
        super().__init__()
        padding = dilation * (size - 1) // 2
        self.conv = StandardisedConv2d(channels, out, size, stride, padding, dilation, bias=bias)
        self.norm = GlobalGroupNorm(GROUPS, out)
        self.act = act() if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H/stride, W/stride)."""
        return self.act(self.norm(self.conv(x)))


class GroupNormBottleneck(nn.Module):
    """Bottleneck of ResNet-50: 1x1 to a quarter of the width, 3x3, 1x1 back; the last activation after the sum.

    Parameters
    ----------
    channels, out : int
    stride, dilation : int
        Of the 3x3 convolution, and the stride of the shortcut's 1x1 convolution.
    project : bool
        The shortcut is a 1x1 convolution, else the input.
    """

    def __init__(self, channels: int, out: int, *, stride: int = 1, dilation: int = 1, project: bool = False):
        super().__init__()
        self.conv1 = ConvGroupNorm(channels, out // 4, 1)
        self.conv2 = ConvGroupNorm(out // 4, out // 4, stride=stride, dilation=dilation)
        self.conv3 = ConvGroupNorm(out // 4, out, 1, act=None)
        self.shortcut = ConvGroupNorm(channels, out, 1, stride=stride, act=None) if project else nn.Identity()
        self.act = relu()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H/stride, W/stride)."""
        return self.act(self.conv3(self.conv2(self.conv1(x))) + self.shortcut(x))
