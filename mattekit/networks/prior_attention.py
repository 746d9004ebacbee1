"""Window attention with prior-tokens: means of the trimap's regions that every window sees beside its own tokens.

Park et al., "MatteFormer", sections 3.2 to 3.4 (PA-WSA, the PAST block, the prior-memory); windows and their shifts
are those of Liu et al., "Swin Transformer", section 3.2.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WINDOW = 7  # tokens along each side
SHIFT = WINDOW // 2
REGIONS = 3  # unknown, background, foreground: their order in the tokens
BLOCKED = -100.0  # added to the attention between tokens that only a cyclic shift has brought together
TINY = 1e-9  # added to the number of tokens of a region
RATIO = 4  # of the hidden layer to the width


class PriorAttention(nn.Module):
    """Multi-head attention of each window's tokens to themselves and to prior-tokens.

    Parameters
    ----------
    width, heads : int
    sets : int
        Of three prior-tokens each.
    """

    def __init__(self, width: int, heads: int, sets: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.bias_table = nn.Parameter(torch.zeros((2 * WINDOW - 1) ** 2 + REGIONS * sets, heads))
        self.register_buffer("places", _places(REGIONS * sets), persistent=False)

    def forward(self, x: Tensor, priors: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the changed tokens, and the prior-tokens, which attend to nothing but are projected likewise.

        Parameters
        ----------
        x : (N, W, 49, C), the tokens of the windows.
        priors : (N, T, C)
        mask : (W, 49, 49), optional
            Added to the attention between a window's tokens.
        """
        q, k, v = self._split(x)  # (N, W, heads, 49, d)
        _, k_prior, v_prior = (part[:, None].expand(-1, x.shape[1], -1, -1, -1) for part in self._split(priors))
        alike = q * q.shape[-1] ** -0.5 @ torch.cat([k, k_prior], 3).mT + self.bias_table[self.places].permute(2, 0, 1)
        if mask is not None:
            alike = alike + F.pad(mask, (0, priors.shape[1]))[:, None]
        mixed = alike.softmax(4) @ torch.cat([v, v_prior], 3)
        return self.project(_joined(mixed)), self.project(_joined(v_prior[:, 0]))

    def _split(self, x: Tensor) -> tuple[Tensor, ...]:
        """(..., L, C) -> queries, keys and values (..., heads, L, d)."""
        parts = self.qkv(x).unflatten(-1, (3, self.heads, -1)).movedim(-2, -4)  # (..., heads, L, 3, d)
        return parts.unbind(-2)


def _joined(x: Tensor) -> Tensor:
    """(..., heads, L, d) -> (..., L, C)."""
    return x.transpose(-3, -2).flatten(-2)


def _places(priors: int) -> Tensor:
    """Return the row of the table of biases for each pair of tokens: (49, 49 + priors)."""
    # On the CPU even where a network is built without memory: no file provides them.
    side = torch.arange(WINDOW, device="cpu")
    rows, columns = (grid.flatten() for grid in torch.meshgrid(side, side, indexing="ij"))
    down, right = (place[:, None] - place + WINDOW - 1 for place in (rows, columns))
    last = torch.arange(priors, device="cpu") + (2 * WINDOW - 1) ** 2
    return torch.cat([down * (2 * WINDOW - 1) + right, last.expand(WINDOW**2, -1)], 1)


class PriorBlock(nn.Module):
    """Attention and a two-layer perceptron, each behind a norm and in a residual connection, for all tokens.

    Parameters
    ----------
    width, heads, sets
        As for `PriorAttention`.
    shifted : bool
        Windows begin 3 tokens further down and to the right.
    drop : float
        Chance that an image skips either part in training (stochastic depth).
    """

    def __init__(self, width: int, heads: int, sets: int, *, shifted: bool, drop: float = 0.0):
        super().__init__()
        self.shift, self.drop = SHIFT if shifted else 0, drop
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = PriorAttention(width, heads, sets)
        self.mlp = nn.Sequential(nn.Linear(width, RATIO * width), nn.GELU(), nn.Linear(RATIO * width, width))

    def forward(self, x: Tensor, regions: Tensor, memory: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the changed tokens and the prior-memory.

        Parameters
        ----------
        x : (N, h, w, C)
        regions : (N, 3, h, w), masks of the unknown, the background and the foreground.
        memory : (N, T, C), optional
            Prior-tokens of the blocks before.
        """
        own = torch.einsum("nrhw,nhwc->nrc", regions, x) / (regions.sum((2, 3))[..., None] + TINY)
        priors = own if memory is None else torch.cat([memory, own], 1)
        windows, mask = _windows(self.norm1(x), self.shift)
        y, z = self.attention(windows, self.norm1(priors), mask)
        x = x + self._kept(_whole(y, x.shape[1:3], self.shift))
        priors = priors + self._kept(z)
        return x + self._kept(self.mlp(self.norm2(x))), priors + self._kept(self.mlp(self.norm2(priors)))

    def _kept(self, y: Tensor) -> Tensor:
        """Set whole images to 0 at random in training, and enlarge the others to make up for them."""
        if not self.training or not self.drop:
            return y
        keep = y.new_empty(y.shape[0], *[1] * (y.dim() - 1)).bernoulli_(1 - self.drop)
        return y * keep / (1 - self.drop)


def _windows(x: Tensor, shift: int) -> tuple[Tensor, Tensor | None]:
    """Cut (N, h, w, C), padded with zeros, into windows (N, W, 49, C); also return the mask of shifted ones."""
    bottom, right = (-side % WINDOW for side in x.shape[1:3])
    x = F.pad(x, (0, 0, 0, right, 0, bottom))
    if not shift:
        return _cut(x), None
    rows, columns = (_parts(side, x) for side in x.shape[1:3])
    part = _cut((3 * rows[:, None] + columns)[None, ..., None])[0, :, :, 0]  # (W, 49)
    mask = (part[:, None] != part[..., None]).to(x) * BLOCKED
    return _cut(x.roll((-shift, -shift), (1, 2))), mask


def _parts(side: int, x: Tensor) -> Tensor:
    """Number the three parts of a shifted side (side,): whole windows, the last one's own tokens, those shifted in."""
    place = torch.arange(side, device=x.device)
    return (place >= side - WINDOW).long() + (place >= side - SHIFT).long()


def _cut(x: Tensor) -> Tensor:
    n, h, w, c = x.shape
    return x.reshape(n, h // WINDOW, WINDOW, w // WINDOW, WINDOW, c).transpose(2, 3).reshape(n, -1, WINDOW**2, c)


def _whole(windows: Tensor, size: tuple[int, int], shift: int) -> Tensor:
    """Put windows (N, W, 49, C) together to (N, h, w, C)."""
    rows, columns = ((side + WINDOW - 1) // WINDOW for side in size)  # exported division of negatives rounds to 0
    x = windows.unflatten(2, (WINDOW, WINDOW)).unflatten(1, (rows, columns)).transpose(2, 3)
    x = x.flatten(3, 4).flatten(1, 2)
    x = x.roll((shift, shift), (1, 2)) if shift else x
    return x[:, : size[0], : size[1]]
