"""Max-unpooling and the holistic max index put values back to where the largest was."""

import numpy as np
import torch
from torch.nn import functional as F

from mattekit.operators import make, spread


def load(shared):
    data = np.load(shared / "oracle/networks/indexblock_variants.npz")
    return data, torch.from_numpy(data["x"]), torch.from_numpy(data["dec_in"])


def test_max_unpool_equals_the_recorded_pair(shared):
    data, x, low = load(shared)
    operator = make("max-unpool", 6)
    guide = operator.guide(x)
    assert np.array_equal(guide.down.numpy(), data["maxpool/indices"])
    assert np.array_equal(operator.down(x, guide).numpy(), data["maxpool/pooled"])
    assert np.array_equal(operator.up(low, guide).numpy(), data["maxpool/unpooled"])


def test_holistic_max_index_equals_the_derived_arrays(shared):
    """The authors published no code for HMI; the arrays follow the text of IndexNet section 5.2."""
    data, x, low = load(shared)
    operator = make("hmi", 6)
    guide = operator.guide(x)
    np.testing.assert_allclose(operator.down(x, guide).numpy(), data["hmi_derived/pooled"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(operator.up(low, guide).numpy(), data["hmi_derived/unpooled"], rtol=0, atol=1e-6)


def test_max_unpool_is_an_index_function_of_zeros_and_ones():
    """I_max(x) = 1(x = max X) applied as a kernel of one tap (IndexNet Eq. 1, A2U section 3)."""
    x, y = torch.randn(2, 3, 6, 8), torch.randn(2, 3, 3, 4)
    operator = make("max-unpool", 3)
    index = (x == F.interpolate(F.max_pool2d(x, 2), scale_factor=2)).float()
    torch.testing.assert_close(operator.up(y, operator.guide(x)), spread(y, index.unsqueeze(2)))


def test_holistic_and_channelwise_agree_on_one_channel():
    x, y = torch.randn(2, 1, 6, 8), torch.randn(2, 1, 3, 4)
    one, other = make("hmi", 1), make("max-unpool", 1)
    torch.testing.assert_close(one.down(x, one.guide(x)), other.down(x, other.guide(x)))
    torch.testing.assert_close(one.up(y, one.guide(x)), other.up(y, other.guide(x)))
