"""An image in tiles is matted as in one piece, where something is unknown, with the memory there is."""

import logging
import re
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.inference.network import network_predictor
from mattekit.networks import NETWORKS, build
from mattekit.networks.base import Network
from mattekit.networks.context import ASPP
from mattekit.networks.encoders.resnet import Bottleneck
from mattekit.networks.inference_copy import inference_copy
from mattekit.tiling import memory
from mattekit.tiling.context import TileContext, collect_global_context, dependency_stages
from mattekit.tiling.global_layers import GlobalGroupNorm, GlobalMapStage, GlobalPool, global_layers, overridden
from mattekit.tiling.runner import BUDGET, SHARE, Tiling
from mattekit.tiling.tiles import spans


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 90), st.integers(1, 40), st.integers(0, 30), st.sampled_from([1, 4, 16]), st.integers(0, 1))
def test_every_position_has_weights_that_add_up_to_one_and_one_owner(positions, size, overlap, stride, extra):
    """Tiles start at multiples of the stride, share the overlap at least, and own it up to its middle."""
    length = positions * stride + (extra if stride > 1 else 0)
    size, overlap = size * stride, min(overlap * stride, (size - 1) * stride)
    cut = spans(length, size, overlap, stride)
    total, owners = np.zeros(length), np.zeros(length, int)
    for span in cut:
        for part in (span.blend, span.owned):
            assert 0 <= span.input.start <= part.start <= part.stop <= span.input.stop <= length
        assert span.input.start % stride == 0 and span.owned.start % stride == 0
        assert span.owned.stop % stride == 0 or span.owned.stop == length
        assert span.weights.shape == (span.blend.stop - span.blend.start,) and span.weights.min() >= 0
        total[span.blend] += span.weights
        owners[span.owned] += 1
    np.testing.assert_allclose(total, 1, atol=1e-6)
    assert (owners == 1).all()
    for left, right in zip(cut, cut[1:], strict=False):
        shared = left.input.stop - right.input.start
        assert shared >= overlap
        assert abs(left.owned.stop - (left.input.stop + right.input.start) / 2) <= stride / 2
        assert left.input.stop - left.input.start == right.input.stop - right.input.start


def test_an_overlap_as_large_as_the_tile_is_refused():
    with pytest.raises(InputError, match="an overlap of 64 in tiles of 64, wanted at most 48"):
        spans(200, 64, 64, 16)


class Local(Network):
    """A few convolutions, half the resolution and back: sees 14 pixels around."""

    stride = 4

    def __init__(self, depth=None):
        super().__init__()
        self.first, self.last = nn.Conv2d(4, 8, 3, padding=1), nn.Conv2d(8, 1, 3, padding=1)
        self.deep = nn.Conv2d(8, 8, 3, 4, padding=1)
        self.middle = depth or nn.Identity()
        self.calls = []

    def encode(self, x):
        self.calls.append(tuple(x.shape[2:]))
        return self.middle(torch.relu(self.deep(self.first(x))))

    def decode(self, y):
        return self.last(F.interpolate(y, scale_factor=4))


def seeded(make):
    torch.manual_seed(0)
    return make().eval().requires_grad_(False)


def whole_and_tiled(network, size, unknown=None, *, tile, overlap=None, device="cpu"):
    """Raw alphas, and what the second saw."""
    x = torch.randn(1, 4, *size, generator=torch.Generator().manual_seed(1))
    unknown = np.ones(size, bool) if unknown is None else unknown

    with torch.no_grad():
        whole = network.decode(network.encode(x))[0, 0].numpy()
    if hasattr(network, "calls"):
        network.calls.clear()
    run = Tiling(network, device, tile=tile, overlap=overlap)
    return whole, run(lambda rows, columns: x[:, :, rows, columns], unknown)


@pytest.mark.parametrize("size", [(96, 132), (48, 200), (64, 64)])
def test_tiles_of_a_local_network_give_what_the_image_gives(size):
    """With an overlap that leaves what it sees on both sides of the seam's blend, to rounding."""
    whole, tiled = whole_and_tiled(seeded(Local), size, tile=64, overlap=40)
    np.testing.assert_allclose(tiled, whole, atol=1e-5)


def test_tiles_without_unknown_pixels_are_not_run():
    network, unknown = seeded(Local), np.zeros((160, 160), bool)
    unknown[5:10, 5:10] = True
    whole, tiled = whole_and_tiled(network, (160, 160), unknown, tile=64, overlap=32)
    assert network.calls.count((64, 64)) == 1
    np.testing.assert_allclose(tiled[unknown], whole[unknown], atol=1e-5)
    assert (tiled[64:] == 0).all()


