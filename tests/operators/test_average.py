"""Pooling in a recorded graph gives what pooling gives."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from mattekit.operators.average import bins


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 7))
def test_bins_are_those_of_adaptive_average_pooling(height, width, size):
    x = torch.randn(1, 2, height, width)
    torch.testing.assert_close(bins(height, size) @ x @ bins(width, size).T, F.adaptive_avg_pool2d(x, size))
