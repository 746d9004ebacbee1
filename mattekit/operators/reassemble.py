"""Apply kernels: g(w, z) = w^T z at every position, up (`spread`) and down (`gather`); A2U Eq. (1), CARAFE Eq. (2).

The neighbourhoods z are never copied out: `bands` accumulates tap by tap, in float32 for half-precision features.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.operators.spread_gather import Gather, Spread


def spread(y: Tensor, kernel: Tensor) -> Tensor:
    """Double a feature map: each of the four outputs over a position weighs that position's k x k neighbourhood.

    Parameters
    ----------
    y : (N, C, h, w)
    kernel : (N, G, k*k, 2h, 2w)
        k odd; taps row by row; G divides C, and group g holds channels g C/G to (g + 1) C/G. Outside y is 0.

    Returns
    -------
    (N, C, 2h, 2w), of y's dtype

    Raises
    ------
    InputError
        If the shapes do not fit.
    """
    height, width = y.shape[-2:]
    _check(y, kernel, (2 * height, 2 * width), odd=True)
    if torch.compiler.is_compiling():  # bands would be unrolled into the graph and fix its size
        return _spread_traced(y, kernel)
    return Spread.apply(y, kernel)


def gather(x: Tensor, kernel: Tensor) -> Tensor:
    """Halve a feature map: each output weighs the k x k window centred on its 2 x 2 cell.

    Parameters
    ----------
    x : (N, C, 2h, 2w)
    kernel : (N, G, k*k, h, w)
        k twice an odd number; taps row by row; groups as in `spread`. Outside x is 0.

    Returns
    -------
    (N, C, h, w), of x's dtype

    Raises
    ------
    InputError
        If the shapes do not fit.
    """
    height, width = kernel.shape[-2:]
    _check(x, kernel, (x.shape[-2] // 2, x.shape[-1] // 2), odd=False)
    if x.shape[-2:] != (2 * height, 2 * width):
        raise InputError(f"gather: a feature map of {tuple(x.shape[-2:])}, wanted even sizes. Pad the image.")
    if torch.compiler.is_compiling():
        return _gather_traced(x, kernel)
    return Gather.apply(x, kernel)


def _check(feature: Tensor, kernel: Tensor, size: tuple[int, int], *, odd: bool) -> None:
    taps, sizes = kernel.shape[2], "1, 3, 5 and so on" if odd else "2, 6, 10 and so on"
    if math.isqrt(taps) ** 2 != taps or math.isqrt(taps) % (2 if odd else 4) != (1 if odd else 2):
        raise InputError(f"kernel: {taps} taps, wanted the square of {sizes}.")
    if feature.shape[1] % kernel.shape[1]:
        raise InputError(f"kernel: {kernel.shape[1]} groups, which do not divide {feature.shape[1]} channels.")
    if tuple(kernel.shape[-2:]) != tuple(size) or kernel.shape[0] != feature.shape[0]:
        raise InputError(f"kernel: {tuple(kernel.shape)}, which does not fit features of {tuple(feature.shape)}.")


def _spread_traced(y: Tensor, kernel: Tensor) -> Tensor:
    n, c, h, w = y.shape
    groups, taps = kernel.shape[1:3]
    k = math.isqrt(taps)
    z = F.pad(y, (k // 2,) * 4).unflatten(1, (groups, c // groups))
    z = z.unsqueeze(-1).expand(*z.shape, 2).flatten(-2).unsqueeze(-2)  # (N, G, C/G, h + k - 1, 1, 2 (w + k - 1))
    kernel = kernel.unsqueeze(2).unflatten(4, (h, 2))  # (N, G, 1, K, h, 2, 2w)
    out = None
    for t in range(taps):
        i, j = divmod(t, k)
        term = kernel[:, :, :, t] * z[..., i : i + h, :, 2 * j : 2 * (j + w)]  # (N, G, C/G, h, 2, 2w)
        out = term if out is None else out + term
    return out.to(y.dtype).reshape(n, c, 2 * h, 2 * w)


def _gather_traced(x: Tensor, kernel: Tensor) -> Tensor:
    n, c = x.shape[:2]
    groups, k, (h, w) = kernel.shape[1], math.isqrt(kernel.shape[2]) // 2, kernel.shape[-2:]
    z = F.pixel_unshuffle(x, 2).unflatten(1, (groups, c // groups, 4))  # the four positions of a cell stand apart
    z = F.pad(z, (k // 2,) * 4)  # (N, G, C/G, 4, h + k - 1, w + k - 1)
    kernel = kernel.unflatten(2, (k, 2, k, 2)).transpose(3, 4).flatten(4, 5)  # (N, G, k, k, 4, h, w)
    out = None
    for i in range(k):
        for j in range(k):
            term = (kernel[:, :, None, i, j] * z[..., i : i + h, j : j + w]).sum(3)  # (N, G, C/G, h, w)
            out = term if out is None else out + term
    return out.to(x.dtype).reshape(n, c, h, w)
