"""A moving average of the weights, which is steadier than the weights of any one step (Polyak and Juditsky, 1992)."""

import copy

import torch
from torch import nn


class Average:
    """The exponential moving average of a network's weights and running statistics.

    Parameters
    ----------
    network : nn.Module
        A copy of it is kept. Its tensors are read at every update, so they must stay where they are.
    decay : float
        Share of the old average that a step leaves. The first steps leave less, (1 + n) / (10 + n) after n of them,
        so that the random weights at the start are forgotten.

    Attributes
    ----------
    network : nn.Module
        With the averages, in eval mode.
    """

    def __init__(self, network: nn.Module, decay: float):
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay, self.count = decay, 0
        pairs = list(zip(self.network.state_dict().values(), network.state_dict().values(), strict=True))
        self._means = [pair for pair in pairs if pair[0].is_floating_point()]
        self._counts = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step."""
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        self.count += 1
        for mean, value in self._means:
            mean.lerp_(value, 1 - decay)
        for mean, value in self._counts:
            mean.copy_(value)

    def state_dict(self) -> dict:
        """Return what `load_state_dict` takes."""
        return {"network": self.network.state_dict(), "count": self.count}

    def load_state_dict(self, state: dict) -> None:
        """Go on from what `state_dict` gave."""
        self.network.load_state_dict(state["network"])
        self.count = state["count"]
