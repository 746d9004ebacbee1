"""Affinity-aware up-sampling: kernels from pairs of features by low-rank bilinear pooling, Eq. (4) of A2U.

w = conv(P, cat_r sum_k gpconv(U_r, X) o gpconv(V_r, Y)),   k = 1..C channels, r = 1..d ranks

In the tables X = Y and d = 1.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.operators.base import Guide, Resampler, check_even
from mattekit.operators.kernels import Fixed, Pooled, gpconv, gpconv_pair
from mattekit.operators.reassemble import gather, spread
from mattekit.tiling.global_layers import GlobalGroupNorm

KINDS = {
    "static": (Fixed, Fixed),
    "hybrid": (Fixed, Pooled),
    "dynamic": (Pooled, Pooled),
}  # U and V, P
NORMALISATIONS = ("sigmoid+softmax", "softmax")  # A2U Table 4
NONLINEARITIES = {"none": nn.Identity, "relu": nn.ReLU, "tanh": nn.Tanh}


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
    rank : int
        d, the rank of the bilinear weights, at most the number of positions under U: k_en^2.
    self_similarity : bool
        X = Y. If not, Y is the decoder's feature, which V sees at its own resolution and at the same centres, and the
        kernels are made on the way up.
    paired : bool
        Down-sample with kernels of the same affinity and a P of their own ("d"); kernels are 2 k_up wide, as in the
        released code: s_d = r^2 s_u of the text would be 4 k_up, and contradicts the +38K of Table 2.
    dagger : bool
        GroupNorm of 32 groups and LeakyReLU after U and V; C a multiple of 32.
    nonlinearity : "none", "relu" or "tanh"
        After U and V, without a norm.
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
        If an option is unknown or out of range, or two options exclude each other.
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
        rank: int = 1,
        self_similarity: bool = True,
        paired: bool = False,
        dagger: bool = False,
        nonlinearity: str = "none",
        k_up: int = 3,
        k_en: int = 5,
        normalisation: str = "sigmoid+softmax",
        scaled: bool = True,
        squash: bool = False,
    ):
        _check_choices(kind, normalisation, nonlinearity, k_up, k_en, rank)
        _check_pairs(channels, pointwise, paired, dagger, nonlinearity, self_similarity)
        self.channelwise = not self_similarity  # Eq. (2) pairs the channels of X and Y
        super().__init__(channels, incoming)
        self.self_similarity, self.paired, self.k_up, self.squash = self_similarity, paired, k_up, squash
        self.normalisation = normalisation
        self.scale = channels**-0.5 if scaled else 1.0
        sets = 4 if pointwise else 1
        self.rank, self.shape = rank, (rank * sets, 1 if shared else channels)  # sets, filters of each
        positions = 1 if pointwise else 4
        self.taps = [k_up**2 * positions, (2 * k_up) ** 2 if paired else 0]  # rows of P, up and down
        encoding, projecting = KINDS[kind]
        self.UV = encoding(channels, (2 if self_similarity else 1) * math.prod(self.shape), k_en)
        self.V = None if self_similarity else encoding(channels, math.prod(self.shape), k_en)  # U alone is in UV then
        self.P = projecting(channels, sum(self.taps) * rank, 1)
        self.norm_u, self.norm_v = (_activation(channels, dagger, nonlinearity) for _ in range(2))

    def guide(self, x: Tensor) -> Guide:
        """Compute Eq. (4) twice: up, (N, 1, s*s, H, W), and, if paired, down, (N, 1, 4*s*s, H/2, W/2).

        Without self-similarity, return x itself, which `up` needs together with the decoder's feature.
        """
        check_even(x)
        if not self.self_similarity:
            return Guide(None, x)
        affinity = self.affinity(x)
        down = self._project(x, affinity, up=False).softmax(1).unsqueeze(1) if self.paired else None
        return Guide(down, self._kernel_up(x, affinity))

    def affinity(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Sum gpconv(U, X) o gpconv(V, Y) over k, for each rank and set of U and V: (N, d S, H/2, W/2)."""
        if self.self_similarity:
            u, v = gpconv_pair(self.UV(x).unflatten(1, (2, *self.shape)), x)  # (N, d S, C, H/2, W/2)
        else:
            u = gpconv(self.UV(x).unflatten(1, self.shape), x)
            v = gpconv(self.V(y).unflatten(1, self.shape), y, stride=1)
        u, v = _per_set(self.norm_u, u), _per_set(self.norm_v, v)
        if self.squash:
            u = u.sigmoid()
        return (u * v).sum(2) * self.scale

    def _project(self, x: Tensor, affinity: Tensor, *, up: bool) -> Tensor:
        """Compute conv(P, affinity): (N, taps, H/2, W/2); the four positions of a tap up are adjacent."""
        P = self.P(x).unflatten(1, (-1, self.rank)).split(self.taps, 1)[0 if up else 1]  # (N or 1, taps, d, 1, 1)
        maps = affinity.unflatten(1, (self.rank, -1))  # (N, d, S, H/2, W/2)
        rows = [
            (P[:, :, r].unflatten(1, (self.k_up**2, -1)) * maps[:, r, None]).flatten(1, 2) for r in range(self.rank)
        ]
        return rows[0] if self.rank == 1 else torch.stack(rows).sum(0)

    def _kernel_up(self, x: Tensor, affinity: Tensor) -> Tensor:
        up = self._project(x, affinity, up=True).unflatten(1, (self.k_up**2, 4))  # (N, s*s, 4, H/2, W/2)
        return F.pixel_shuffle(self.normalise(up).flatten(1, 2), 2).unsqueeze(1)  # (N, 1, s*s, H, W)

    def normalise(self, kernel: Tensor) -> Tensor:
        """Normalise kernels over the taps, dimension 1."""
        if self.k_up == 1:
            return kernel.sigmoid()
        return (kernel.sigmoid() if self.normalisation == "sigmoid+softmax" else kernel).softmax(1)

    def weights(self) -> list[Tensor]:
        """Return the weights of U, V and both P."""
        uv = [*self.UV.matrix.chunk(2)] if self.V is None else [self.UV.matrix, self.V.matrix]
        return [*uv, *(part for part in self.P.matrix.split([self.rank * taps for taps in self.taps]) if len(part))]

    def down(self, x: Tensor, guide: Guide) -> Tensor:
        """Halve x by reassembly if paired, else by 2x2 max-pooling."""
        return gather(x, guide.down) if self.paired else super().down(x, guide)

    def up(self, y: Tensor, guide: Guide) -> Tensor:
        """Double y by reassembly, Eq. (1)."""
        x = guide.up
        return spread(y, x if self.self_similarity else self._kernel_up(x, self.affinity(x, y)))

    def kernels(self, x: Tensor, y: Tensor) -> Guide:
        """Return the kernels down and up."""
        return self.guide(x) if self.self_similarity else Guide(None, self._kernel_up(x, self.affinity(x, y)))


