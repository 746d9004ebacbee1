"""The trimap as planes of its classes."""

import torch
from torch import Tensor

BACKGROUND, FOREGROUND = 1 / 3, 2 / 3  # a trimap in 0..1 is background below and foreground from these (GCA's code)


def one_hot(trimap: Tensor) -> Tensor:
    """Return the planes background, unknown, foreground (N, 3, H, W) of a trimap (N, 1, H, W) in 0..1."""
    background, foreground = trimap < BACKGROUND, trimap >= FOREGROUND
    return torch.cat([background, ~(background | foreground), foreground], 1).to(trimap)
