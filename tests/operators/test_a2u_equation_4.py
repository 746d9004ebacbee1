"""Eq. (4) of A2U as loops: any rank, Y from the encoder or the decoder, and what follows U and V."""

import itertools

import numpy as np
import pytest
import torch

from mattekit.errors import InputError
from mattekit.operators import make

AFTER = {"none": lambda z: z, "relu": lambda z: max(z, 0.0), "tanh": np.tanh}


def window(image, top, left, k):
    """The k x k values from (top, left) on, 0 outside."""
    values = np.zeros((k, k))
    for i, j in itertools.product(range(k), range(k)):
        if 0 <= top + i < image.shape[0] and 0 <= left + j < image.shape[1]:
            values[i, j] = image[top + i, left + j]
    return values


def kernels_by_loops(operator, x, y, after):
    """Kernels (4 s^2, H/2, W/2) before normalisation: w = P^T sum_k (U_k^T x_k o V_k^T y_k) at every position."""
    rank, (sets, filters) = operator.rank, operator.shape
    k = operator.UV.weight.shape[-1]
    halves = operator.UV.weight if operator.V is None else torch.cat([operator.UV.weight, operator.V.weight])
    U, V = halves.detach().numpy().reshape(2, rank, sets // rank, filters, k, k)
    conv = operator.P.conv
    P = conv.weight.detach().numpy()[:, :, 0, 0] @ x.mean((1, 2)) + conv.bias.detach().numpy()
    P = P.reshape(operator.k_up**2, -1, rank)  # taps, positions, ranks
    channels, (height, width) = x.shape[0], (x.shape[1] // 2, x.shape[2] // 2)
    w = np.zeros((operator.k_up**2, 4, height, width))
    for i, j, position in itertools.product(range(height), range(width), range(4)):
        s = position if sets > rank else 0
        for r in range(rank):
            total = 0.0
            for c in range(channels):
                f = c if filters > 1 else 0
                x_k = window(x[c], 2 * i - (k - 1) // 2, 2 * j - (k - 1) // 2, k)
                stride = 2 if operator.V is None else 1
                y_k = window(y[c], stride * i - (k - 1) // 2, stride * j - (k - 1) // 2, k)
                total += after((U[r, s, f] * x_k).sum()) * after((V[r, s, f] * y_k).sum())
            for tap in range(operator.k_up**2):
                w[tap, position, i, j] += P[tap, position if P.shape[1] == 4 else 0, r] * total / channels**0.5
    return w


@pytest.mark.parametrize(
    ("shared", "pointwise", "rank", "same", "nonlinearity", "k_en"),
    [
        (True, False, 3, True, "none", 3),
        (False, False, 2, True, "tanh", 4),
        (False, True, 2, True, "relu", 3),
        (True, False, 1, False, "none", 3),
        (False, False, 2, False, "tanh", 4),
        (True, True, 4, False, "relu", 2),
    ],
)
def test_kernels_are_the_equations(shared, pointwise, rank, same, nonlinearity, k_en):
    torch.manual_seed(rank)
    options = dict(shared=shared, pointwise=pointwise, rank=rank, nonlinearity=nonlinearity, k_en=k_en)
    operator = make("a2u", 3, kind="hybrid", self_similarity=same, **options).double()
    x, y = torch.randn(1, 3, 6, 4, dtype=torch.double), torch.randn(1, 3, 3, 2, dtype=torch.double)
    with torch.no_grad():
        kernel = operator.kernels(x, y).up[0, 0]  # (s^2, H, W)
        large = operator.up(y, operator.guide(x))
    w = kernels_by_loops(operator, x[0].numpy(), (x if same else y)[0].numpy(), AFTER[nonlinearity])
    w = torch.from_numpy(w).sigmoid().softmax(0)
    for position in range(4):
        np.testing.assert_allclose(kernel[:, position // 2 :: 2, position % 2 :: 2], w[:, position], atol=1e-12)
    near = np.array([[window(y[0, 0].numpy(), i // 2 - 1, j // 2 - 1, 3) for j in range(4)] for i in range(6)])
    np.testing.assert_allclose(large[0, 0], np.einsum("ijt,tij->ij", near.reshape(6, 4, 9), kernel), atol=1e-12)


def test_gradients_reach_the_decoders_feature_through_the_kernels():
    operator = make("a2u", 4, rank=2, self_similarity=False)
    x, y = (torch.randn(2, 4, side, side, requires_grad=True) for side in (8, 4))
    kernel = operator.kernels(x, y).up
    (kernel * torch.randn_like(kernel)).sum().backward()
    assert all(tensor.grad.abs().sum() > 0 for tensor in (x, y, *operator.parameters()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(rank=0), "rank 0, wanted 1 to 25"),
        (dict(rank=26), "rank 26, wanted 1 to 25"),
        (dict(nonlinearity="sine"), "'sine', wanted one of none, relu, tanh"),
        (dict(nonlinearity="relu", dagger=True), "has one of its own"),
        (dict(self_similarity=False, paired=True), "comes after the way down"),
        (dict(k_en=0), "k_en 0, wanted 1 or more"),
    ],
)
def test_impossible_options_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        make("a2u", 32, **arguments)
