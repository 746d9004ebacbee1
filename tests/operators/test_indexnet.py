"""Index networks give the authors' indices, pooled, weighed and up-sampled features."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.networks.released.indexnet import rename_index_block
from mattekit.operators.indexnet import IndexNet

CASES = [f"{f}_nl{n}_c{c}" for f in ("holistic", "o2o", "m2o") for n in (0, 1) for c in (0, 1)] + [
    f"{f}_nl1_c{c}_exp2" for f in ("o2o", "m2o") for c in (0, 1)
]


@pytest.mark.parametrize("case", CASES)
def test_equals_the_released_index_block(shared, case):
    """indexblock_variants.npz: the authors' blocks on random features."""
    data = np.load(shared / "oracle/networks/indexblock_variants.npz")
    state = {key.split("/p/")[1]: torch.from_numpy(data[key]) for key in data.files if key.startswith(f"{case}/p/")}
    family, nonlinear, context = case.split("_")[:3]
    kind = {"holistic": "hin"}.get(family, family)
    hidden = 2 if "exp2" in case or kind == "hin" else 1
    operator = IndexNet(6, kind=kind, nonlinear=nonlinear == "nl1", context=context == "c1", hidden=hidden).eval()
    operator.load_state_dict(rename_index_block(state, kind))
    x, low = torch.from_numpy(data["x"]), torch.from_numpy(data["dec_in"])
    with torch.no_grad():
        guide = operator.guide(x)
        got = {
            "idx_en": F.pixel_shuffle(guide.down.flatten(1, 2), 2),
            "idx_de": guide.up.squeeze(2),
            "skip": operator.skip(x, guide),
            "pooled": operator.down(x, guide),
            "up": operator.up(low, guide),
        }
    for name, tensor in got.items():
        np.testing.assert_allclose(tensor.numpy(), data[f"{case}/{name}"], rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("kind", ["hin", "o2o", "m2o"])
def test_pooling_and_upsampling_are_those_of_the_text(kind):
    """IP is four times the average of I(x) x over a region; IU is the index times the nearest neighbour."""
    operator, x, y = IndexNet(6, kind=kind), torch.randn(2, 6, 8, 12), torch.randn(2, 6, 4, 6)
    guide = operator.guide(x)
    torch.testing.assert_close(operator.down(x, guide), 4 * F.avg_pool2d(operator.skip(x, guide), 2))
    torch.testing.assert_close(operator.up(y, guide), guide.up.squeeze(2) * F.interpolate(y, scale_factor=2))
    torch.testing.assert_close(guide.down.sum(2), torch.ones_like(guide.down[:, :, 0]))


def test_the_text_passes_the_feature_itself_to_the_skip_connection():
    operator, x = IndexNet(6, weigh_skip=False), torch.randn(1, 6, 4, 4)
    assert operator.skip(x, operator.guide(x)) is x


@pytest.mark.parametrize(("kind", "sees"), [("o2o", False), ("m2o", True)])
def test_one_to_one_sees_its_own_channel_alone(kind, sees):
    operator, x = IndexNet(4, kind=kind).eval(), torch.randn(1, 4, 6, 6)
    changed = x.clone()
    changed[:, 3] += 1
    same = operator.guide(x).up[:, :3].equal(operator.guide(changed).up[:, :3])
    assert same is not sees


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match="'both', wanted one of hin, o2o, m2o"):
        IndexNet(4, kind="both")
