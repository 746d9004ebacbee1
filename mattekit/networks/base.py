"""Base class of all networks: the two steps `encode` and `decode`, and all that others may ask of a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

if TYPE_CHECKING:
    from mattekit.networks.header import Header

Adjust = Callable[[int, Tensor], Tensor]  # of a level and its decoder feature: the feature, altered


class Network(nn.Module):
    """A network that works in two steps, so that refinement can repeat the second alone.

    Attributes
    ----------
    name, arguments : str, dict
        What `networks.build` was given.
    header : Header or None
        The description in the file that the network was loaded from.
    stride : int
        Input pixels per position of the deepest feature map.
    prior : str or None
        The row of `baselines.priors.PRIORS` whose estimates the input carries behind image and trimap.
    """

    name: str = ""
    arguments: dict[str, Any] = {}  # noqa: RUF012 - replaced by `build`, never written to
    header: Header | None = None
    stride: int = 32
    prior: str | None = None

    def encode(self, x: Tensor) -> Any:
        """(N, C, H, W), sides multiples of `stride` -> the argument of `decode`."""
        raise NotImplementedError

    def decode(self, encoded: Any, adjust: Adjust | None = None) -> Tensor:
        """Result of `encode` -> (N, C', H, W), without activation."""
        raise NotImplementedError

    def parts(self) -> dict[str, list[nn.Module]]:
        """Return modules by the part they belong to: "encoder", "decoder" and, if there is one, "refinement"."""
        decoder = [child for name, child in self.named_children() if name != "encoder"]
        return {"encoder": [self.encoder], "decoder": decoder}

    def initial_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the state to start training from, given a file's: the same, unless the file holds a stage alone."""
        return state
