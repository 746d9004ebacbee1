"""The optimiser of a recipe: what is frozen, and which parameters have which rate and weight decay."""

from collections.abc import Sequence
from difflib import get_close_matches

import torch
from torch import nn
from torch.optim import Optimizer

from mattekit.errors import InputError
from mattekit.networks.base import Network
from mattekit.training.settings import Optimiser

NORMS = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm)


def make_optimiser(network: nn.Module, settings: Optimiser) -> Optimizer:
    """The optimiser of all parameters that are not frozen.

    Parameters
    ----------
    network : nn.Module
    settings : Optimiser
        Of the recipe.

    Returns
    -------
    Optimizer
        With up to four groups: the encoder's parameters and all others, those of normalisation layers apart. LSA's
        released code finds norms by names, and so misses those of shortcuts; here they are norms like the others.
    """
    groups = parameter_groups(network, settings)
    if settings.name == "sgd":
        return torch.optim.SGD(groups, lr=settings.lr, momentum=settings.momentum)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[settings.name](groups, lr=settings.lr)


def parameter_groups(network: nn.Module, settings: Optimiser) -> list[dict]:
    """Groups for an optimiser: "name", "params", "lr" and "weight_decay" of each that is not empty."""
    inside = {id(parameter) for parameter in encoder_of(network).parameters()}
    norms = {id(p) for module in network.modules() if isinstance(module, NORMS) for p in module.parameters()}
    encoder_lr = settings.lr if settings.encoder_lr is None else settings.encoder_lr
    norm_decay = settings.weight_decay if settings.norm_weight_decay is None else settings.norm_weight_decay
    found: dict[tuple[bool, bool], list] = {}
    for parameter in network.parameters():
        if parameter.requires_grad:
            found.setdefault((id(parameter) in inside, id(parameter) in norms), []).append(parameter)
    return [
        {
            "name": f"{'encoder' if encoder else 'rest'}{'-norm' if norm else ''}",
            "params": parameters,
            "lr": encoder_lr if encoder else settings.lr,
            "weight_decay": norm_decay if norm else settings.weight_decay,
        }
        for (encoder, norm), parameters in sorted(found.items(), key=lambda item: item[0])
    ]


def encoder_of(network: nn.Module) -> nn.Module:
    """The network's encoder, that of the first stage if there is a refinement; an empty module if it has none."""
    return getattr(getattr(network, "first", network), "encoder", None) or nn.Module()


def freeze(network: Network, parts: Sequence[str] = (), norms: str = "none") -> None:
    """Put a network in training mode but for what stays as it is; `train()` undoes that.

    The papers' released code calls `train()` every epoch, and so does not freeze the norms that their texts say are.

    Parameters
    ----------
    network : Network
    parts : those of `Network.parts`, or names of modules. Their weights take no gradients, and their layers act as in
        inference.
    norms : "none", "encoder" or "all", whose batch normalisation keeps its running statistics, scales and shifts.

    Raises
    ------
    InputError
        If the network has no such part, or nothing would be left to learn.
    """
    network.train()
    for module in [module for name in parts for module in part_of(network, name)]:
        module.eval().requires_grad_(False)
    whose = {"none": nn.Module(), "encoder": encoder_of(network), "all": network}[norms]
    for module in whose.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval().requires_grad_(False)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise InputError(f"run.freeze: {', '.join(parts)} leaves nothing of {network.name} to learn. Freeze less.")


def part_of(network: Network, name: str) -> list[nn.Module]:
    """Modules of a part, or the one module of that name; InputError with the nearest names if there is none."""
    parts = {key: [module] for key, module in network.named_modules() if key} | network.parts()
    if name not in parts or not any(True for module in parts[name] for _ in module.parameters()):
        near = get_close_matches(name, parts, 3) or network.parts()
        raise InputError(f"run.freeze: {name!r} is no part of {network.name}; nearest: {', '.join(near)}.")
    return parts[name]
