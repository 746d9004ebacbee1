"""Size of a network, counted as the papers count: parameters, and multiply-accumulates of convolutions.

IndexNet's "GFLOPs" (Table 2) are multiply-accumulates / 2**30 of one 224x224 input, of convolutions and linear layers
alone: no biases, norms, activations, pooling, interpolation, or products with indices. A2U's texts print none; here
its networks are counted in the same way, with the convolutions by U and V of Eq. (4).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

GIGA = 2**30


def parameters(network: nn.Module) -> int:
    """Count the elements of all parameters, norms' scales and shifts included, running statistics not."""
    return sum(parameter.numel() for parameter in network.parameters())


def macs(network: nn.Module, size: tuple[int, int] = (224, 224), channels: int = 4) -> int:
    """Count the multiply-accumulates of one forward pass of a 1 x channels x size input.

    A network built under `torch.device("meta")` is counted without computing anything.
    """
    training, device = network.training, next(network.parameters()).device
    try:
        with torch.no_grad(), _Counter() as counter:
            network.eval()(torch.zeros(1, channels, *size, device=device))
    finally:
        network.train(training)
    return counter.total


class _Counter(TorchFunctionMode):
    """Count what runs, layers and functions alike."""

    def __init__(self):
        super().__init__()
        self.total = 0

    def __torch_function__(self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        y = function(*args, **(kwargs or {}))
        if function in (F.conv2d, F.conv_transpose2d, F.linear):
            x, weight = args[:2]
            # Each output of a convolution and each input of a transposed one meets the weights of one of its channels.
            positions = x if function is F.conv_transpose2d else y
            self.total += positions.numel() * weight[0].numel()
        return y
