"""The network of the default weights: a small encoder-decoder that blends classical estimates of alpha.

Its input carries the estimates behind the trimap (`baselines.coarse`); its output is a mean of them, of 0 and of 1,
with weights of its own at each pixel. Training starts with nearly all weight
on the best estimate. Outside training, a share of the estimates' trimmed mean is added. The encoder begins at
half the resolution, by space to depth, and the head ends with depth to space; below that any operator of the papers
goes down and up. Measured in examples/default-weights: bilinear learns as fast as A2U's static kernels at two thirds of
the cost, holistic indices learn more slowly here.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from mattekit.baselines.priors import COARSE_BLENDED, COARSE_CUES, COARSE_ESTIMATES
from mattekit.networks.base import InputSize, Row
from mattekit.networks.encoder_decoder import PLANES, EncoderDecoder
from mattekit.networks.layers import ConvNorm
from mattekit.operators import make

COARSE_PLANES = len(COARSE_ESTIMATES) + len(COARSE_CUES)
WIDTHS = (32, 64, 96, 128)  # at 1/2, 1/4, 1/8 and 1/16
KEPT = 0.25  # share of their trimmed mean in the output, for photographs unlike the training pictures
BEST, EXTREME = 3.0, -3.0  # initial logits of the first estimate, and of 0 and 1; 0 for all others


class SpaceToDepthEncoder(nn.Module):
    """Encoder whose stages have two convolutions each, the first after space to depth.

    Parameters
    ----------
    channels : int
        Of the input.
    widths : tuple of int
        Of the stages, finest first.
    """

    def __init__(self, channels: int, widths: tuple[int, ...]):
        super().__init__()
        self.channels = widths
        self.stages = nn.ModuleList(
            conv_pair(before, width) for before, width in zip((4 * channels, *widths), widths, strict=False)
        )

    def forward(self, x: Tensor, halve: Callable[[Tensor], tuple[Tensor, Tensor]]) -> list[Tensor]:
        """Map (N, C, H, W) to the feature of each stage; `halve` is called after each but the last."""
        x, features = space_to_depth(x), []
        for stage in self.stages[:-1]:
            x, skip = halve(stage(x))
            features.append(skip)
        return [*features, self.stages[-1](x)]


class DepthToSpace(nn.Module):
    """Turn each four channels into 2x2 pixels."""

    def forward(self, y: Tensor) -> Tensor:
        """Map (N, 4 C, H/2, W/2) to (N, C, H, W)."""
        n, channels, h, w = y.shape
        return y.view(n, channels // 4, 2, 2, h, w).permute(0, 1, 4, 2, 5, 3).reshape(n, -1, 2 * h, 2 * w)


class ConvexBlend(nn.Module):
    """Convex combination of estimates, of 0 and of 1, with weights for each pixel.

    Parameters
    ----------
    estimates : int
        Number of the given planes that are estimates, the first; others are inputs for the network alone.
    kept : float
        Share of the plain estimates' `trimmed_mean` in the output outside training.
    """

    def __init__(self, estimates: int, kept: float = 0.0):
        super().__init__()
        self.estimates, self.kept = estimates, kept

    def forward(self, y: Tensor, prior: Tensor) -> Tensor:
        """Blend planes (N, E, H, W) by logits (N, estimates + 2, H, W): (N, 1, H, W) in 0..1."""
        weights = y.float().softmax(1)
        blend = (weights[:, : self.estimates] * prior[:, : self.estimates]).sum(1, keepdim=True)
        blend = blend + weights[:, -1:]
        if self.training or not self.kept:
            return blend
        return blend + self.kept * (trimmed_mean(prior[:, COARSE_BLENDED]) - blend)


def trimmed_mean(planes: Tensor) -> Tensor:
    """Return the mean of planes (N, C, H, W) without the smallest and the largest at each pixel: (N, 1, H, W)."""
    rest = planes.sum(1, keepdim=True) - planes.amin(1, keepdim=True) - planes.amax(1, keepdim=True)
    return rest / (planes.shape[1] - 2)


class DilatedContext(nn.Module):
    """Convolutions with growing dilation, each in a residual connection."""

    def __init__(self, channels: int, dilations: tuple[int, ...] = (2, 4, 8)):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=d, dilation=d) for d in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H, W)."""
        for conv in self.convs:
            x = x + conv(x).relu()
        return x


def mixing(
    resampler: str = "bilinear",
    *,
    prior: str = "coarse",
    planes: int = COARSE_PLANES,
    estimates: int = len(COARSE_ESTIMATES),
    widths: tuple[int, ...] = WIDTHS,
    kept: float = KEPT,
    **options,
) -> EncoderDecoder:
    """Build the network.

    Parameters
    ----------
    resampler : str
        A name in `mattekit.operators.OPERATORS`.
    prior : str
        The row of `mattekit.baselines.priors.PRIORS` whose planes the input carries.
    planes, estimates : int
        Numbers of all planes, and of those, the first, that are estimates of alpha.
    widths : tuple of int
        Channels at 1/2, 1/4, ... of the resolution.
    kept : float
        See `ConvexBlend`.
    **options
        Arguments of the operator.

    Returns
    -------
    EncoderDecoder, (N, 4 + planes, H, W) -> (N, 1, H, W)
    """
    widths = tuple(widths)
    *fine, deepest = widths
    network = EncoderDecoder(
        encoder=SpaceToDepthEncoder(PLANES + planes, widths),
        context=nn.Sequential(DilatedContext(deepest), nn.Conv2d(deepest, fine[-1], 1)),
        laterals=[nn.Identity() for _ in fine],
        resamplers=[make(resampler, channels, **options) for channels in fine],
        blocks=[conv_pair(2 * width, out) for width, out in zip(fine, (fine[0], *fine[:-1]), strict=True)],
        head=nn.Sequential(nn.Conv2d(fine[0], 4 * (estimates + 2), 3, padding=1), DepthToSpace()),
        fusion="concat",
        strided=False,
        stride=2 ** len(widths),
        join=ConvexBlend(estimates, kept),
        prior=prior,
    )
    _initialise(network)
    return network


def space_to_depth(x: Tensor) -> Tensor:
    """Turn 2x2 pixels into channels: (N, C, H, W) -> (N, 4 C, H/2, W/2).

    As `F.pixel_unshuffle`, which loads PyTorch's compiler when memory is counted.
    """
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4).reshape(n, 4 * c, h // 2, w // 2)


def conv_pair(channels: int, out: int) -> nn.Sequential:
    """Build two 3x3 convolutions."""
    return nn.Sequential(ConvNorm(channels, out), ConvNorm(out, out))


def _initialise(network: EncoderDecoder) -> None:
    """Initialise by He's method, with a head that outputs its bias."""
    for module in network.modules():
        # Weights that a file will provide have no memory yet, and drawing them would load PyTorch's compiler.
        if isinstance(module, nn.Conv2d) and not module.weight.is_meta:
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    others = [0.0] * (network.join.estimates - 1)
    with torch.no_grad():
        network.head[0].weight.zero_()
        network.head[0].bias.view(-1, 4).copy_(torch.tensor([BEST, *others, EXTREME, EXTREME])[:, None])


ROWS = {
    "mixing": Row(
        mixing,
        {},
        "none: of the default weights",
        preparation="reflect-32",
        input=InputSize(PLANES + COARSE_PLANES, 256, 256),
    ),
}
