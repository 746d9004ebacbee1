"""Weights by name, as in a checkpoint, and filling a network with them, with errors that name unfit tensors."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from mattekit.errors import WeightsError

NAMED = 3  # tensors that do not fit and that an error names


class State(dict[str, Tensor]):
    """Weights of a checkpoint by name; asking for one that is missing is a WeightsError."""

    def __missing__(self, name: str) -> Tensor:
        raise WeightsError(f"weights: no tensor {name}, which every checkpoint of this family has. Is it damaged?")

    def shape(self, name: str, dimensions: int = 4) -> tuple[int, ...]:
        """Return the shape of a tensor; WeightsError if it has another number of dimensions, or no numbers."""
        shape = tuple(self[name].shape)
        if len(shape) != dimensions or 0 in shape:
            size = "x".join(map(str, shape)) or "a number"
            raise WeightsError(f"weights: {name} is {size}, wanted {dimensions} dimensions. Is it damaged?")
        return shape

    def joined(self, names: Sequence[str], join: Callable[[list[Tensor]], Tensor] = torch.cat) -> Tensor:
        """Join tensors of one shape and type; WeightsError if shapes or types differ."""
        tensors = [self[name] for name in names]
        kinds = {(tensor.shape, tensor.dtype) for tensor in tensors}
        if len(kinds) > 1 or tensors[0].ndim == 0:
            raise WeightsError(f"weights: {', '.join(names)} differ in shape or type. Is one damaged?")
        return join(tensors)


def fill(network: nn.Module, state: dict[str, Tensor], where: str) -> nn.Module:
    """Put tensors into a network, which may have been built on the "meta" device and then has no others.

    Floating-point tensors become float32. Counts of batches, which only some versions of PyTorch write and nothing
    here reads, become 0.

    Parameters
    ----------
    network : nn.Module
    state : dict of str to Tensor
        Under the network's own names; the network takes the tensors themselves where they are float32.
    where : str
        First words of errors, such as the file's name.

    Returns
    -------
    the network

    Raises
    ------
    WeightsError
        If a tensor is missing, unexpected, or has another shape or type; the network is then unchanged.
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
