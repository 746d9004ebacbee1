"""Copies of networks that compute the same faster and in less memory: for inference alone.

Norms are folded into convolutions, maps are laid out channels last, blocks of the large maps are computed in strips,
and IndexNet's operators keep their indices where their convolutions leave them.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mattekit.networks.base import Adjust
from mattekit.networks.encoder_decoder import FUSIONS, EncoderDecoder, Pyramid
from mattekit.networks.encoders.mobilenetv2 import InvertedResidual
from mattekit.networks.encoders.vgg import VGG16
from mattekit.networks.layers import ConvNorm
from mattekit.networks.strips import Strips, halo, in_strips, strip
from mattekit.operators import Guide
from mattekit.operators.indexnet import IndexNet
from mattekit.operators.indexnet_inference import IndexNetInference


def inference_copy(network: nn.Module, *, fold: bool = True) -> nn.Module:
    """Copy a network for inference.

    Parameters
    ----------
    network : nn.Module
    fold : bool
        If not, the copy computes as the network does, layer by layer.

    Returns
    -------
    nn.Module
        In eval mode, without gradients of its parameters; the same outputs but for rounding.
    """
    network = copy.deepcopy(network).eval().requires_grad_(False)
    return _rebuilt(network).to(memory_format=torch.channels_last) if fold else network


class StripwiseDecoder(EncoderDecoder):
    """An encoder-decoder whose blocks, where they are local, are computed in strips together with the fusion."""

    @classmethod
    def of(cls, network: EncoderDecoder) -> "StripwiseDecoder":
        """Take over the parts of a network."""
        lists = {name: list(getattr(network, name)) for name in ("laterals", "resamplers", "blocks")}
        parts = {name: getattr(network, name) for name in ("encoder", "context", "head")}
        settings = {name: getattr(network, name) for name in ("fusion", "strided", "stride", "join", "prior")}
        return cls(**parts, **lists, **settings)

    def decode(self, pyramid: Pyramid, adjust: Adjust | None = None) -> Tensor:
        """Decode as `EncoderDecoder` does, the finest block and the head as one if nothing is adjusted."""
        if adjust is not None:
            return super().decode(pyramid, adjust)
        features, guides, prior = list(pyramid.features), list(pyramid.guides), pyramid.prior
        del pyramid  # so that what a stage has used is freed
        y = features.pop()
        for i in reversed(range(len(self.blocks))):
            block = self.blocks[i] if i else nn.Sequential(self.blocks[0], self.head)
            y = self.rise(i, block, y, guides.pop(), features.pop())
        return self.joined(y, prior)

    def rise(self, i: int, block: nn.Module, y: Tensor, guide: Guide | None, skip: Tensor | None) -> Tensor:
        """Compute one decoder level as `EncoderDecoder` does, in strips where its block is local."""
        around = halo(block)
        if around is None or y.requires_grad:  # autograd keeps whole maps anyway
            return super().rise(i, block, y, guide, skip)
        (fuse, _), up = FUSIONS[self.fusion], self.resamplers[i].rows(y, guide)
        height, width = (side * self.resamplers[i].ratio for side in y.shape[2:])

        def run(first: int, end: int) -> Tensor:
            return block(fuse(up(first, end), None if skip is None else skip[:, :, first:end]))

        return in_strips(run, height, strip(block, width, y.element_size()), around)


def _rebuilt(module: nn.Module) -> nn.Module:
    """Replace all parts of a module by equivalents that compute faster, innermost first."""
    for name, child in module.named_children():
        setattr(module, name, _rebuilt(child))
    if isinstance(module, ConvNorm):
        module.conv, module.norm = _folded(module.conv, module.norm), nn.Identity()
    elif isinstance(module, nn.Sequential):
        for i in range(len(module) - 1):
            if isinstance(module[i], nn.Conv2d) and isinstance(module[i + 1], nn.BatchNorm2d):
                module[i], module[i + 1] = _folded(module[i], module[i + 1]), nn.Identity()
    elif isinstance(module, InvertedResidual) and halo(module) is not None:
        return Strips(module)
    elif isinstance(module, VGG16):
        module.stages = nn.ModuleList(map(Strips, module.stages))
    elif isinstance(module, IndexNet):
        return IndexNetInference(module)
    elif isinstance(module, EncoderDecoder):
        return StripwiseDecoder.of(module)
    return module


def _folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """Fold a normalisation into its convolution in double precision, so that weights are rounded once."""
    dtype = conv.weight.dtype
    return fuse_conv_bn_eval(conv.double(), norm.double()).to(dtype)
