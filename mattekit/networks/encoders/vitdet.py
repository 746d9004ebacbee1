"""Plain vision transformer whose blocks attend mostly within windows (Li et al., "ViTDet", ECCV 2022, section 3).

Blocks that attend to the whole map end with a convolutional bottleneck (ViTMatte, section 3.2). Attention is computed
for some rows of queries at a time, which is exact: memory grows with the number of positions, not with its square.
"""

from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.tiling.global_layers import GlobalMapLayer

SCORES = 1 << 26  # bytes of attention's scores at once, unless one row of queries takes more
EPSILON = 1e-6  # of layer normalisation, here as in the released code


class Attention(nn.Module):
    """Attention of all positions of a map to one another, by likeness and by relative position.

    Parameters
    ----------
    channels, heads : int
    side : int
        Of the maps for which relative positions are learnt; for others they are interpolated.
    """

    def __init__(self, channels: int, heads: int, side: int):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.rel_pos_h, self.rel_pos_w = (nn.Parameter(torch.zeros(2 * side - 1, channels // heads)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, h, w, C) to (N, h, w, C)."""
        images, height, width, channels = x.shape
        # (3, N, heads, h, w, C / heads)
        query, key, value = self.qkv(x).reshape(images, height, width, 3, self.heads, -1).permute(3, 0, 4, 1, 2, 5)
        places = offsets(self.rel_pos_h, height), offsets(self.rel_pos_w, width)
        key, value = key.flatten(2, 3), value.flatten(2, 3)
        parts = [
            self._rows(query[:, :, rows], key, value, places[0][rows], places[1])
            for rows in _strips(height, images * self.heads * height * width**2 * x.element_size())
        ]
        y = torch.cat(parts, 2) if len(parts) > 1 else parts[0]  # (N, heads, h w, C / heads)
        return self.proj(y.transpose(1, 2).reshape(images, height, width, channels))

    def _rows(self, query: Tensor, key: Tensor, value: Tensor, down: Tensor, across: Tensor) -> Tensor:
        """Attend from some rows (N, heads, r, w, D) to all h w positions; return (N, heads, r w, D)."""
        by_row = torch.einsum("nhrwd,rkd->nhrwk", query, down)[..., None]
        by_column = torch.einsum("nhrwd,wkd->nhrwk", query, across)[..., None, :]
        bias = (by_row + by_column).flatten(4).flatten(2, 3)  # (N, heads, r w, h w)
        return F.scaled_dot_product_attention(query.flatten(2, 3), key, value, bias)


def offsets(table: Tensor, length: int) -> Tensor:
    """Return the vector for each pair of positions on a line, (length, length, D), from that of each offset."""
    table = F.interpolate(table.T[None], 2 * length - 1, mode="linear")[0].T
    position = torch.arange(length, device=table.device)
    return table[position[:, None] - position + length - 1]


def _strips(height: int, row_bytes: int) -> list[slice]:
    """Cut rows so that each strip's scores fit `SCORES`; an exported graph, whose sizes are free, has but one."""
    if torch.compiler.is_compiling():
        return [slice(None)]
    rows = max(1, SCORES // row_bytes)
    return [slice(first, first + rows) for first in range(0, height, rows)]


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of a map (N, C, h, w)."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, C, h, w)."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Bottleneck(nn.Module):
    """Residual block of a 1x1, a 3x3 and a 1x1 convolution, the middle ones of half the width."""

    def __init__(self, channels: int):
        super().__init__()
        half = channels // 2
        self.conv1, self.norm1 = nn.Conv2d(channels, half, 1, bias=False), ChannelNorm(half, EPSILON)
        self.conv2, self.norm2 = nn.Conv2d(half, half, 3, padding=1, bias=False), ChannelNorm(half, EPSILON)
        self.conv3, self.norm3 = nn.Conv2d(half, channels, 1, bias=False), ChannelNorm(channels, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, C, h, w)."""
        y = F.gelu(self.norm1(self.conv1(x)))
        y = F.gelu(self.norm2(self.conv2(y)))
        return x + self.norm3(self.conv3(y))


class Block(nn.Module):
    """Attention and a perceptron, each with a shortcut, and perhaps a bottleneck.

    Parameters
    ----------
    channels, heads, side
        See `Attention`.
    ratio : int
        Of the perceptron's hidden width to the channels.
    window : bool
        Attend within windows of `side` positions a side, not to the whole map.
    residual : bool
        Add the bottleneck.
    """

    def __init__(self, channels: int, heads: int, side: int, *, ratio: int, window: bool, residual: bool):
        super().__init__()
        self.window = side if window else 0
        self.norm1, self.norm2 = nn.LayerNorm(channels, EPSILON), nn.LayerNorm(channels, EPSILON)
        self.attention = Attention(channels, heads, side)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(channels, ratio * channels)})
        self.mlp["fc2"] = nn.Linear(ratio * channels, channels)
        self.residual = Bottleneck(channels) if residual else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, C, h, w)."""
        x = x.permute(0, 2, 3, 1)
        x = x + self._attended(self.norm1(x))
        x = x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))
        return self.residual(x.permute(0, 3, 1, 2))

    def _attended(self, x: Tensor) -> Tensor:
        """Attend within windows, the last ones filled up with zeros, or to the whole map (N, h, w, C)."""
        if not self.window:
            return self.attention(x)
        (height, width), side = x.shape[1:3], self.window
        x = F.pad(x, (0, 0, 0, -width % side, 0, -height % side))
        images, rows, columns = x.shape[0], x.shape[1] // side, x.shape[2] // side
        windows = x.reshape(images, rows, side, columns, side, -1).transpose(2, 3).flatten(0, 2)
        y = self.attention(windows).reshape(images, rows, columns, side, side, -1)
        return y.transpose(2, 3).flatten(3, 4).flatten(1, 2)[:, :height, :width]


class Transformer(nn.Module):
    """Learnt positions and blocks: the part of the network behind the patches.

    Parameters
    ----------
    channels, heads, depth, ratio : int
    side : int
        Of the map for which positions were learnt before; they are interpolated for others.
    whole : int
        Of the maps for which relative positions of the whole map are learnt.
    window : int
    windowed, residual : collection of int
        Blocks that attend within windows, and those that end with a bottleneck.
    """

    def __init__(
        self,
        channels: int,
        heads: int,
        depth: int,
        *,
        ratio: int,
        side: int,
        whole: int,
        window: int,
        windowed: Collection[int],
        residual: Collection[int],
    ):
        super().__init__()
        self.position = nn.Parameter(torch.zeros(1, channels, side, side))
        self.blocks = nn.Sequential()
        for i in range(depth):
            local = i in windowed
            options = dict(ratio=ratio, window=local, residual=i in residual)
            self.blocks.append(Block(channels, heads, window if local else whole, **options))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, C, h, w)."""
        return self.blocks(x + F.interpolate(self.position, x.shape[2:], mode="bicubic"))


class GlobalTransformer(GlobalMapLayer, Transformer):
    """A transformer that sees the whole image, also where the network works in tiles."""