LAYERS = {
    "average": lambda: GlobalPool(),
    "grid": lambda: GlobalPool(5),
    "groups": lambda: GlobalGroupNorm(4, 8),
    "context": lambda: ASPP(8, 8, width=4, dilations=(1, 2, 6)),
    "stage": lambda: GlobalMapStage(nn.Identity(), Bottleneck(8, 8), Bottleneck(8, 8), strided=True),
}


@pytest.mark.parametrize("size", [(24, 36), (18, 31)])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_that_sees_the_whole_learns_it_from_parts(name, size):
    """Parts of any sizes, each position in one of them, give what the whole gives at once."""
    layer, x = seeded(LAYERS[name]), torch.randn(1, 8, *size)
    accumulator = layer.accumulator(*size)
    for top, bottom in ((0, 7), (7, size[0])):
        for left, right in ((0, 20), (20, 26), (26, size[1])):
            accumulator.add(x[:, :, top:bottom, left:right], top, left)
    with torch.no_grad():
        torch.testing.assert_close(accumulator.result().float(), layer.context(x), rtol=1e-5, atol=1e-5)
        with overridden([layer], lambda layer, x: accumulator.result().to(x)):
            told = layer(x)
        torch.testing.assert_close(told, layer(x), rtol=1e-5, atol=1e-5)


def test_bands_of_context_are_the_context(monkeypatch):
    monkeypatch.setattr("mattekit.networks.context.BAND", 1)
    layer, x = seeded(LAYERS["context"]), torch.randn(1, 8, 40, 9)
    torch.testing.assert_close(layer.in_bands(x), layer(x), rtol=1e-5, atol=1e-6)


