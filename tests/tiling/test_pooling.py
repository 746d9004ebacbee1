"""Pooling in an exported graph, as a product of matrices, gives what pooling gives."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import MonkeyPatch
from torch.nn import functional as F

from mattekit.tiling.global_layers import average


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 7))
def test_averages_of_a_graph_are_those_of_adaptive_average_pooling(height, width, size):
    x = torch.randn(1, 2, height, width)
    with MonkeyPatch.context() as patch:
        patch.setattr(torch.compiler, "is_compiling", lambda: True)
        recorded = average(x, size)
    torch.testing.assert_close(recorded, F.adaptive_avg_pool2d(x, size))
