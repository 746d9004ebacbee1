"""Copies of networks that compute the same faster and in less memory: for inference alone.

Norms are folded into convolutions, maps are laid out channels last, blocks of the large maps are computed in strips,
and IndexNet's operators keep their indices where their convolutions leave them.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mattekit.networks.base import Adjust
from mattekit.networks.encoder_decoder import FUSIONS, EncoderDecoder, Pyramid
from mattekit.networks.encoders.mobilenetv2 import InvertedResidual
from mattekit.networks.encoders.vgg import VGG16
from mattekit.networks.layers import ConvNorm, Local
from mattekit.networks.spectral import Spectral
from mattekit.networks.standardised import StandardisedConv2d
from mattekit.operators import Guide
from mattekit.operators.indexnet import IndexNet
from mattekit.operators.indexnet_inference import IndexNetInference

STRIP = 1 << 23  # bytes of the widest map between two layers in one strip
LAYERS = (nn.Sequential, nn.ModuleList, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.Sigmoid, nn.Identity, nn.BatchNorm2d)


def halo(module: nn.Module) -> int | None:
    """Return the rows above and below an output row that a module sees; None if unknown, or if it changes the size."""
    rows = 0
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            if part.stride[0] != 1:
                return None
            rows += part.dilation[0] * (part.kernel_size[0] // 2)
        elif not isinstance(part, (Local, *LAYERS)):
            return None
    return rows


def in_strips(run: Callable[[int, int], Tensor], height: int, rows: int, around: int) -> Tensor:
    """Compute a map of `height` rows, `rows` at a time.

    Parameters
    ----------
    run : function of (first, end) that returns a map (N, C, end - first, W)
        Right in the rows that are `around` or more away from `first` and `end`, or from where the whole map ends.
    height, rows, around : int
    """
    if rows >= height:
        return run(0, height)
    out = None
    for r in range(0, height, rows):
        first = max(r - around, 0)
        y = run(first, min(r + rows + around, height))[:, :, r - first :][:, :, :rows]
        if out is None:
            shape = (*y.shape[:2], height, y.shape[3])
            out = torch.empty(shape, dtype=y.dtype, device=y.device, memory_format=torch.channels_last)
        out[:, :, r : r + rows] = y
    return out


def strip_rows(module: nn.Module, width: int, bytes_each: int) -> int:
    """Choose the rows of a strip, so that the widest map fits the cache and not much is computed twice."""
    convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    channels = max((max(conv.in_channels, conv.out_channels) for conv in convolutions), default=1)
    return max(16 * halo(module), STRIP // (channels * width * bytes_each), 1)


class Strips(nn.Module):
    """Wrapper that computes a module in strips.

    Parameters
    ----------
    module : nn.Module
        With a `halo`.
    """

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H, W)."""
        height, width = x.shape[2:]
        rows = strip_rows(self.module, width, x.element_size())
        return in_strips(lambda first, end: self.module(x[:, :, first:end]), height, rows, halo(self.module))


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
    return _optimise(network).to(memory_format=torch.channels_last) if fold else network


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
        del pyramid  # so that features are freed after their stage
        y = features.pop()
        for i in reversed(range(len(self.blocks))):
            block = self.blocks[i] if i else nn.Sequential(self.blocks[0], self.head)
            y = self.stage(i, block, y, guides.pop(), features.pop())
        return self.join_prior(y, prior)

    def stage(self, i: int, block: nn.Module, y: Tensor, guide: Guide | None, skip: Tensor | None) -> Tensor:
        """Compute one decoder level as `EncoderDecoder` does, in strips where its block is local."""
        margin = halo(block)
        if margin is None or y.requires_grad:  # autograd keeps whole maps in any case
            return super().stage(i, block, y, guide, skip)
        (fuse, _), up = FUSIONS[self.fusion], self.resamplers[i].rows(y, guide)
        height, width = (side * self.resamplers[i].ratio for side in y.shape[2:])

        def run(first: int, end: int) -> Tensor:
            return block(fuse(up(first, end), None if skip is None else skip[:, :, first:end]))

        return in_strips(run, height, strip_rows(block, width, y.element_size()), margin)


def _optimise(module: nn.Module) -> nn.Module:
    """Replace all parts of a module by faster equivalents, innermost first."""
    for name, child in module.named_children():
        setattr(module, name, _optimise(child))
    if isinstance(module, (Spectral, StandardisedConv2d)):
        return module.plain()
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
    dtype, transposed = conv.weight.dtype, isinstance(conv, nn.ConvTranspose2d)
    return fuse_conv_bn_eval(conv.double(), norm.double(), transpose=transposed).to(dtype)
