"""The contract of every matting network, whichever paper it is from.

What is exported agrees with PyTorch in tests/inference/test_onnx.py, for small networks with the
operators that look at images: recording a row takes 15 to 100 seconds.
"""

from copy import deepcopy
from functools import cache

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mattekit.inference.refinement import RefinementSettings, refine_prepared
from mattekit.networks import NETWORKS, build
from mattekit.tiling.global_layers import GlobalPool, global_layers, overridden

# One for each way of joining the parts; operators have tests of their own, and A2U's rows too.
SOME = [f"indexnet-b{i}" for i in (1, 2, 3, 4, 5, 6, 9, 10)] + [
    "indexnet",
    "indexnet-hmi",
    "indexnet-hin-linear",
    "dim",
]
SOME += ["a2u"]


def made(name, **changes):
    """The network, narrow where it can be, so that tests are fast."""
    torch.manual_seed(0)
    if NETWORKS[name].builder.__name__ == "indexnet":
        changes = {"width": 0.5, **changes}
    if NETWORKS[name].builder.__name__ == "dim":
        changes = {"bottleneck": (64, 3), **changes}
    if name == "mixing":
        changes = {"widths": [8, 12, 16], **changes}
    if NETWORKS[name].builder.__name__ == "vitmatte":
        network = build(name, width=48, heads=3, depth=4, residual=(2, 3), **changes)
        for block in network.encoder.transformer.blocks[2:]:  # a new bottleneck changes nothing
            torch.nn.init.ones_(block.residual.norm3.weight)
        return network
    return build(name, **changes)


@cache
def settled(name):
    """In eval mode, its norms knowing the statistics of such images: otherwise outputs vanish layer by layer."""
    network = made(name)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(image(name, batch=4))
    return network.eval()


