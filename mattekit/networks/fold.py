"""Copies of networks that compute the same with less: for inference alone."""

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mattekit.networks.layers import ConvNorm


def inference_copy(network: nn.Module, *, fold: bool = True) -> nn.Module:
    """Copy a network for inference.

    Parameters
    ----------
    network : nn.Module
    fold : bool
        Fold norms into convolutions.

    Returns
    -------
    nn.Module
        In eval mode, without gradients; the same outputs but for rounding.
    """
    network = copy.deepcopy(network).eval().requires_grad_(False)
    for module in list(network.modules()) if fold else []:
        if isinstance(module, ConvNorm):
            module.conv, module.norm = _fold(module.conv, module.norm), nn.Identity()
        elif isinstance(module, nn.Sequential):
            _fold_neighbours(module)
    return network


def _fold_neighbours(layers: nn.Sequential) -> None:
    """Fold every norm that follows a convolution."""
    for i in range(len(layers) - 1):
        if isinstance(layers[i], nn.Conv2d) and isinstance(layers[i + 1], nn.BatchNorm2d):
            layers[i], layers[i + 1] = _fold(layers[i], layers[i + 1]), nn.Identity()


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """In double precision: rounding once is as near the plain network as that is to the exact one."""
    dtype = conv.weight.dtype
    return fuse_conv_bn_eval(conv.double(), norm.double()).to(dtype)
