"""Reassembly band by band: rows that fit the cache are accumulated tap by tap, forward and backward.

Inside a band every tap is one product of contiguous rows: going up, the feature's columns are doubled first, so that
the result needs no interleaving; going down, they are split into even and odd ones. `spread` and `gather` are each
other's transpose: the gradient of one with respect to its feature is the other, with the kernel transposed. All are
bilinear, so that these four functions are each other's derivatives of any order.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from mattekit.operators.threads import each_band


class Spread(torch.autograd.Function):
    """Map (N, C, h, w) and (N, G, k*k, 2h, 2w) to (N, C, 2h, 2w); see `reassemble.spread`."""

    @staticmethod
    def forward(ctx, y: Tensor, kernel: Tensor) -> Tensor:
        """Sum over the taps of kernel times doubled feature."""
        ctx.save_for_backward(y, kernel)
        return spread_bands(y, kernel)

    @staticmethod
    def backward(ctx, grad: Tensor):
        """Compute gradients with respect to y and kernel."""
        y, kernel = ctx.saved_tensors
        to_y, to_kernel = ctx.needs_input_grad
        return (
            Gather.apply(grad, transposed_for_gather(kernel)).to(y.dtype) if to_y else None,
            SpreadKernel.apply(y, kernel, grad) if to_kernel else None,
        )


class Gather(torch.autograd.Function):
    """Map (N, C, 2h, 2w) and (N, G, k*k, h, w) to (N, C, h, w); see `reassemble.gather`."""

    @staticmethod
    def forward(ctx, x: Tensor, kernel: Tensor) -> Tensor:
        """Sum over the taps of kernel times every second pixel."""
        ctx.save_for_backward(x, kernel)
        return gather_bands(x, kernel)

    @staticmethod
    def backward(ctx, grad: Tensor):
        """Compute gradients with respect to x and kernel."""
        x, kernel = ctx.saved_tensors
        to_x, to_kernel = ctx.needs_input_grad
        return (
            Spread.apply(grad, transposed_for_spread(kernel)).to(x.dtype) if to_x else None,
            GatherKernel.apply(x, kernel, grad) if to_kernel else None,
        )


class SpreadKernel(torch.autograd.Function):
    """Gradient of `Spread` with respect to its kernel, of which only shape and type are used."""

    @staticmethod
    def forward(ctx, y: Tensor, kernel: Tensor, grad: Tensor) -> Tensor:
        """Correlate the gradient with each tap's doubled feature."""
        ctx.save_for_backward(y, grad)
        return spread_kernel_gradient(y, kernel, grad)

    @staticmethod
    def backward(ctx, cotangent: Tensor):
        """Compute gradients with respect to y and grad."""
        y, grad = ctx.saved_tensors
        to_y, _, to_grad = ctx.needs_input_grad
        return (
            Gather.apply(grad, transposed_for_gather(cotangent)).to(y.dtype) if to_y else None,
            None,
            Spread.apply(y, cotangent).to(grad.dtype) if to_grad else None,
        )


class GatherKernel(torch.autograd.Function):
    """Gradient of `Gather` with respect to its kernel, of which only shape and type are used."""

    @staticmethod
    def forward(ctx, x: Tensor, kernel: Tensor, grad: Tensor) -> Tensor:
        """Correlate the gradient with each tap's part of the feature."""
        ctx.save_for_backward(x, grad)
        return gather_kernel_gradient(x, kernel, grad)

    @staticmethod
    def backward(ctx, cotangent: Tensor):
        """Compute gradients with respect to x and grad."""
        x, grad = ctx.saved_tensors
        to_x, _, to_grad = ctx.needs_input_grad
        return (
            Spread.apply(grad, transposed_for_spread(cotangent)).to(x.dtype) if to_x else None,
            None,
            Gather.apply(x, cotangent).to(grad.dtype) if to_grad else None,
        )


