"""Maps computed strip by strip: what passes between the layers of a block stays in the cache.

A strip is a few rows with enough rows around them that what padding does at its edges is cut away again.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from mattekit.networks.layers import Local

STRIP = 1 << 23  # bytes of the widest map between two layers in one strip
LAYERS = (nn.Sequential, nn.ModuleList, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.Identity, nn.BatchNorm2d)


def halo(module: nn.Module) -> int | None:
    """Count the rows above and below an output row that a module sees; None if not known, or if it changes the size."""
    rows = 0
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            if part.stride[0] != 1:
                return None
            rows += part.dilation[0] * (part.kernel_size[0] // 2)
        elif not isinstance(part, (Local, *LAYERS)):
            return None
    return rows


def in_strips(run: Callable[[int, int], Tensor], height: int, rows: int, around: int) -> Tensor:
    """Compute a map of `height` rows, `rows` at a time.

    Parameters
    ----------
    run : function of (first, end) that returns a map (N, C, end - first, W)
        Right in the rows that are `around` or more away from `first` and `end`, or from where the whole map ends.
    height, rows, around : int
    """
    if rows >= height:
        return run(0, height)
    out = None
    for r in range(0, height, rows):
        first = max(r - around, 0)
        y = run(first, min(r + rows + around, height))[:, :, r - first :][:, :, :rows]
        if out is None:
            shape = (*y.shape[:2], height, y.shape[3])
            out = torch.empty(shape, dtype=y.dtype, device=y.device, memory_format=torch.channels_last)
        out[:, :, r : r + rows] = y
    return out


def strip(module: nn.Module, width: int, bytes_each: int) -> int:
    """Choose the rows of a strip, so that the widest map fits the cache and not much is computed twice."""
    convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    channels = max((max(conv.in_channels, conv.out_channels) for conv in convolutions), default=1)
    return max(16 * halo(module), STRIP // (channels * width * bytes_each), 1)


class Strips(nn.Module):
    """A module in strips.

    Parameters
    ----------
    module : nn.Module
        With a `halo`.
    """

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H, W)."""
        height, width = x.shape[2:]
        rows = strip(self.module, width, x.element_size())
        return in_strips(lambda first, end: self.module(x[:, :, first:end]), height, rows, halo(self.module))
