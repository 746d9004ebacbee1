"""Filling a network with tensors: each of the right shape and type, or an error that names those that do not fit."""

import torch
from torch import Tensor, nn

from mattekit.errors import WeightsError

NAMED = 3  # of the tensors that do not fit, how many an error names


def fill(network: nn.Module, state: dict[str, Tensor], where: str) -> nn.Module:
    """Put tensors into a network, which may have been built on the "meta" device and then has no others.

    Floating-point tensors become float32. Counts of batches, which only some versions of torch write and nothing here
    reads, begin at 0.

    Parameters
    ----------
    network : nn.Module
    state : dict of str to Tensor
        Under the network's own names; the network takes the tensors themselves where they are float32.
    where : str
        What the error begins with, such as the file's name.

    Returns
    -------
    the network

    Raises
    ------
    WeightsError
        If a tensor is missing, is one too many or has another shape or type; the network is then as it was.
    """
    wanted = network.state_dict()
    counts = {key: torch.zeros((), dtype=torch.int64) for key in wanted if key.endswith("num_batches_tracked")}
    state = {**state, **counts}
    missing = [f"{key} {tuple(wanted[key].shape)}" for key in wanted if key not in state]
    _refuse(missing, f"{where}: {len(missing)} of the network's {len(wanted)} tensors missing")
    unexpected = [f"{key} {tuple(state[key].shape)}" for key in state if key not in wanted]
    _refuse(unexpected, f"{where}: {len(unexpected)} tensors that the network does not have")
    misshaped = [
        f"{key} is {_shape(state[key])}, wanted {_shape(wanted[key])}"
        for key in wanted
        if state[key].shape != wanted[key].shape
    ]
    _refuse(misshaped, f"{where}: {len(misshaped)} tensors of another shape")
    mistyped = [
        f"{key} is {str(state[key].dtype).removeprefix('torch.')}, wanted floating-point numbers"
        for key in wanted
        if key not in counts and not state[key].is_floating_point()
    ]
    _refuse(mistyped, f"{where}: {len(mistyped)} tensors of another type")
    network.load_state_dict({key: as_float32(value) for key, value in state.items()}, assign=True)
    return network


def as_float32(value: Tensor) -> Tensor:
    """Return a tensor, in float32 if its numbers are floating-point."""
    return value.float() if value.is_floating_point() else value


def _shape(value: Tensor) -> str:
    return "x".join(map(str, value.shape)) or "a number"


def _refuse(names: list[str], text: str) -> None:
    if names:
        more = ", ..." if len(names) > NAMED else ""
        raise WeightsError(
            f"{text}: {', '.join(names[:NAMED])}{more}. Is it another network, or another configuration?"
        )
