"""Size of a network, counted as the papers count: parameters, and multiply-accumulates of convolutions.

IndexNet's and A2U's "GFLOPs" are multiply-accumulates / 2**30 of one 224x224 input, of convolutions and linear layers
alone: no biases, norms, activations, pooling, interpolation, or products with indices.
"""

import torch
from torch import nn

GIGA = 2**30

COUNTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def parameters(network: nn.Module) -> int:
    """Elements of all parameters, norms' scales and shifts included, running statistics not."""
    return sum(parameter.numel() for parameter in network.parameters())


def macs(network: nn.Module, size: tuple[int, int] = (224, 224), channels: int = 4) -> int:
    """Multiply-accumulates of one forward pass of a 1 x channels x size input.

    A network built under `torch.device("meta")` is counted without computing anything.
    """
    total, handles = 0, []

    def count(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        nonlocal total
        positions = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
        total += module.weight.numel() * (positions[0, 0].numel() if positions.ndim == 4 else 1)

    for module in network.modules():
        if isinstance(module, COUNTED):
            handles.append(module.register_forward_hook(count))
    training, device = network.training, next(network.parameters()).device
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, channels, *size, device=device))
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()
    return total