def image(name, size=(64, 96), batch=1):
    """Patches with some grain: of grain alone, deep maps see nothing but its mean, and rounding decides."""
    torch.manual_seed(1)
    channels = NETWORKS[name].input.channels
    patches = torch.randn(batch, channels, *(max(1, side // 16) for side in size))
    return F.interpolate(patches, size) + 0.2 * torch.randn(batch, channels, *size)


@pytest.mark.parametrize("name", [*SOME, "lsa", "vitmatte-small"])
def test_any_size_gives_an_output_of_its_own_size(name):
    """33x47 is odd, and smaller than the deepest map's stride allows without padding."""
    with torch.device("meta"):
        network = build(name).eval()
    for size in ((64, 96), (33, 47)):
        x = image(name, size, 2).to("meta")
        assert network(x).shape == (2, 1, *size)


MATTING = [name for name, row in NETWORKS.items() if row.task == "matting"]


@pytest.fixture(scope="module", params=MATTING)
def row(request):
    """A row's name and its network, which the tests of one row share; kept no longer, as all fifty are large."""
    return request.param, settled.__wrapped__(request.param)


def test_a_batch_gives_what_its_images_give(row):
    name, network = row
    x = image(name, batch=2)
    with torch.no_grad():
        both, alone = network(x)[1:], network(x[1:])
    assert alone.abs().max() > 1e-3
    # But for single pixels: where neighbours are equally large, unpooling may pick either.
    assert (both - alone).abs().flatten().quantile(0.99) < 1e-4 * alone.abs().max()


def test_refinement_lowers_the_cost(row):
    """LSA's refinement, by way of `decode` and its `adjust` alone, of alphas brought to lie mostly between 0 and 1."""
    name, network = row[0], deepcopy(row[1]).requires_grad_(False)
    if name == "mixing":  # a new one answers with the estimates that it is given, whatever its features are
        torch.nn.init.normal_(network.head[0].weight, std=0.1)
    x, trimap = fitting_image(name), np.full(fitting_image(name).shape[2:], 0.5, np.float32)
    trimap[:16], trimap[-16:] = 0, 1
    with torch.no_grad():
        y, decode = network(x), network.decode
    network.decode = lambda encoded, adjust=None: 0.5 + 0.2 * (decode(encoded, adjust) - y.mean()) / y.std()
    found = refine_prepared(network, x, trimap, (slice(None), slice(None)), RefinementSettings(steps=3))
    totals = [terms.total for terms in found.costs]
    assert found.note is None and min(totals) < 0.99 * totals[0]


def fitting_image(name):
    extra = int(NETWORKS[name].preparation.endswith("+1"))
    return image(name, (64 + extra, 64 + extra))


def reach(network, x, change=64, watch=128):
    """The effect, at the left and at the right edge, of a change at the left that global layers are not told of."""
    layers, contexts = global_layers(network), {}

    def record(layer, y):
        contexts[layer] = layer.context(y)
        return contexts[layer]

    changed = x.clone()
    changed[..., :change] = 1 - changed[..., :change].flip(2)
    with torch.inference_mode():
        with overridden(layers, record):
            before = network(x)
        with overridden(layers, lambda layer, _: contexts[layer]):
            effect = (network(changed) - before).abs()
    return effect[..., :change].max().item(), effect[..., -watch:].max().item()


def wide_image(name):
    extra = int(NETWORKS[name].preparation.endswith("+1"))
    return image(name, (32 + extra, 448 + extra))


class BeforeRefinement(torch.nn.Module):
    """MatteFormer without its last layer, a marked one behind which nothing could be seen."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return torch.cat(self.network.alphas(self.network.encode(x)), 1)


def test_layers_that_see_the_whole_image_are_marked(row):
    """With their contexts held, no change is seen 256 pixels further: in tiles, nothing else could be wrong."""
    name, network = row
    network = BeforeRefinement(network) if name == "matteformer" else network
    near, far = reach(network, wide_image(name))
    assert near > 0 or name == "indexnet-b6"  # which sees the image through its deepest map alone, a marked layer's
    assert far == 0


class Unmarked(torch.nn.Module):
    """A network that forgot to mark its average."""

    def __init__(self, pool):
        super().__init__()
        self.conv, self.pool = torch.nn.Conv2d(4, 1, 3, padding=1), pool

    def forward(self, x):
        return self.conv(x) + self.pool(x)[:, :1]


def test_a_layer_that_is_not_marked_is_found():
    torch.manual_seed(0)
    assert reach(Unmarked(torch.nn.AdaptiveAvgPool2d(1)), wide_image("a2u"))[1] > 1e-3
    assert reach(Unmarked(GlobalPool()), wide_image("a2u"))[1] == 0
    network = made("a2u").eval()
    network.context.pool = torch.nn.AdaptiveAvgPool2d(1)  # inside a marked layer
    assert reach(network, wide_image("a2u"))[1] == 0
    network.blocks[0] = torch.nn.Sequential(torch.nn.GroupNorm(4, 64), network.blocks[0])
    assert reach(network, wide_image("a2u"))[1] > 0


@pytest.mark.parametrize("name", [*SOME, "vitmatte-small"])
def test_gradients_reach_every_parameter(name):
    network, x = made(name).train(), image(name, batch=2)
    y = network(x)
    (y * torch.randn_like(y)).sum().backward()
    assert not [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]


@torch.no_grad()
def decorrelation(network, x, other, y):
    """1 - r of the outputs of two networks, the second of which sees y."""
    return 1 - torch.corrcoef(torch.stack([network(x).flatten(), other(y).float().flatten()]))[0, 1].item()


@pytest.mark.parametrize("name", SOME)
def test_bfloat16_stays_as_close_to_float32_as_rounding_lets_it(name):
    """Close for what is well conditioned; else by what rounding input or weights alone does in float32.

    That is much for deep networks without skip connections and with random weights: 0.6 of 1 for B6, 0.1 for B1.
    """
    network, x = settled(name), image(name)
    half, rounded = deepcopy(network).bfloat16(), deepcopy(network).bfloat16().float()
    with torch.no_grad():
        assert half(x.bfloat16()).dtype == torch.bfloat16
    unavoidable = max(decorrelation(network, x, network, x.bfloat16().float()), decorrelation(network, x, rounded, x))
    found = decorrelation(network, x, half, x.bfloat16())
    assert np.isfinite(found) and found < 0.02 + 5 * unavoidable
    assert unavoidable < 0.02 or name in {"indexnet-b1", "indexnet-b2", "indexnet-b3", "indexnet-b5", "indexnet-b6"}


@pytest.mark.parametrize("name", ["indexnet", "indexnet-b1", "indexnet-b2", "indexnet-b3", "dim"])
def test_encode_then_decode_is_forward_and_adjust_acts(name):
    """Backpropagating refinement works for every matting network."""
    network, x = settled(name), image(name)
    with torch.no_grad():
        pyramid, y = network.encode(x), network(x)
        assert network.decode(pyramid).equal(y)
        levels = []
        assert not network.decode(pyramid, lambda level, z: (levels.append(level), 2 * z + 1)[1]).equal(y)
    assert levels == sorted(levels, reverse=True)
    assert len(levels) > 1


def test_output_stride_16_has_the_parameters_of_32_but_those_of_the_last_operator():
    coarse, fine = (dict(made("indexnet", stride=stride).named_parameters()) for stride in (32, 16))
    assert {n: p.shape for n, p in coarse.items() if not n.startswith("resamplers.6.")} == {
        n: p.shape for n, p in fine.items()
    }
