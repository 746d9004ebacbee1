"""Weights of A2U's convolutions, learnt once or predicted from each image, and the convolutions of Eq. (4)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.tiling.global_layers import GlobalPool


class Fixed(nn.Module):
    """Learnt weights, the same for every image: x -> (1, filters, size, size)."""

    def __init__(self, channels: int, filters: int, size: int):
        super().__init__()
        # Bounds of nn.Conv2d's own initialisation for one input channel.
        self.weight = nn.Parameter(torch.empty(filters, size, size).uniform_(-1 / size, 1 / size))

    @property
    def matrix(self) -> Tensor:
        """Return the parameter as the weight of a depthwise convolution, (filters, 1, size, size)."""
        return self.weight.unsqueeze(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the weights."""
        return self.weight[None]


class Pooled(nn.Module):
    """Weights predicted by average pooling to the filter's size and a 1x1 convolution: x -> (N, filters, size, size).

    The text of A2U says global pooling, which a filter larger than 1x1 cannot come from; the released code does this.
    """

    def __init__(self, channels: int, filters: int, size: int):
        super().__init__()
        self.pool = GlobalPool(size)
        self.conv = nn.Conv2d(channels, filters, 1)

    @property
    def matrix(self) -> Tensor:
        """Return the convolution's weight, (filters, C, 1, 1)."""
        return self.conv.weight

    def forward(self, x: Tensor) -> Tensor:
        """Pool and project."""
        return self.conv(self.pool(x))


def gpconv(weight: Tensor, x: Tensor, stride: int = 2) -> Tensor:
    """Group convolution of A2U Eq. (4): each channel with a filter of its own.

    Parameters
    ----------
    weight : (1 or N, S, 1 or C, k, k)
        S sets of filters; one for every image or one for each, one for all channels or one for each.
    x : (N, C, H, W), H and W multiples of the stride; outside x is 0
    stride : 1 or 2

    Returns
    -------
    (N, S, C, H/stride, W/stride)
    """
    (n, c), (images, sets, _, k, _) = x.shape[:2], weight.shape
    weight = weight.expand(images, sets, c, k, k).transpose(1, 2).reshape(-1, 1, k, k)  # channel by channel
    if images > 1:
        x = x.reshape(1, n * c, *x.shape[2:])
    if stride == 1 and k % 2 == 0:
        x = F.pad(x, (0, 1, 0, 1))
    y = F.conv2d(x, weight.to(x.dtype), stride=stride, padding=(k - 1) // 2, groups=x.shape[1])
    return y.view(n, c, sets, *y.shape[2:]).transpose(1, 2)


def gpconv_pair(weights: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Compute `gpconv` of U and of V, (1 or N, 2, S, 1 or C, k, k) together.

    Filters shared by all channels are applied to the channels as to a batch of images, both at once, where that is
    faster: in training with bfloat16 on a CPU, where the gradient of depthwise convolutions takes twice as long.
    """
    shared = weights.shape[3] == 1
    if shared and x.requires_grad and x.dtype == torch.bfloat16 and x.device.type == "cpu":
        return _gpconv_shared(weights.flatten(1, 2), x).unflatten(1, (2, -1)).unbind(1)
    u, v = (gpconv(weight, x) for weight in weights.unbind(1))
    return u, v


def _gpconv_shared(weight: Tensor, x: Tensor) -> Tensor:
    """Compute `gpconv` of (1 or N, S, 1, k, k) and (N, C, H, W), with the channels as a batch of images."""
    weight, (images, k) = weight.to(x.dtype), (weight.shape[0], weight.shape[-1])
    parts = x.split(1) if images > 1 else (x,)
    maps = [
        F.conv2d(part.flatten(0, 1)[:, None], own, stride=2, padding=(k - 1) // 2)  # (C or N C, S, H/2, W/2)
        for own, part in zip(weight, parts, strict=True)
    ]
    return torch.cat(maps).unflatten(0, x.shape[:2]).transpose(1, 2)