def spread_bands(y: Tensor, kernel: Tensor) -> Tensor:
    """Compute `Spread` band by band."""
    (n, c, h, w), k = y.shape, math.isqrt(kernel.shape[2])
    y, kernel = _grouped(y, kernel)
    kernel = kernel.unflatten(4, (h, 2))  # (N, G, 1, K, h, 2, 2w)
    out = y.new_empty(*y.shape[:3], h, 2, 2 * w)

    def band(b: slice, r: int, e: int) -> None:
        z, weights = _doubled(y, b, r, e, k), kernel[b, ..., r:e, :, :].to(_wide(y))
        taps = (z[..., i : i + e - r, :, 2 * j : 2 * (j + w)] for i in range(k) for j in range(k))
        _accumulate(out[b, ..., r:e, :, :], weights, taps)

    each_band(band, n, h, 16 * c * w, y.device)
    return out.view(n, c, 2 * h, 2 * w)


def gather_bands(x: Tensor, kernel: Tensor) -> Tensor:
    """Compute `Gather` band by band."""
    (n, c), (h, w), k = x.shape[:2], kernel.shape[-2:], math.isqrt(kernel.shape[2])
    x, kernel = _grouped(x, kernel)  # kernel (N, G, 1, K, h, w)
    out = x.new_empty(*x.shape[:3], h, w)

    def band(b: slice, r: int, e: int) -> None:
        z, weights = _split(x, b, r, e, k), kernel[b, ..., r:e, :].to(_wide(x))
        rows = 2 * (e - r) - 1
        taps = (z[j % 2, ..., i : i + rows : 2, j // 2 : j // 2 + w] for i in range(k) for j in range(k))
        _accumulate(out[b, ..., r:e, :], weights, taps)

    each_band(band, n, h, 16 * c * w, x.device)
    return out.view(n, c, h, w)


def spread_kernel_gradient(y: Tensor, kernel: Tensor, grad: Tensor) -> Tensor:
    """Compute the gradient of `spread_bands` with respect to its kernel."""
    (n, c, h, w), k = y.shape, math.isqrt(kernel.shape[2])
    y, wide = _grouped(y, kernel)[0], _wide(y)
    grad = grad.contiguous().view(*y.shape[:3], h, 2, 2 * w)
    out = kernel.new_empty(n, y.shape[1], k * k, h, 2, 2 * w)

    def band(b: slice, r: int, e: int) -> None:
        z = _doubled(y, b, r, e, k).unfold(3, e - r, 1).unfold(5, 2 * w, 2)
        z = z.permute(0, 1, 2, 3, 5, 6, 4, 7)  # (N, G, C/G, k, k, rows, 1, 2w)
        out[b, :, :, r:e] = _correlate(grad[b, ..., r:e, :, :].to(wide), z)

    each_band(band, n, h, 16 * c * w, y.device)
    return out.view(kernel.shape)


def gather_kernel_gradient(x: Tensor, kernel: Tensor, grad: Tensor) -> Tensor:
    """Compute the gradient of `gather_bands` with respect to its kernel."""
    (n, c), (h, w), k = x.shape[:2], kernel.shape[-2:], math.isqrt(kernel.shape[2])
    x, wide = _grouped(x, kernel)[0], _wide(x)
    grad = grad.contiguous().view(*x.shape[:3], h, w)
    out = kernel.new_empty(kernel.shape)

    def band(b: slice, r: int, e: int) -> None:
        z = _split(x, b, r, e, k).unfold(4, 2 * (e - r) - 1, 1)[..., ::2].unfold(5, w, 1)
        z = z.permute(1, 2, 3, 4, 5, 0, 6, 7)  # (N, G, C/G, k, k/2, 2, rows, w)
        out[b, :, :, r:e] = _correlate(grad[b, ..., r:e, :].to(wide), z)

    each_band(band, n, h, 16 * c * w, x.device)
    return out


def transposed_for_gather(kernel: Tensor) -> Tensor:
    """Map (N, G, k*k, 2h, 2w) of `spread` to (N, G, 4*k*k, h, w) of the `gather` that is its transpose."""
    k = math.isqrt(kernel.shape[2])
    # As four dimensions: of five, the layout is ambiguous to PyTorch where some are 1.
    planes = F.pixel_unshuffle(kernel.flatten(0, 1).contiguous(), 2).unflatten(0, kernel.shape[:2])
    planes = planes.unflatten(2, (k, k, 2, 2))  # taps, positions in the cell, h, w
    return _transposed(planes).transpose(3, 4).flatten(2, 5)


def transposed_for_spread(kernel: Tensor) -> Tensor:
    """Map (N, G, 4*k*k, h, w) of `gather` to (N, G, k*k, 2h, 2w) of the `spread` that is its transpose."""
    k = math.isqrt(kernel.shape[2]) // 2
    planes = kernel.unflatten(2, (k, 2, k, 2)).transpose(3, 4)
    folded = _transposed(planes).flatten(2, 5)
    return F.pixel_shuffle(folded.flatten(0, 1).contiguous(), 2).unflatten(0, folded.shape[:2])


def _transposed(planes: Tensor) -> Tensor:
    """Transpose the taps: T[i](p) = planes[k - 1 - i](p + i - k // 2), in both directions, 0 outside."""
    k, (h, w) = planes.shape[2], planes.shape[-2:]
    padded = F.pad(planes.flip(2, 3), (k // 2,) * 4)
    out = torch.empty_like(planes, memory_format=torch.contiguous_format)
    for i in range(k):
        for j in range(k):
            out[:, :, i, j] = padded[:, :, i, j, ..., i : i + h, j : j + w]
    return out


def _accumulate(into: Tensor, weights: Tensor, taps) -> None:
    """Sum weights (N, G, 1, K, ...) times taps, each (N, G, C/G, ...), in the weights' type."""
    total = into if into.dtype == weights.dtype else torch.empty_like(into, dtype=weights.dtype)
    for t, tap in enumerate(taps):
        if t == 0:
            torch.mul(weights[:, :, :, t], tap, out=total)
        else:
            total.addcmul_(weights[:, :, :, t], tap)
    if total is not into:
        into.copy_(total)


def _correlate(g: Tensor, z: Tensor) -> Tensor:
    """Sum g (N, G, C/G, ...) times the feature under each tap over the channels.

    z is (N, G, C/G, taps, ...), the taps in several dimensions. Channel by channel, the sums of all taps stay in the
    cache and no product is stored.
    """
    axes = z.ndim - g.ndim
    g = g[(slice(None),) * 3 + (None,) * axes]
    # Windows overlap, so that the loops' order must come from a contiguous result.
    total = g.new_zeros(torch.broadcast_shapes(g[:, :, 0].shape, z[:, :, 0].shape))
    for c in range(g.shape[2]):
        total.addcmul_(g[:, :, c], z[:, :, c])
    return total.flatten(2, 1 + axes)


def _grouped(feature: Tensor, kernel: Tensor) -> tuple[Tensor, Tensor]:
    """Split channels into groups: (N, G, C/G, h, w) and (N, G, 1, K, ...)."""
    groups = kernel.shape[1]
    return feature.unflatten(1, (groups, feature.shape[1] // groups)), kernel.unsqueeze(2)


def _wide(feature: Tensor) -> torch.dtype:
    """Return the type in which sums are accumulated."""
    return torch.float64 if feature.dtype == torch.float64 else torch.float32


def _window(feature: Tensor, b: slice, top: int, rows: int, pad: int) -> Tensor:
    """Return rows `top` to `top + rows` with `pad` columns on both sides; 0 outside the feature."""
    first, end = max(top, 0), min(top + rows, feature.shape[-2])
    return F.pad(feature[b, ..., first:end, :].to(_wide(feature)), (pad, pad, first - top, top + rows - end))


def _doubled(y: Tensor, b: slice, r: int, e: int, k: int) -> Tensor:
    """Return the rows under output rows r to e, each column twice: (N, G, C/G, rows + k - 1, 1, 2 (w + k - 1))."""
    return _window(y, b, r - k // 2, e - r + k - 1, k // 2).repeat_interleave(2, -1).unsqueeze(-2)


def _split(x: Tensor, b: slice, r: int, e: int, k: int) -> Tensor:
    """Return the rows under output rows r to e: even columns, odd columns, (2, N, G, C/G, rows, w + k/2 - 1)."""
    window = _window(x, b, 2 * r - k // 2 + 1, 2 * (e - r) + k - 2, k // 2 - 1)
    return torch.stack((window[..., ::2], window[..., 1::2]))
