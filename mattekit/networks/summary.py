"""Summary of a network: its size, and its layers one by one."""

from inspect import signature
from typing import NamedTuple

import torch
from torch import nn

from mattekit.networks import NETWORKS, Row, build, count
from mattekit.operators import OPERATORS, options

POINTWISE = (nn.BatchNorm2d, nn.GroupNorm, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.Dropout)


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
        "name"; "parameters"; "macs", multiply-accumulates as `count.macs` counts them, for one input of the shape
        "input" (channels, height, width); "source", where a paper has the network; "note", if its size is not
        what the paper prints.

    Raises
    ------
    InputError
        If the name or an argument is unknown.
    """
    network = on_paper(name, changes)
    parameters = count.parameters(network)
    channels, height, width = NETWORKS[name].input
    return {
        "name": name,
        "parameters": parameters,
        "macs": count.macs(_without_pointwise(network), (height, width), channels),
        "input": [channels, height, width],
        "source": source(name, changes or {}),
        "note": "" if changes else NETWORKS[name].note,
    }


def source(name: str, changes: dict) -> str:
    """Return where a paper has a row with changes: the row that they amount to, or this one and the changes."""
    row = NETWORKS[name]
    made = _made(row, changes)
    same = [other for other in NETWORKS.values() if _made(other, {}) == made]
    if same:
        return (row if row in same else same[0]).source
    return f"{row.source}, with {', '.join(f'{key}={value}' for key, value in changes.items())}"


def _made(row: Row, changes: dict) -> tuple:
    """Return what is built: operators of one class differ by their options alone, whatever their names."""
    values, own = row.values(changes), signature(row.builder).parameters
    name = values.pop("resampler", None)
    operator = OPERATORS.get(name)
    # The network's "context" hides the index networks', so that the operator's own values count there.
    usual = {key: parameter.default for key, parameter in options(name).items()} if operator else {}
    chosen = {**usual, **{key: value for key, value in values.items() if key not in own}}
    return row.builder, getattr(operator, "func", operator), chosen, {key: values[key] for key in values if key in own}


def _without_pointwise(network: nn.Module) -> nn.Module:
    """Take out what is not counted and changes no shape, which makes counting five times as fast."""
    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, POINTWISE):
                setattr(module, name, nn.Identity())
    return network


def layers(name: str, changes: dict | None = None) -> list[Layer]:
    """List the modules with parameters of their own in the order in which they run; arguments as in `summary`."""
    network = on_paper(name, changes)
    found: dict[str, Layer] = {}

    def note(layer: str, module: nn.Module, output: torch.Tensor) -> None:
        parameters = sum(parameter.numel() for parameter in module.parameters(recurse=False))
        found.setdefault(layer, Layer(layer, type(module).__name__, tuple(output.shape), parameters))

    for layer, module in network.named_modules():
        if any(True for _ in module.parameters(recurse=False)):
            module.register_forward_hook(lambda module, _, output, layer=layer: note(layer, module, output))
    with torch.no_grad():
        network(torch.empty(1, *NETWORKS[name].input, device="meta"))
    return list(found.values())


def on_paper(name: str, changes: dict | None = None) -> nn.Module:
    """Build a network without memory for its weights, in eval mode: shapes can be counted, nothing computed."""
    with torch.device("meta"):
        return build(name, **(changes or {})).eval()
