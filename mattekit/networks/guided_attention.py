"""Guided contextual attention: opacity features spread to where the image looks alike.

Li and Lu, "Natural Image Matting via Guided Contextual Attention", section "Guided Contextual Attention Module".
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.tiling.global_layers import GlobalLayer, MapAccumulator

RATE = 2  # positions of the map on each side of one patch's
SMALLEST = 1e-4  # norm of a patch that is divided by
EXCLUDED = -1e4  # added to the similarity of an unknown patch and itself
MOST = 10.0  # the weights of known and unknown patches lie between 1 / MOST and MOST
BLOCK = 1 << 26  # bytes of the similarities that are computed at once where no gradients are needed


class GuidedContextualAttention(GlobalLayer):
    """Replace each patch of opacity features by a mean of all patches, weighted by the likeness of the image there.

    Likeness is the cosine of 3x3 patches of image features at half the map's resolution; unknown and known patches are
    weighted by their share of the map, and an unknown patch does not count for itself. Patches of the opacity features
    are 4x4, of which neighbours overlap by half. The result, after a convolution and a norm, is added to the features.

    Parameters
    ----------
    channels : int
        Of the opacity features, and of the image's.
    """

    is_map = True

    def __init__(self, channels: int):
        super().__init__()
        self.channels = channels
        self.guidance = nn.Conv2d(channels, channels // 2, 1)
        self.project = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, y: Tensor, image: Tensor, unknown: Tensor) -> Tensor:
        """Return the changed opacity features.

        Parameters
        ----------
        y : (N, C, h, w), the opacity features; h and w even.
        image : (N, C, h, w), features of the image alone.
        unknown : (N, 1, h, w), 1 where the trimap is unknown, else 0.
        """
        return self.current_context(torch.cat([y, self.guidance(image), unknown.to(y)], 1))

    def context(self, x: Tensor) -> Tensor:
        """Return the changed opacity features (N, C, h, w) of these, the guidance and the mask joined."""
        y, guidance, unknown = x.split([self.channels, x.shape[1] - self.channels - 1, 1], 1)
        mixed = _mix(y, guidance[..., ::RATE, ::RATE], unknown[..., ::RATE, ::RATE])
        return self.norm(self.project(mixed)) + y

    def accumulator(self, height: int, width: int) -> MapAccumulator:
        """Return an accumulator that assembles the map."""
        return MapAccumulator(self.context, height, width)


def _mix(y: Tensor, guidance: Tensor, unknown: Tensor) -> Tensor:
    """Return the weighted means of patches of y (N, C, h, w), overlapping ones averaged."""
    patches = _patches(guidance, 3, 1)  # (N, K, 9 c)
    keys = patches / patches.norm(dim=2, keepdim=True).clamp(min=SMALLEST)
    near = F.max_pool2d(F.pad(unknown, (1, 1, 1, 1), mode="reflect"), 3, 1).flatten(2) > 0  # (N, 1, K)
    weight = _weights(unknown, near)
    values, own = _patches(y, 2 * RATE, RATE), EXCLUDED * near.to(y)  # (N, K, 16 C)
    place = torch.arange(keys.shape[1], device=y.device)
    means = []
    for queries, i in _blocks(patches, place):
        alike = queries @ keys.mT * weight  # (N, q, K)
        alike = alike + (i[:, None] == place) * own
        means.append(alike.softmax(2) @ values)
    joined = means[0] if len(means) == 1 else torch.cat(means, 1)
    return F.fold(joined.mT, y.shape[2:], 2 * RATE, stride=RATE, padding=RATE // 2) / 4


def _weights(unknown: Tensor, near: Tensor) -> Tensor:
    """Return the weight of each patch's likeness (N, 1, K): the root of its kind's share over that of the other."""
    share = unknown.mean((2, 3))[..., None]  # (N, 1, 1)
    ratio = (share / (1 - share)).sqrt()
    return torch.where(near, ratio.clamp(1 / MOST, MOST), (1 / ratio).clamp(1 / MOST, MOST))


def _patches(x: Tensor, size: int, stride: int) -> Tensor:
    """Return the patches (N, K, C size size) of a map continued by reflection, row by row."""
    margin = (size - stride + 1) // 2
    return F.unfold(F.pad(x, (margin,) * 4, mode="reflect"), size, stride=stride).mT


def _blocks(patches: Tensor, place: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Split patches (N, K, ...) and their places where all K x K similarities would take too much memory."""
    if torch.compiler.is_compiling() or (torch.is_grad_enabled() and patches.requires_grad):
        return [(patches, place)]
    step = max(1, BLOCK // (4 * len(place)))
    return list(zip(patches.split(step, 1), place.split(step), strict=True))
