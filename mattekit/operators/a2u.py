"""Affinity-aware up-sampling: kernels from pairs of features, Eq. (4) of A2U with X = Y and rank d = 1.

w = conv(P, gpconv(U, X) o gpconv(V, X)),   the product summed over the channels k = 1..C
"""

import math

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.operators.base import Guide, Resampler, check_even
from mattekit.operators.kernels import Fixed, Pooled, gpconv_pair
from mattekit.operators.reassemble import gather, spread
from mattekit.operators.whole import GlobalGroupNorm

KINDS = {"static": (Fixed, Fixed), "hybrid": (Fixed, Pooled), "dynamic": (Pooled, Pooled)}  # where U and V, P come from
NORMALISATIONS = ("sigmoid+softmax", "softmax")  # A2U Table 4


class A2U(Resampler):
    """A2U in every implementation the paper discusses (section 4, "Alternative Implementations").

    Parameters
    ----------
    channels : int
    kind : "static", "hybrid" or "dynamic"
        Learnt weights; P predicted from each image; U, V and P predicted from each image.
    shared : bool
        One U and one V for all channels ("cs") or one for each ("cw").
    pointwise : bool
        Four sets of U and V, one for each position of a 2x2 cell, in place of four sets of P ("pw").
    paired : bool
        Down-sample with kernels of the same affinity and a P of their own ("d"); kernels are 2 k_up wide, as in the
        released code: s_d = r^2 s_u of the text would be 4 k_up, and contradicts the +38K of Table 2.
    dagger : bool
        GroupNorm of 32 groups and LeakyReLU after U and V; C a multiple of 32.
    k_up, k_en : int
        Sizes of the up-sampling kernel (odd) and of U and V. The text has k_en = 5, the released configurations 6.
    normalisation : "sigmoid+softmax" or "softmax"
        Of the up-sampling kernel over its taps. Kernels down have the softmax alone, and kernels of a single tap the
        sigmoid alone, as in the released code.
    scaled : bool
        Divide the affinity by sqrt(C), as the released code does and the text does not say.
    squash : bool
        A sigmoid after U, with which the paper's reconstruction network generalises IndexNet (section 5).

    Raises
    ------
    InputError
        If an option is unknown, k_up even, C not a multiple of 32 under `dagger`, or both `pointwise` and `paired`.
    """

    guided = True

    def __init__(
        self,
        channels: int,
        incoming: int | None = None,
        *,
        kind: str = "dynamic",
        shared: bool = True,
        pointwise: bool = False,
        paired: bool = False,
        dagger: bool = False,
        k_up: int = 3,
        k_en: int = 5,
        normalisation: str = "sigmoid+softmax",
        scaled: bool = True,
        squash: bool = False,
    ):
        super().__init__(channels, incoming)
        _check(kind, normalisation, k_up, not dagger or channels % 32 == 0, pointwise and paired)
        self.paired, self.k_up, self.squash = paired, k_up, squash
        self.normalisation = normalisation
        self.scale = channels**-0.5 if scaled else 1.0
        self.shape = (4 if pointwise else 1, 1 if shared else channels)  # sets, filters
        positions = 1 if pointwise else 4
        self.taps = [k_up**2 * positions, (2 * k_up) ** 2 if paired else 0]  # rows of P, up and down
        encoding, projecting = KINDS[kind]
        self.UV = encoding(channels, 2 * math.prod(self.shape), k_en)
        self.P = projecting(channels, sum(self.taps), 1)
        self.norm_u = _norm(channels) if dagger else nn.Identity()
        self.norm_v = _norm(channels) if dagger else nn.Identity()

    def guide(self, x: Tensor) -> Guide:
        """Eq. (4) twice: up, (N, 1, s*s, H, W), and, if paired, down, (N, 1, 4*s*s, H/2, W/2)."""
        check_even(x)
        affinity = self.affinity(x)  # (N, S, H/2, W/2)
        P_up, P_down = self.P(x).split(self.taps, 1)  # (N or 1, taps, 1, 1)
        # conv(P, affinity) has one input channel, and so is a product; a tap's four positions stand together.
        up = P_up.unflatten(1, (self.k_up**2, -1)) * affinity.unsqueeze(1)  # (N, s*s, 4, H/2, W/2)
        up = F.pixel_shuffle(self.normalise(up).flatten(1, 2), 2)  # (N, s*s, H, W)
        down = (P_down * affinity).softmax(1).unsqueeze(1) if self.paired else None
        return Guide(down, up.unsqueeze(1))

    def affinity(self, x: Tensor) -> Tensor:
        """Sum over k of gpconv(U, X) o gpconv(V, X), for each set of U and V: (N, S, H/2, W/2)."""
        u, v = gpconv_pair(self.UV(x).unflatten(1, (2, *self.shape)), x)  # (N, S, C, H/2, W/2)
        u, v = _each(self.norm_u, u), _each(self.norm_v, v)
        if self.squash:
            u = u.sigmoid()
        return (u * v).sum(2) * self.scale

    def normalise(self, kernel: Tensor) -> Tensor:
        """Over the taps, dimension 1."""
        if self.k_up == 1:
            return kernel.sigmoid()
        return (kernel.sigmoid() if self.normalisation == "sigmoid+softmax" else kernel).softmax(1)

    def weights(self) -> list[Tensor]:
        """Weights that give U, V and both P."""
        uv, p = self.UV.matrix, self.P.matrix
        return [*uv.chunk(2), *(part for part in p.split(self.taps) if len(part))]

    def down(self, x: Tensor, guide: Guide) -> Tensor:
        """Reassembly down if paired, else 2x2 max-pooling."""
        return gather(x, guide.down) if self.paired else super().down(x, guide)

    def up(self, y: Tensor, guide: Guide) -> Tensor:
        """Reassembly up, Eq. (1)."""
        return spread(y, guide.up)


def _norm(channels: int) -> nn.Module:
    return nn.Sequential(GlobalGroupNorm(32, channels), nn.LeakyReLU(0.01))


def _each(norm: nn.Module, maps: Tensor) -> Tensor:
    """Apply to every set on its own: (N, S, C, h, w)."""
    return norm(maps.flatten(0, 1)).reshape(maps.shape)


def _check(kind: str, normalisation: str, k_up: int, groups: bool, both: bool) -> None:
    if kind not in KINDS:
        raise InputError(f"A2U: kind {kind!r}, wanted one of {', '.join(KINDS)}.")
    if normalisation not in NORMALISATIONS:
        raise InputError(f"A2U: normalisation {normalisation!r}, wanted one of {', '.join(NORMALISATIONS)}.")
    if k_up % 2 == 0:
        raise InputError(f"A2U: k_up {k_up}, wanted an odd number.")
    if not groups:
        raise InputError("A2U: dagger with channels that are no multiple of 32, the number of groups. Switch it off.")
    if both:
        raise InputError("A2U: pointwise and paired; kernels down have no positions to tell apart. Choose one.")
