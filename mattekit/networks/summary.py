"""Size of a network, counted as the papers count, and a list of its layers.

IndexNet's "GFLOPs" (Table 2) are multiply-accumulates / 2**30 of one 224x224 input, of convolutions and linear layers
alone: no biases, norms, activations, pooling, interpolation, or products with indices. A2U's texts print none; here
its networks are counted in the same way, with the convolutions by U and V of Eq. (4). Attention's products of matrices
are counted, too.
"""

import logging
from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from mattekit.networks import NETWORKS, OWN, Row, build
from mattekit.operators import OPERATORS, options
from mattekit.plugins import reason

log = logging.getLogger("mattekit")

GIGA = 2**30
PRODUCTS = (torch.Tensor.__matmul__, torch.Tensor.matmul, torch.matmul)  # of batches of matrices, as in attention
POINTWISE = (nn.BatchNorm2d, nn.GroupNorm, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.Dropout)


def count_parameters(network: nn.Module) -> int:
    """Count the elements of all parameters, norms' scales and shifts included, running statistics not."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_macs(network: nn.Module, size: tuple[int, int] = (224, 224), channels: int = 4) -> int:
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
    """Mode that counts the multiply-accumulates of all functions that run, in layers or not."""

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
        elif function in PRODUCTS and y.dim() > 2:
            self.total += y.numel() * args[0].shape[-1]
        return y


class Layer(NamedTuple):
    """One module with parameters of its own: its name in the network, class, output's shape and parameters."""

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int


def summary(name: str, changes: dict | None = None) -> dict:
    """Return the size of a network without building it in memory.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`.
    changes : dict, optional
        Arguments in place of those of the row.

    Returns
    -------
    dict
        "name"; "parameters"; "macs", multiply-accumulates as `count_macs` counts them, for one input of the shape
        "input" (channels, height, width); "source", the paper and table of the network; "note", if its size differs
        from the printed one.

    Raises
    ------
    InputError
        If the name or an argument is unknown.
    """
    network = build_without_memory(name, changes)
    parameters = count_parameters(network)
    channels, height, width = NETWORKS[name].input
    return {
        "name": name,
        "parameters": parameters,
        "macs": count_macs(_without_pointwise(network), (height, width), channels),
        "input": [channels, height, width],
        "source": source(name, changes or {}),
        "note": "" if changes else NETWORKS[name].note,
    }


def summaries() -> Iterator[dict]:
    """Yield the `summary` of every network; one of a plug-in that cannot be built is left out with a warning."""
    for name in NETWORKS:
        try:
            yield summary(name)
        except Exception as error:
            if name in OWN:
                raise
            log.warning("network %s, of a plug-in, left out: %s", name, reason(error))


def source(name: str, changes: dict) -> str:
    """Return the source of a row with changes: that of an equal row, or this row's with the changes."""
    row = NETWORKS[name]
    wanted = _signature(row, changes)
    same = [other for other in NETWORKS.values() if _signature(other, {}) == wanted]
    if same:
        return (row if row in same else same[0]).source
    return f"{row.source}, with {', '.join(f'{key}={value}' for key, value in changes.items())}"


def _signature(row: Row, changes: dict) -> tuple:
    """Return what is built, for comparison: operators of one class differ only by their options, not their names."""
    values, own = row.values(changes), signature(row.builder).parameters
    name = values.pop("resampler", None)
    operator = OPERATORS.get(name)
    # The network's "context" hides the index networks', so that the operator's own values count there.
    usual = {key: parameter.default for key, parameter in options(name).items()} if operator else {}
    chosen = {**usual, **{key: value for key, value in values.items() if key not in own}}
    return row.builder, getattr(operator, "func", operator), chosen, {key: values[key] for key in values if key in own}


def _without_pointwise(network: nn.Module) -> nn.Module:
    """Remove layers that are not counted and change no shape, which makes counting five times as fast."""
    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, POINTWISE):
                setattr(module, name, nn.Identity())
    return network


def layers(name: str, changes: dict | None = None) -> list[Layer]:
    """List the modules with parameters of their own in the order in which they run; arguments as in `summary`."""
    network = build_without_memory(name, changes)
    listed: dict[str, Layer] = {}

    def note(layer: str, module: nn.Module, output: torch.Tensor | tuple[torch.Tensor, ...]) -> None:
        output = output if isinstance(output, torch.Tensor) else output[0]
        parameters = sum(parameter.numel() for parameter in module.parameters(recurse=False))
        listed.setdefault(layer, Layer(layer, type(module).__name__, tuple(output.shape), parameters))

    for layer, module in network.named_modules():
        if any(True for _ in module.parameters(recurse=False)):
            module.register_forward_hook(lambda module, _, output, layer=layer: note(layer, module, output))
    with torch.no_grad():
        network(torch.empty(1, *NETWORKS[name].input, device="meta"))
    return list(listed.values())


def build_without_memory(name: str, changes: dict | None = None) -> nn.Module:
    """Build a network on the "meta" device, in eval mode: shapes can be counted, but nothing computed."""
    with torch.device("meta"):
        return build(name, **(changes or {})).eval()
