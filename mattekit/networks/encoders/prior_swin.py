"""Swin Transformer, tiny, with prior-tokens: MatteFormer's encoder (section 3.1 and Figure 2)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.mixing import DepthToSpace, space_to_depth
from mattekit.networks.prior_attention import REGIONS, PriorBlock
from mattekit.networks.spectral import shortcut
from mattekit.tiling.global_layers import GlobalLayer, GlobalMapStage, MapAccumulator

PATCH = 4  # pixels along the side of a token
WIDTHS, DEPTHS, HEADS = (96, 192, 384, 768), (2, 2, 6, 2), (3, 6, 12, 24)
DROP = 0.3  # of the last block; it grows from 0 evenly
SHORTCUTS = (32, 32, 64, 128, 256, 512)  # channels of the outputs, from stride 1 to 32
DEEP = 4  # of an image in tiles, the convolutions of outputs from this one on see the whole map


class PriorSwin(nn.Module):
    """Four stages of blocks, and convolutions of what each passes on.

    In tiles, the maps of tokens are assembled: prior-tokens are of the whole image, and so are windows.

    Parameters
    ----------
    channels : int
        Of the input, image and three planes of the trimap.

    Attributes
    ----------
    channels : tuple of int
        Of the outputs at strides 1, 2, 4, 8, 16 and 32.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.channels = SHORTCUTS
        self.embed, self.norm = nn.Conv2d(channels, WIDTHS[0], PATCH, PATCH), nn.LayerNorm(WIDTHS[0])
        drops = torch.linspace(0, DROP, sum(DEPTHS), device="cpu").tolist()
        stages, merges, first = [], [], 0
        for width, depth, heads in zip(WIDTHS, DEPTHS, HEADS, strict=True):
            stages.append(PriorStage(width, heads, drops[first : first + depth]))
            merges.append(Merging(width))
            first += depth
        self.stages, self.merges = nn.ModuleList(stages), nn.ModuleList(merges[:-1])
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in WIDTHS)
        self.doubling = Doubling()
        before = (channels, WIDTHS[0], *WIDTHS)
        paths = [shortcut(a, b) for a, b in zip(before, SHORTCUTS, strict=True)]
        deep = [GlobalMapStage(*path, strided=False) for path in paths[DEEP:]]
        self.shortcuts = nn.ModuleList([*paths[:DEEP], *deep])

    def forward(self, x: Tensor, regions: Tensor) -> list[Tensor]:
        """Map (N, C, H, W), and masks (N, 3, H, W) of the trimap's regions, to maps at strides 1 to 32."""
        tokens = _normed(self.norm, self.embed(x))
        outputs = [x, self.doubling(tokens)]
        for i, stage in enumerate(self.stages):
            step = PATCH << i
            tokens = stage(tokens, regions[..., ::step, ::step])
            outputs.append(_normed(self.norms[i], tokens))
            tokens = self.merges[i](tokens) if i < len(self.merges) else tokens
        # The deepest first: passes over tiles that collect what they see need not compute the finest.
        return [self.shortcuts[i](outputs[i]) for i in reversed(range(len(outputs)))][::-1]


def _normed(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """Normalise the channels of (N, C, h, w)."""
    return norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PriorStage(GlobalLayer):
    """Blocks of one resolution, every second one with shifted windows, and their memory of prior-tokens.

    Parameters
    ----------
    width, heads : int
    drops : list of float
        For each block, see `PriorBlock`.
    """

    is_map = True

    def __init__(self, width: int, heads: int, drops: list[float]):
        super().__init__()
        self.blocks = nn.ModuleList(
            PriorBlock(width, heads, i + 1, shifted=i % 2 == 1, drop=drop) for i, drop in enumerate(drops)
        )

    def forward(self, x: Tensor, regions: Tensor) -> Tensor:
        """Map tokens (N, C, h, w), of regions (N, 3, h, w), to (N, C, h, w)."""
        return self.current_context(torch.cat([x, regions.to(x)], 1))

    def context(self, x: Tensor) -> Tensor:
        """Return the output for tokens and regions joined."""
        x, regions = x.split([x.shape[1] - REGIONS, REGIONS], 1)
        y, memory = x.permute(0, 2, 3, 1), None
        for block in self.blocks:
            y, memory = block(y, regions, memory)
        return y.permute(0, 3, 1, 2)

    def accumulator(self, height: int, width: int) -> MapAccumulator:
        """Return an accumulator that assembles the map."""
        return MapAccumulator(self.context, height, width)


class Merging(nn.Module):
    """Join 2x2 tokens to one of twice the width (Swin Transformer, section 3.1)."""

    def __init__(self, width: int):
        super().__init__()
        self.norm, self.reduction = nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, 2 C, h/2, w/2)."""
        y = x.permute(0, 2, 3, 1)
        corners = [y[:, down::2, right::2] for right in (0, 1) for down in (0, 1)]
        return self.reduction(self.norm(torch.cat(corners, 3))).permute(0, 3, 1, 2)


class Doubling(GlobalLayer):
    """Bilinear up-sampling by 2 that maps corners to corners, as the authors' code has it.

    So the distance of samples depends on the map's size: in tiles, the whole map is enlarged. Its context, of the
    input's size, has the 2x2 positions as channels.
    """

    is_map = True

    def __init__(self) -> None:
        super().__init__()
        self.unfold = DepthToSpace()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, C, 2 h, 2 w)."""
        return self.unfold(self.current_context(x))

    def context(self, x: Tensor) -> Tensor:
        """Return the enlarged map with 2x2 positions as channels."""
        return space_to_depth(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True))

    def accumulator(self, height: int, width: int) -> MapAccumulator:
        """Return an accumulator that assembles the map."""
        return MapAccumulator(self.context, height, width)
