"""Reassembly band by band: rows that fit the cache are accumulated tap by tap, forward and backward.

Only the two inputs are kept for the gradient. Inside a band every tap is one product of contiguous rows: going up, the
feature's columns are doubled first, so that the result needs no interleaving; going down, they are split into even and
odd ones.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

BAND = 1 << 23  # bytes of high-resolution feature in one band on a CPU; a GPU takes all images at once


class Spread(torch.autograd.Function):
    """(N, C, h, w) and (N, G, k*k, 2h, 2w) -> (N, C, 2h, 2w); see `reassemble.spread`."""

    @staticmethod
    def forward(ctx, y: Tensor, kernel: Tensor) -> Tensor:
        """Sum over the taps of kernel times doubled feature."""
        ctx.save_for_backward(y, kernel)
        (n, c, h, w), k = y.shape, math.isqrt(kernel.shape[2])
        y, kernel = _grouped(y, kernel)
        kernel = kernel.unflatten(4, (h, 2))  # (N, G, 1, K, h, 2, 2w)
        out = y.new_empty(*y.shape[:3], h, 2, 2 * w)
        for b, r, e in _bands(n, h, 16 * c * w, y.device):
            z, weights = _doubled(y, b, r, e, k), kernel[b, ..., r:e, :, :].to(_wide(y))
            into = out[b, ..., r:e, :, :]
            total = into if out.dtype == z.dtype else torch.empty_like(into, dtype=z.dtype)
            torch.mul(weights[:, :, :, 0], z[..., : e - r, :, : 2 * w], out=total)
            for t in range(1, k * k):
                i, j = divmod(t, k)
                total.addcmul_(weights[:, :, :, t], z[..., i : i + e - r, :, 2 * j : 2 * (j + w)])
            if total is not into:
                into.copy_(total)
        return out.view(n, c, 2 * h, 2 * w)

    @staticmethod
    def backward(ctx, grad: Tensor):
        """Gradients with respect to y and kernel."""
        y, kernel = ctx.saved_tensors
        (n, c, h, w), k = y.shape, math.isqrt(kernel.shape[2])
        shapes = y.shape, kernel.shape
        y, kernel = _grouped(y, kernel)
        kernel = kernel.unflatten(4, (h, 2))
        grad = grad.contiguous().view(*y.shape[:3], h, 2, 2 * w)
        to_y = torch.zeros_like(y, dtype=_wide(y)) if ctx.needs_input_grad[0] else None
        to_kernel = torch.empty_like(kernel.squeeze(2)) if ctx.needs_input_grad[1] else None
        for b, r, e in _bands(n, h, 16 * c * w, y.device):
            g = grad[b, ..., r:e, :, :].to(_wide(y))
            if to_kernel is not None:
                z = _doubled(y, b, r, e, k).unfold(3, e - r, 1).unfold(5, 2 * w, 2)
                z = z.permute(0, 1, 2, 3, 5, 6, 4, 7)  # (N, G, C/G, k, k, rows, 1, 2w)
                to_kernel[b, :, :, r:e] = _correlate(g, z)
            if to_y is not None:
                _spread_back(to_y, g, kernel[b, ..., r:e, :, :].to(g.dtype), b, r, k)
        to_y = None if to_y is None else to_y.to(y.dtype).reshape(shapes[0])
        return to_y, None if to_kernel is None else to_kernel.reshape(shapes[1])


class Gather(torch.autograd.Function):
    """(N, C, 2h, 2w) and (N, G, k*k, h, w) -> (N, C, h, w); see `reassemble.gather`."""

    @staticmethod
    def forward(ctx, x: Tensor, kernel: Tensor) -> Tensor:
        """Sum over the taps of kernel times every second pixel."""
        ctx.save_for_backward(x, kernel)
        (n, c), (h, w), k = x.shape[:2], kernel.shape[-2:], math.isqrt(kernel.shape[2])
        x, kernel = _grouped(x, kernel)  # kernel (N, G, 1, K, h, w)
        out = x.new_empty(*x.shape[:3], h, w)
        for b, r, e in _bands(n, h, 16 * c * w, x.device):
            z, weights = _split(x, b, r, e, k), kernel[b, ..., r:e, :].to(_wide(x))
            into = out[b, ..., r:e, :]
            total = into if out.dtype == weights.dtype else torch.empty_like(into, dtype=weights.dtype)
            torch.mul(weights[:, :, :, 0], _tap(z, 0, 0, e - r, w), out=total)
            for t in range(1, k * k):
                total.addcmul_(weights[:, :, :, t], _tap(z, *divmod(t, k), e - r, w))
            if total is not into:
                into.copy_(total)
        return out.view(n, c, h, w)

    @staticmethod
    def backward(ctx, grad: Tensor):
        """Gradients with respect to x and kernel."""
        x, kernel = ctx.saved_tensors
        (n, c), (h, w), k = x.shape[:2], kernel.shape[-2:], math.isqrt(kernel.shape[2])
        shapes = x.shape, kernel.shape
        x, kernel = _grouped(x, kernel)
        grad = grad.contiguous().view(*x.shape[:3], h, w)
        to_x = torch.zeros_like(x, dtype=_wide(x)) if ctx.needs_input_grad[0] else None
        to_kernel = torch.empty_like(kernel.squeeze(2)) if ctx.needs_input_grad[1] else None
        for b, r, e in _bands(n, h, 16 * c * w, x.device):
            g = grad[b, ..., r:e, :].to(_wide(x))
            if to_kernel is not None:
                z = _split(x, b, r, e, k).unfold(4, 2 * (e - r) - 1, 1)[..., ::2].unfold(5, w, 1)
                z = z.permute(1, 2, 3, 4, 5, 0, 6, 7)  # (N, G, C/G, k, k/2, 2, rows, w)
                to_kernel[b, :, :, r:e] = _correlate(g, z)
            if to_x is not None:
                _gather_back(to_x, g, kernel[b, ..., r:e, :].to(g.dtype), b, r, k)
        to_x = None if to_x is None else to_x.to(x.dtype).reshape(shapes[0])
        return to_x, None if to_kernel is None else to_kernel.reshape(shapes[1])


def _correlate(g: Tensor, z: Tensor) -> Tensor:
    """The kernel's gradient: over the channels, the sum of g (N, G, C/G, ...) times what each tap sees of the feature.

    z is (N, G, C/G, taps, ...), the taps in several dimensions. Channel by channel, the sums of all taps stay in the
    cache and no product is written down.
    """
    axes = z.ndim - g.ndim
    g = g[(slice(None),) * 3 + (None,) * axes]
    # Windows overlap, so that the loops' order must come from a contiguous result.
    total = g.new_zeros(torch.broadcast_shapes(g[:, :, 0].shape, z[:, :, 0].shape))
    for c in range(g.shape[2]):
        total.addcmul_(g[:, :, c], z[:, :, c])
    return total.flatten(2, 1 + axes)


def _spread_back(to_y: Tensor, g: Tensor, weights: Tensor, b: slice, r: int, k: int) -> None:
    rows, w = g.shape[3], to_y.shape[-1]
    z = g.new_zeros(*g.shape[:3], rows + k - 1, 2 * (w + k - 1))
    for t in range(k * k):
        i, j = divmod(t, k)
        for dy in range(2):
            z[..., i : i + rows, 2 * j : 2 * (j + w)].addcmul_(weights[:, :, :, t, :, dy], g[..., dy, :])
    _add_window(to_y, z[..., ::2] + z[..., 1::2], b, r - k // 2, k // 2)


def _gather_back(to_x: Tensor, g: Tensor, weights: Tensor, b: slice, r: int, k: int) -> None:
    rows, w = g.shape[3:]
    z = g.new_zeros(2, *g.shape[:3], 2 * rows + k - 2, w + k // 2 - 1)
    for t in range(k * k):
        _tap(z, *divmod(t, k), rows, w).addcmul_(weights[:, :, :, t], g)
    _add_window(to_x, torch.stack((z[0], z[1]), -1).flatten(-2), b, 2 * r - k // 2 + 1, k // 2 - 1)


def _grouped(feature: Tensor, kernel: Tensor) -> tuple[Tensor, Tensor]:
    """Channels as groups: (N, G, C/G, h, w) and (N, G, 1, K, ...)."""
    groups = kernel.shape[1]
    return feature.unflatten(1, (groups, feature.shape[1] // groups)), kernel.unsqueeze(2)


def _wide(feature: Tensor) -> torch.dtype:
    """The type sums are kept in."""
    return torch.float64 if feature.dtype == torch.float64 else torch.float32


def _bands(n: int, rows: int, row_bytes: int, device: torch.device) -> list[tuple[slice, int, int]]:
    """(images, first row, end row) of every band."""
    if device.type != "cpu":
        return [(slice(0, n), 0, rows)]
    step = max(1, BAND // row_bytes)
    return [(slice(b, b + 1), r, min(r + step, rows)) for b in range(n) for r in range(0, rows, step)]


def _window(feature: Tensor, b: slice, top: int, rows: int, pad: int) -> Tensor:
    """Rows `top` to `top + rows` with `pad` columns on both sides; 0 outside the feature."""
    first, end = max(top, 0), min(top + rows, feature.shape[-2])
    return F.pad(feature[b, ..., first:end, :].to(_wide(feature)), (pad, pad, first - top, top + rows - end))


def _add_window(feature: Tensor, window: Tensor, b: slice, top: int, pad: int) -> None:
    """Add to `feature` what `_window` would have read from it."""
    first, end = max(top, 0), min(top + window.shape[-2], feature.shape[-2])
    feature[b, ..., first:end, :] += window[..., first - top : end - top, pad : window.shape[-1] - pad]


def _doubled(y: Tensor, b: slice, r: int, e: int, k: int) -> Tensor:
    """The rows that outputs of rows r to e see, each column twice: (N, G, C/G, rows + k - 1, 1, 2 (w + k - 1))."""
    return _window(y, b, r - k // 2, e - r + k - 1, k // 2).repeat_interleave(2, -1).unsqueeze(-2)


def _split(x: Tensor, b: slice, r: int, e: int, k: int) -> Tensor:
    """The rows that outputs of rows r to e see: even columns, odd columns, (2, N, G, C/G, rows, w + k/2 - 1)."""
    window = _window(x, b, 2 * r - k // 2 + 1, 2 * (e - r) + k - 2, k // 2 - 1)
    return torch.stack((window[..., ::2], window[..., 1::2]))


def _tap(split: Tensor, i: int, j: int, rows: int, width: int) -> Tensor:
    """What tap (i, j) sees of `_split`: every second row, every second column."""
    return split[j % 2, ..., i : i + 2 * rows - 1 : 2, j // 2 : j // 2 + width]
