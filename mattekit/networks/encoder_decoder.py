"""Encoder and decoder joined by up-sampling operators: the class of nearly all networks here.

How to write a network
----------------------
A network is one file: a function that builds the parts and passes them to `EncoderDecoder`, and `ROWS`, which declare
what other packages need to know about it (`networks.base.Row`); `NETWORKS` collects them. `networks/a2u.py` is an
example.

- encoder: a module `forward(x, halve)` that returns features, finest first, the last being the deepest. Where it loses
  resolution it calls `x, skip = halve(x)`: the operator at that place makes its guide and returns the halved map and
  the skip connection. If `strided`, `halve` is None and the encoder keeps its own strides.
- resamplers: one operator (`mattekit.operators.make`) for each stage of the decoder, finest first; `Keep` where a stage
  only fuses. The encoder calls `halve` once for each of them, in that order. If `strided`, guides come from the
  laterals' outputs instead (A2U section 6.1).
- laterals: one module for each stage, applied to the encoder's feature before fusion; mostly `nn.Identity()`.
- blocks: one module for each stage, applied after fusion; finest first, as everywhere.
- context: from the deepest feature to the decoder's first input (ASPP; LSA's deepest decoder block).
- head: from the finest decoder feature to the output.

Take every width from the encoder's attributes, so that channel-wise operators find as many channels in the decoder as
in their guide, and leave other restrictions to the operators.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.networks.base import Adjust, Network
from mattekit.operators import Guide, Resampler

PLANES = 4  # of the input: RGB and trimap, before estimates
FUSIONS = {  # name -> (fusion of y with the skip connection, factor of the block's input channels)
    "none": (lambda y, skip: y, 1),
    "add": (lambda y, skip: y + skip, 1),
    "concat": (lambda y, skip: torch.cat([y, skip], 1), 2),
}


class Pyramid(NamedTuple):
    """Output of the encoder, input of the decoder."""

    # One for each stage, finest first, None if not fused; then the deepest, after context.
    features: list[Tensor | None]
    guides: list[Guide | None]  # one for each stage
    prior: Tensor | None = None  # (N, E, H, W), estimates of the output, for networks that take some


class Halving:
    """Callable for an encoder that halves maps by operators, finest first, and collects their guides."""

    def __init__(self, resamplers: nn.ModuleList):
        self.resamplers = list(resamplers)
        self.guides: list[Guide | None] = []

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the halved map and the skip connection of x."""
        halved, skip, guide = self.resamplers[len(self.guides)].halve(x)
        self.guides.append(guide)
        return halved, skip


class EncoderDecoder(Network):
    """Encoder, context, decoder and head, with operators between the resolutions.

    Parameters
    ----------
    encoder, context, laterals, resamplers, blocks, head
        The parts, as the module's text describes them; lists run from fine to coarse.
    fusion : "none", "add" or "concat"
    strided : bool
        The encoder keeps its own strides.
    stride : int
        Of the deepest feature; images whose sides are no multiple of it are padded, see `forward`.
    join : nn.Module, optional
        Combines the head's output with the estimates in the input's channels after the fourth.
    prior : str, optional
        The row of `baselines.priors.PRIORS` that makes these estimates.
    """

    def __init__(
        self,
        *,
        encoder: nn.Module,
        context: nn.Module,
        laterals: list[nn.Module],
        resamplers: list[Resampler],
        blocks: list[nn.Module],
        head: nn.Module,
        fusion: str,
        strided: bool,
        stride: int,
        join: nn.Module | None = None,
        prior: str | None = None,
    ):
        super().__init__()
        self.encoder, self.context, self.head = encoder, context, head
        self.laterals, self.resamplers = nn.ModuleList(laterals), nn.ModuleList(resamplers)
        self.blocks = nn.ModuleList(blocks)
        self.fusion, self.strided, self.stride = fusion, strided, stride
        self.join, self.prior = join, prior

    def encode(self, x: Tensor) -> Pyramid:
        """Map (N, C, H, W), sides multiples of `stride`, to a Pyramid."""
        halve = None if self.strided else Halving(self.resamplers)
        features = self.encoder(x, halve)
        deepest = self.context(features.pop())
        features = [lateral(feature) for lateral, feature in zip(self.laterals, features, strict=True)]
        if self.strided:
            guides = [resampler.guide(f) for resampler, f in zip(self.resamplers, features, strict=True)]
        else:
            guides = halve.guides
        if self.fusion == "none":
            features = [None] * len(features)
        return Pyramid([*features, deepest], guides, x[:, PLANES:] if self.join else None)

    def decode(self, pyramid: Pyramid, adjust: Adjust | None = None) -> Tensor:
        """Decode a pyramid to (N, C', H, W), without activation.

        `adjust(level, y)` may change the last decoder feature of every resolution, the deepest included; y is
        (N, C, H / 2**level, W / 2**level). It is called from the deepest level to level 0.
        """
        adjust = adjust or (lambda level, y: y)
        level, y = self.stride.bit_length() - 1, pyramid.features[-1]
        for i in reversed(range(len(self.blocks))):
            if self.resamplers[i].ratio == 2:
                y = adjust(level, y)
                level -= 1
            y = self.stage(i, self.blocks[i], y, pyramid.guides[i], pyramid.features[i])
        return self.join_prior(self.head(adjust(level, y)), pyramid.prior)

    def join_prior(self, y: Tensor, prior: Tensor | None) -> Tensor:
        """Join the head's output with the estimates, if there are any."""
        return self.join(y, prior) if self.join else y

    def stage(self, i: int, block: nn.Module, y: Tensor, guide: Guide | None, skip: Tensor | None) -> Tensor:
        """Compute stage i: up-sampling, fusion with the skip connection, block."""
        fuse, _ = FUSIONS[self.fusion]
        return block(fuse(self.resamplers[i].up(y, guide), skip))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H, W), padded by reflection to multiples of `stride` and cropped again.

        This is A2U's rule for whole images; the other papers' preparations leave nothing to pad.
        """
        height, width = x.shape[-2:]
        return self.decode(self.encode(pad(x, self.stride)))[..., :height, :width]


def pad(x: Tensor, stride: int) -> Tensor:
    """Pad (N, C, H, W) at the bottom and the right to multiples of `stride`.

    By reflection without repeating the edge, as in A2U's inference; by repeating the edge where a side is too short.
    """
    bottom, right = -x.shape[-2] % stride, -x.shape[-1] % stride
    if not bottom and not right:
        return x
    mode = "reflect" if bottom < x.shape[-2] and right < x.shape[-1] else "replicate"
    return F.pad(x, (0, right, 0, bottom), mode=mode)


def fusion_factor(fusion: str) -> int:
    """Return the factor by which a fusion multiplies the input channels of a block.

    Raises
    ------
    InputError
        If the fusion is unknown.
    """
    if fusion not in FUSIONS:
        raise InputError(f"fusion: {fusion!r}, wanted one of {', '.join(FUSIONS)}.")
    return FUSIONS[fusion][1]