def _activation(channels: int, dagger: bool, nonlinearity: str) -> nn.Module:
    """Return the norm or activation after U or V."""
    if dagger:
        return nn.Sequential(GlobalGroupNorm(32, channels), nn.LeakyReLU(0.01))
    return NONLINEARITIES[nonlinearity]()


def _per_set(norm: nn.Module, maps: Tensor) -> Tensor:
    """Apply a norm to every set separately: (N, S, C, h, w)."""
    return norm(maps.flatten(0, 1)).reshape(maps.shape)


def _check_choices(kind: str, normalisation: str, nonlinearity: str, k_up: int, k_en: int, rank: int) -> None:
    if kind not in KINDS:
        raise InputError(f"A2U: kind {kind!r}, wanted one of {', '.join(KINDS)}.")
    if normalisation not in NORMALISATIONS:
        raise InputError(f"A2U: normalisation {normalisation!r}, wanted one of {', '.join(NORMALISATIONS)}.")
    if nonlinearity not in NONLINEARITIES:
        raise InputError(f"A2U: nonlinearity {nonlinearity!r}, wanted one of {', '.join(NONLINEARITIES)}.")
    if k_up < 1 or k_up % 2 == 0:
        raise InputError(f"A2U: k_up {k_up}, wanted an odd number.")
    if k_en < 1:
        raise InputError(f"A2U: k_en {k_en}, wanted 1 or more.")
    if not 1 <= rank <= k_en**2:
        raise InputError(f"A2U: rank {rank}, wanted 1 to {k_en**2}, the positions under U and V.")


def _check_pairs(
    channels: int, pointwise: bool, paired: bool, dagger: bool, nonlinearity: str, self_similarity: bool
) -> None:
    if dagger and channels % 32:
        raise InputError("A2U: dagger with channels that are no multiple of 32, the number of groups. Switch it off.")
    if dagger and nonlinearity != "none":
        raise InputError(f"A2U: dagger and nonlinearity {nonlinearity!r}; the dagger has one of its own. Choose one.")
    if pointwise and paired:
        raise InputError("A2U: pointwise and paired; kernels down have no positions to tell apart. Choose one.")
    if paired and not self_similarity:
        raise InputError("A2U: paired without self-similarity; the decoder's feature comes after the way down.")