class Attentive(Network):
    """Two layers that need the whole, the second after the first, and one beside them."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.beside = GlobalPool(), GlobalGroupNorm(4, 8), GlobalPool(3)

    def forward(self, y):
        beside = self.beside(y).amax((2, 3), keepdim=True)
        return self.two(y * self.one(y).sigmoid()) + beside


def test_stages_follow_what_depends_on_what():
    network = seeded(lambda: Local(Attentive()))
    found = dependency_stages(network, torch.randn(1, 4, 16, 16))
    assert [set(stage) for stage in found] == [{network.middle.one, network.middle.beside}, {network.middle.two}]


@pytest.mark.parametrize("size", [(96, 132), (100, 64)])
@pytest.mark.parametrize("middle", [Attentive, LAYERS["context"], LAYERS["stage"]])
def test_tiles_of_a_network_that_sees_the_whole_give_what_the_image_gives(middle, size):
    whole, tiled = whole_and_tiled(seeded(lambda: Local(middle())), size, tile=64, overlap=40)
    np.testing.assert_allclose(tiled, whole, atol=2e-5)
    assert whole.std() > 0.005


@cache
def built(name):
    return seeded(lambda: build(name))


FAMILIES = ["a2u", "indexnet", "indexnet-b1", "indexnet-b2", "indexnet-b11", "lsa"]


@pytest.mark.parametrize("name", FAMILIES)
def test_one_tile_that_is_the_image_gives_the_image(name):
    """What is found of the whole image, told to it, changes nothing but rounding."""
    network = built(name)
    extra = int(name in ("indexnet-b1", "indexnet-b2"))
    size = (64 + extra, 96 + extra)
    x = torch.randn(1, 4, *size, generator=torch.Generator().manual_seed(2))
    tile = tuple(spans(side, side, 0, network.stride)[0] for side in size)
    with torch.inference_mode():
        order = dependency_stages(network, x[:, :, : 2 * network.stride, : 2 * network.stride])
        assert {layer for stage in order for layer in stage} == set(global_layers(network))
        seen = collect_global_context(
            network, order, lambda rows, columns: x[:, :, rows, columns], ([tile], [tile]), size
        )
        whole = network.decode(network.encode(x))
        with overridden(seen, TileContext(tile, seen)):
            told = network.decode(network.encode(x))
        assert (told - whole).abs().max() <= 1e-4 * whole.abs().max()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a2u", [2, 2] * 4 + [1]),
        ("lsa", [1] * 7),
        ("indexnet", [1] * 4),
        ("indexnet-b1", [1] * 4),
        ("indexnet-b2", [1] * 5),
        ("gca", [1] * 5),
        ("fba", [1] * 6),
        ("matteformer", [2, 1, 1, 2, 1, 1, 1]),
    ],
)
def test_stages_of_the_papers_networks(name, wanted):
    """A2U: averages and norms of four resolutions, context; LSA: two stages, five blocks; the others: three, context.

    RefineNet has two poolings in place of the context. GCA: attention twice, three stages between; FBA: three norms,
    two parts of the encoder, pooling; MatteFormer: four stages and a doubling, two shortcuts, a stage of the decoder,
    and the refinement, which comes last.
    """
    network = built(name)
    channels = NETWORKS[name].input.channels
    found = dependency_stages(network, torch.randn(1, channels, 2 * network.stride, 2 * network.stride))
    assert [len(stage) for stage in found] == wanted
    assert isinstance(found[-1][0], ASPP) or name in ("lsa", "indexnet-b2", "gca", "fba", "matteformer")


@pytest.fixture
def small_probe(monkeypatch):
    """The margin is measured with less memory than a tile takes, as it is with tiles of ordinary sides."""
    monkeypatch.setattr("mattekit.tiling.tiles.CHANGED", 32)
    monkeypatch.setattr("mattekit.tiling.tiles.WATCHED", 64)


class Greedy(Local):
    """Has no memory for more than so many pixels."""

    def __init__(self, limit, error):
        super().__init__()
        self.limit, self.error = limit, error

    def encode(self, x):
        if x.shape[2] * x.shape[3] > self.limit:
            raise self.error
        return super().encode(x)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_where_memory_runs_out_tiles_get_smaller_with_a_note(monkeypatch, small_probe, caplog, error):
    monkeypatch.setattr("mattekit.tiling.runner.SIDES", (96, 64, 48))
    network = seeded(lambda: Greedy(64 * 64, error))
    x = torch.randn(1, 4, 128, 128)
    run = Tiling(network, "cpu", tile="auto", overlap=40)
    monkeypatch.setattr(run, "_memory", 1)  # so that the estimate is far too low
    with caplog.at_level(logging.WARNING, "mattekit"):
        tiled = run(lambda rows, columns: x[:, :, rows, columns], np.ones((128, 128), bool))
    network.limit = 1 << 20
    with torch.no_grad():
        np.testing.assert_allclose(tiled, network.decode(network.encode(x))[0, 0].numpy(), atol=1e-5)
    notes = [record.message for record in caplog.records]
    assert notes == ["out of memory; now in tiles of 96 pixels.", "out of memory; now in tiles of 64 pixels."]


def test_with_the_smallest_tiles_and_with_none_the_lack_is_told(monkeypatch):
    monkeypatch.setattr("mattekit.tiling.runner.SIDES", (96, 64))
    for tile in (64, "off"):
        with pytest.raises(MemoryError):
            whole_and_tiled(seeded(lambda: Greedy(1, MemoryError())), (128, 128), tile=tile, overlap=40)


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="shapes"):
        whole_and_tiled(seeded(lambda: Greedy(1, RuntimeError("shapes do not fit"))), (128, 128), tile=96)


@pytest.mark.parametrize(
    ("plenty", "there", "largest"),
    [(1 << 13, 1 << 40, (128, 128)), (1 << 40, 1 << 40, (128, 128)), (1 << 13, 100_000, (48, 48))],
)
def test_auto_takes_tiles_where_the_image_needs_more_than_there_is(monkeypatch, plenty, there, largest):
    monkeypatch.setattr("mattekit.tiling.runner.SIDES", (96, 48))
    monkeypatch.setattr("mattekit.tiling.runner.PLENTY", plenty)
    monkeypatch.setattr(memory, "available", lambda device: there)
    network, x = seeded(Local), torch.randn(1, 4, 128, 128)
    run = Tiling(network, "cpu", overlap=24)
    run(lambda rows, columns: x[:, :, rows, columns], np.ones((128, 128), bool))
    if plenty * 128**2 > there:
        network.calls.pop(0)  # what was run to count
    assert max(network.calls) == largest


@pytest.mark.parametrize(("large", "largest"), [(0, (48, 48)), (128**2, (128, 128))])
def test_auto_leaves_half_of_a_cpus_memory_to_others_but_for_ordinary_pictures(monkeypatch, large, largest):
    monkeypatch.setattr("mattekit.tiling.runner.SIDES", (96, 48))
    monkeypatch.setattr("mattekit.tiling.runner.BUDGET", 100_000)
    monkeypatch.setattr("mattekit.tiling.memory.LARGE", large)
    network, x = seeded(Local), torch.randn(1, 4, 128, 128)
    needed = Tiling(network, "cpu")._bytes_per_pixel(lambda rows, columns: x[:, :, rows, columns], (128, 128)) * 128**2
    network.calls.clear()
    monkeypatch.setattr(memory, "available", lambda device: int(1.5 * needed))
    run = Tiling(network, "cpu", overlap=24)
    run(lambda rows, columns: x[:, :, rows, columns], np.ones((128, 128), bool))
    network.calls.pop(0)  # what was run to count
    assert max(network.calls) == largest


@pytest.mark.parametrize("name", ["mixing", "indexnet", "a2u", "lsa"])
def test_tiles_of_45_megapixels_take_a_quarter_of_the_budget_and_4_megapixels_are_whole(monkeypatch, name):
    monkeypatch.setattr(memory, "available", lambda device: 24 << 30)
    run = Tiling(inference_copy(built(name)), "cpu")

    def window(rows, columns):
        return torch.zeros(1, NETWORKS[name].input.channels, rows.stop - rows.start, columns.stop - columns.start)

    side, *_ = run._sides(window, (5472, 8192))
    assert run._bytes_per_pixel(window, (5472, 8192)) * side**2 <= SHARE * BUDGET <= 1 << 30
    assert run._sides(window, (1600, 2560))[0] == 2560
    assert run._sides(window, (2098, 3040))[0] == 3040
    assert not run.fits(window, (1600, 2560), 12)


def test_memory_is_counted_while_it_is_needed():
    """Three maps of a megabyte are made, two of them alive at once."""

    def run():
        x = torch.ones(512, 512)
        x = x + 1
        return (x + 1).sum()

    assert 2 << 20 <= memory.peak_bytes(run) < (2 << 20) + 64


def test_there_is_memory_within_the_limits_of_containers(monkeypatch, tmp_path):
    assert memory.available("cpu") > 1 << 20
    limit, usage = tmp_path / "max", tmp_path / "current"
    limit.write_text("5000\n"), usage.write_text("2000\n")
    monkeypatch.setattr(memory, "CGROUPS", {limit: usage})
    assert memory.available("cpu") == 3000
    limit.write_text("max\n")
    assert memory.available("cpu") > 1 << 20


@pytest.mark.parametrize("rule", ["reflect-16", "resize-32", "lsa-ring", "resize-16+1"])
def test_pictures_of_any_size_are_tiled_after_they_are_prepared(rule):
    """60 x 143, which fits nothing; known pixels stay exact."""
    network = built("indexnet-b1") if rule == "resize-16+1" else seeded(Local)
    random = np.random.default_rng(0)
    image, trimap = random.random((60, 143, 3), np.float32), np.full((60, 143), 0.5, np.float32)
    trimap[:10], trimap[-10:] = 0, 1
    whole = network_predictor(network, rule, tile="off")(image, trimap)
    tiled = network_predictor(network, rule, tile=64, overlap=48)(image, trimap)
    np.testing.assert_array_equal(tiled[trimap != 0.5], trimap[trimap != 0.5])
    assert np.abs(tiled - whole).max() < (0.05 if rule == "resize-16+1" else 1e-4)
    np.testing.assert_array_equal(network_predictor(network, rule, tile=512)(image, trimap), whole)


def test_deeplab_in_tiles_of_384_is_deeplab():
    """Its deepest map is assembled of what tiles own: with the full margin on both sides, to rounding."""
    network, size = seeded(lambda: build("indexnet-b1")), (385, 577)
    unknown = np.zeros(size, bool)
    unknown[180:200, 280:300] = True
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        network.train()(torch.randn(4, 4, 65, 97)), network.eval()
    whole, tiled = whole_and_tiled(network, size, unknown, tile=384)
    assert np.abs(tiled - whole)[unknown].mean() < 1e-3 * whole.std()


@pytest.mark.parametrize(("overlap", "noted"), [(8, True), (40, False)])
def test_tiles_without_enough_margin_are_noted(caplog, overlap, noted):
    """The network of these tests sees 14 pixels around, and little of the last of them."""
    with caplog.at_level(logging.WARNING, "mattekit"):
        whole_and_tiled(seeded(Local), (96, 132), tile=64, overlap=overlap)
    found = re.findall("tiles of 64 pixels overlap by 8, but this network needs about ([0-9]+)", caplog.text)
    assert bool(found) == noted
    assert all(8 < int(needed) <= 28 for needed in found)


@pytest.mark.parametrize(("tile", "overlap"), [("some", None), (0, None), (64, -1)])
def test_settings_that_are_none_are_refused(tile, overlap):
    with pytest.raises(InputError, match="wanted"):
        Tiling(seeded(Local), "cpu", tile=tile, overlap=overlap)
