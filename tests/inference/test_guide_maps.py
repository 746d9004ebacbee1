"""Pictures of indices and kernels show what the operators compute."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.inference.guide_maps import guide_maps, guide_sheet, prepare
from mattekit.networks import build
from mattekit.networks.safetensors_file import header_of


def made(name, **changes):
    """A network as it is read from a file."""
    torch.manual_seed(1)
    network = build(name, **changes).eval()
    network.header = header_of(network)
    return network


@pytest.fixture(scope="module")
def grey():
    return torch.rand(1, 1, 32, 48, generator=torch.Generator().manual_seed(0))


def test_indices_are_the_networks_own_averaged_over_channels(grey):
    network = made("reconstruction-indexnet-m2o")
    with torch.no_grad():
        pyramid = network.encode(grey)
    maps = guide_maps(network, grey)
    assert [list(each) for each in maps] == [["up, untrained", "up, learnt", "down, untrained", "down, learnt"]] * 3
    for guide, each in zip(pyramid.guides, maps, strict=True):
        np.testing.assert_allclose(each["up, learnt"], guide.up[0].mean((0, 1)).numpy(), rtol=1e-6)
        cells = F.avg_pool2d(torch.from_numpy(each["down, learnt"])[None], 2)
        assert cells.shape[-2:] == guide.down.shape[-2:]
        torch.testing.assert_close(cells, torch.full_like(cells, 0.25))  # a cell's four indices add up to 1
        assert not np.allclose(each["up, untrained"], each["up, learnt"])


def test_the_untrained_are_random_but_always_the_same(grey):
    network = made("reconstruction-a2u")
    state = torch.random.get_rng_state()
    first, again = (guide_maps(network, grey) for _ in range(2))
    assert torch.random.get_rng_state().equal(state)
    assert all((a[key] == b[key]).all() for a, b in zip(first, again, strict=True) for key in a)


def test_kernels_of_several_taps_are_told_by_their_contrast(grey):
    network = made("reconstruction-a2u", resampler="a2u-hybrid-cs", k_up=3)
    with torch.no_grad():
        taps = network.encode(grey).guides[0].up[0, 0].numpy()  # (9, 32, 48)
    np.testing.assert_allclose(guide_maps(network, grey)[0]["up, learnt"], np.ptp(taps, axis=0), rtol=1e-5)


def test_carafe_is_seen_on_its_way_up(grey):
    """Its kernels come from the decoder's feature: uneven ones are found, those of one tap are 1."""
    assert np.ptp(guide_maps(made("reconstruction-carafe", k_up=5), grey)[0]["up, learnt"]) > 0
    assert (guide_maps(made("reconstruction-carafe"), grey)[0]["up, learnt"] == 1).all()


def test_max_pooling_has_one_index_a_cell_and_no_untrained_kind(grey):
    maps = guide_maps(made("reconstruction-max-unpool"), grey)
    assert [list(each) for each in maps] == [["up", "down"]] * 3
    for each in maps:
        np.testing.assert_array_equal(each["up"], each["down"])
        assert F.avg_pool2d(torch.from_numpy(each["up"])[None], 2).allclose(torch.tensor(0.25))


def test_looking_leaves_the_network_as_it_was(grey):
    network = made("reconstruction-indexnet-hin")
    with torch.no_grad():
        before = network(grey)
        guide_maps(network, grey)
        assert network(grey).equal(before)


@pytest.mark.parametrize(
    ("name", "columns"), [("a2u", 4), ("indexnet-hin-linear", 4), ("indexnet-b11", 2), ("mixing", 4)]
)
def test_a_sheet_has_the_image_and_a_row_for_each_level(name, columns):
    """Cells show whole multiples of the network's input, so that no index is averaged away."""
    network = made(name, **({"resampler": "indexnet-hin-linear"} if name == "mixing" else {}))
    image = np.random.default_rng(0).random((100, 60, 3), dtype=np.float32)
    x, shown = prepare(network, image, np.full((100, 60), 0.5, np.float32))
    assert x.shape[1] >= 4 and list(shown) == ["image", "trimap"]
    sheet = guide_sheet(network, image, np.full((100, 60), 0.5, np.float32))
    factor = 480 // max(x.shape[-2:])
    levels = len(guide_maps(network, x))
    assert sheet.shape[0] > (levels + 1) * factor * x.shape[-2] and sheet.shape[1] > columns * factor * x.shape[-1]
    assert sheet.dtype == np.float32 and 0 <= sheet.min() and sheet.max() <= 1


def test_large_images_are_reduced_before_they_are_looked_at():
    x, _ = prepare(made("reconstruction-a2u"), np.zeros((300, 1500, 3), np.float32), None)
    assert tuple(x.shape) == (1, 1, 96, 480)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("indexnet-b11", "takes a trimap beside the image"),
        ("reconstruction-deconvolution", "no operator of this network makes its kernels from the image"),
    ],
)
def test_what_has_nothing_to_show_says_so(name, message):
    with pytest.raises(InputError, match=message):
        guide_sheet(made(name), np.zeros((32, 32, 3), np.float32))
