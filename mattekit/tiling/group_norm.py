"""Group normalisation over the whole map."""

import torch
from torch import Tensor, nn

from mattekit.tiling.global_layer import Accumulator, GlobalLayer


class GlobalGroupNorm(GlobalLayer, nn.GroupNorm):
    """`nn.GroupNorm`, whose means and variances over all positions are its context."""

    def context(self, x: Tensor) -> Tensor:
        """Return mean and variance of every group: (N, 2, groups)."""
        variance, mean = torch.var_mean(x.unflatten(1, (self.num_groups, -1)), (2, 3, 4), correction=0)
        return torch.stack([mean, variance], 1)

    def accumulator(self, height: int, width: int) -> Accumulator:
        """Return sums of the values and their squares."""
        return _Moments(self)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        if self.override is None:
            return nn.GroupNorm.forward(self, x)
        mean, variance = self.current_context(x).repeat_interleave(x.shape[1] // self.num_groups, 2).unbind(1)  # (N, C)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return torch.addcmul((self.bias - mean * scale)[..., None, None], x, scale[..., None, None])


class _Moments(Accumulator):
    def __init__(self, norm: GlobalGroupNorm):
        self.norm, self.sums, self.count = norm, 0, 0

    def add(self, x: Tensor, top: int, left: int) -> None:
        mean, variance = self.norm.context(x).double().unbind(1)
        number = x.shape[2] * x.shape[3]
        self.sums = self.sums + number * torch.stack([mean, variance + mean**2], 1)
        self.count += number

    def result(self) -> Tensor:
        mean, square = (self.sums / self.count).unbind(1)
        return torch.stack([mean, square - mean**2], 1)
