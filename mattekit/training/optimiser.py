"""The optimiser of a recipe: frozen parts, parameter groups with their rates and weight decay, and the schedule."""

import math
from collections.abc import Sequence
from difflib import get_close_matches

import torch
from torch import nn
from torch.optim import Optimizer

from mattekit.errors import InputError
from mattekit.networks.base import Network
from mattekit.training.settings import Optimiser, Schedule

NORMS = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm)


def make_optimiser(network: nn.Module, settings: Optimiser) -> Optimizer:
    """Build the optimiser of all parameters that are not frozen.

    Parameters
    ----------
    network : nn.Module
    settings : Optimiser
        Of the recipe.

    Returns
    -------
    Optimizer
        With up to four groups: the encoder's parameters and all others, each with normalisation layers apart. LSA's
        released code finds norms by name and misses those of shortcuts; here they are included.
    """
    groups = parameter_groups(network, settings)
    if settings.name == "sgd":
        return torch.optim.SGD(groups, lr=settings.lr, momentum=settings.momentum)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "radam": torch.optim.RAdam}[settings.name]
    return kind(groups, lr=settings.lr, betas=settings.betas)


def parameter_groups(network: nn.Module, settings: Optimiser) -> list[dict]:
    """Return the groups that are not empty, each with "name", "params", "lr" and "weight_decay"."""
    encoder_ids = {id(parameter) for parameter in encoder_of(network).parameters()}
    norms = {id(p) for module in network.modules() if isinstance(module, NORMS) for p in module.parameters()}
    encoder_lr = settings.lr if settings.encoder_lr is None else settings.encoder_lr
    norm_decay = settings.weight_decay if settings.norm_weight_decay is None else settings.norm_weight_decay
    groups: dict[tuple[bool, bool], list] = {}
    for parameter in network.parameters():
        if parameter.requires_grad:
            groups.setdefault((id(parameter) in encoder_ids, id(parameter) in norms), []).append(parameter)
    return [
        {
            "name": f"{'encoder' if encoder else 'rest'}{'-norm' if norm else ''}",
            "params": parameters,
            "lr": encoder_lr if encoder else settings.lr,
            "weight_decay": norm_decay if norm else settings.weight_decay,
        }
        for (encoder, norm), parameters in sorted(groups.items(), key=lambda item: item[0])
    ]


def encoder_of(network: nn.Module) -> nn.Module:
    """Return the network's encoder, that of the first stage if there is a refinement, or an empty module."""
    return getattr(getattr(network, "first", network), "encoder", None) or nn.Module()


def freeze(network: Network, parts: Sequence[str] = (), norms: str = "none") -> None:
    """Put a network in training mode except for its frozen parts; `train()` undoes that.

    The papers' released code calls `train()` every epoch, which unfreezes the norms that the texts call frozen.

    Parameters
    ----------
    network : Network
    parts : names in `Network.parts`, or of modules. Their weights get no gradients, and their layers are in eval mode.
    norms : "none", "encoder" or "all", whose batch normalisation keeps its running statistics, scales and shifts.

    Raises
    ------
    InputError
        If the network has no such part, or no parameter would be left to train.
    """
    network.train()
    for module in [module for name in parts for module in part_of(network, name)]:
        module.eval().requires_grad_(False)
    fixed = {"none": nn.Module(), "encoder": encoder_of(network), "all": network}[norms]
    for module in fixed.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval().requires_grad_(False)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise InputError(f"run.freeze: {', '.join(parts)} leaves nothing of {network.name} to learn. Freeze less.")


def part_of(network: Network, name: str) -> list[nn.Module]:
    """Return the modules of a part, or the module of that name; InputError with the nearest names if unknown."""
    parts = {key: [module] for key, module in network.named_modules() if key} | network.parts()
    if name not in parts or not any(True for module in parts[name] for _ in module.parameters()):
        near = get_close_matches(name, parts, 3) or network.parts()
        raise InputError(f"run.freeze: {name!r} is no part of {network.name}; nearest: {', '.join(near)}.")
    return parts[name]


def schedule_factor(schedule: Schedule, step: int, *, steps_per_epoch: int, steps: int) -> float:
    """Return the factor on all learning rates, which depends on the step alone so that a resumed run repeats it.

    Parameters
    ----------
    schedule : Schedule
        Of the recipe.
    step : int
        Optimiser step, counted from 0.
    steps_per_epoch, steps : int
        Optimiser steps of an epoch and of the whole run.

    Returns
    -------
    float in 0..1
    """
    warmup = min(1.0, (step + 1) / schedule.warmup_steps) if schedule.warmup_steps else 1.0
    return warmup * SCHEDULES[schedule.kind](schedule, step / steps_per_epoch, step / steps)


def _steps(schedule: Schedule, epoch: float, _: float) -> float:
    return schedule.factor ** sum(epoch >= at for at in schedule.at)


def _halving(schedule: Schedule, epoch: float, _: float) -> float:
    return 0.5 ** int(epoch // schedule.every)


def _cosine(schedule: Schedule, _: float, share: float) -> float:
    return schedule.floor + (1 - schedule.floor) * (1 + math.cos(math.pi * min(share, 1.0))) / 2


SCHEDULES = {"constant": lambda *_: 1.0, "steps": _steps, "halving": _halving, "cosine": _cosine}
