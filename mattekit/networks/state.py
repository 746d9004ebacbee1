"""Weights by name, as a checkpoint has them: whatever is missing or misshapen is a WeightsError that names it."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mattekit.errors import WeightsError


class State(dict[str, Tensor]):
    """Weights of a checkpoint by name; asking for one that is missing is a WeightsError."""

    def __missing__(self, name: str) -> Tensor:
        raise WeightsError(f"weights: no tensor {name}, which every checkpoint of this family has. Is it damaged?")

    def shape(self, name: str, dimensions: int = 4) -> tuple[int, ...]:
        """Return the shape of a tensor; WeightsError if it has another number of dimensions, or no numbers."""
        shape = tuple(self[name].shape)
        if len(shape) != dimensions or 0 in shape:
            found = "x".join(map(str, shape)) or "a number"
            raise WeightsError(f"weights: {name} is {found}, wanted {dimensions} dimensions. Is it damaged?")
        return shape

    def joined(self, names: Sequence[str], join: Callable[[list[Tensor]], Tensor] = torch.cat) -> Tensor:
        """Join tensors of one shape and type; WeightsError if theirs differ."""
        tensors = [self[name] for name in names]
        kinds = {(tensor.shape, tensor.dtype) for tensor in tensors}
        if len(kinds) > 1 or tensors[0].ndim == 0:
            raise WeightsError(f"weights: {', '.join(names)} differ in shape or type. Is one damaged?")
        return join(tensors)
