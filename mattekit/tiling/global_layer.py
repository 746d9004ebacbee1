"""Layers whose output depends on their whole input, and how tiles give them the whole image's context."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn

Override = Callable[["GlobalLayer", Tensor], Tensor]  # of a layer and its input: the context to use


class Accumulator:
    """Computes the context of a layer from its input in parts."""

    def add(self, x: Tensor, top: int, left: int) -> None:
        """Add (1, C, h, w), the part of the layer's input at that position; every position is added once."""
        raise NotImplementedError

    def result(self) -> Tensor:
        """Return the context of the whole input."""
        raise NotImplementedError


class GlobalLayer(nn.Module):
    """A layer that computes a context of its whole input first, and its output from that.

    Attributes
    ----------
    override : function of layer and input, optional
        Returns the context to use instead of the input's own.
    is_map : bool
        The context is a map of the input's size, of which a tile needs its part.
    """

    override: Override | None = None
    is_map = False

    def context(self, x: Tensor) -> Tensor:
        """Return the context of x (N, C, H, W)."""
        raise NotImplementedError

    def accumulator(self, height: int, width: int) -> Accumulator:
        """Return an accumulator for an input of that size."""
        raise NotImplementedError

    def current_context(self, x: Tensor) -> Tensor:
        """Return the override's context if there is one, else that of x."""
        return self.context(x) if self.override is None else self.override(self, x)


def global_layers(module: nn.Module) -> list[GlobalLayer]:
    """Return the global layers in a module, without those inside one another."""
    if isinstance(module, GlobalLayer):
        return [module]
    return [layer for child in module.children() for layer in global_layers(child)]


@contextmanager
def overridden(layers: Iterable[GlobalLayer], override: Override) -> Iterator[None]:
    """Let layers use other contexts while the block runs."""
    layers = list(layers)
    for layer in layers:
        layer.override = override
    try:
        yield
    finally:
        for layer in layers:
            layer.override = None
