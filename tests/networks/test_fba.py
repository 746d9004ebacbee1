"""FBA: its layers and fusion against plain computations, its size, its authors' files, and tiles."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.imaging.distance_maps import distance_maps
from mattekit.inference.network import network_input, network_predictor
from mattekit.models import registry
from mattekit.networks import build
from mattekit.networks.convert import convert
from mattekit.networks.encoders.resnet50_dilated import DeepStages
from mattekit.networks.fba import PyramidPooling, fuse
from mattekit.networks.inference_copy import inference_copy
from mattekit.networks.safetensors_file import header_of, save_network
from mattekit.networks.standardised import ConvGroupNorm, GroupNormBottleneck
from mattekit.networks.summary import count_parameters
from mattekit.tiling.runner import Tiling


def test_distances_are_those_to_the_nearest_known_pixel():
    trimap = np.full((9, 14), 0.5, np.float32)
    trimap[2, 3] = trimap[8, 0] = 0
    trimap[5, 12] = 1
    maps, places = distance_maps(trimap), np.argwhere(np.ones_like(trimap)).reshape(9, 14, 1, 2)
    for i, value in enumerate((0, 1)):
        squared = ((places - np.argwhere(trimap == value)) ** 2).sum(3).min(2)
        for j, width in enumerate((0.02, 0.08, 0.16)):
            wanted = np.exp(-squared / (2 * (320 * width) ** 2))
            np.testing.assert_allclose(maps[..., 3 * i + j], wanted, rtol=0, atol=1e-5)


def test_a_class_without_pixels_has_no_distances():
    maps = distance_maps(np.ones((4, 5), np.float32))
    assert (maps[..., :3] == 0).all() and (maps[..., 3:] == 1).all()


def random_layers(*shape):
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(*shape[:1], c, *shape[1:], generator=generator, dtype=torch.float64) for c in (1, 3, 3, 3)]


def test_fused_alpha_minimises_the_error_of_the_composition():
    """Among 2001 alphas: near the network's own, and such that the fused layers compose the image."""
    alpha, fg, bg, image = random_layers(2, 6, 7)
    fused, f, b = fuse(alpha, fg, bg, image)
    tried = torch.linspace(0, 1, 2001, dtype=torch.float64).view(-1, 1, 1, 1, 1)
    cost = (image - tried * f - (1 - tried) * b).square().sum(2, keepdim=True) + 0.1 * (tried - alpha) ** 2
    assert (fused - tried.flatten()[cost.argmin(0)]).abs().max() <= 0.5 / 2000 + 1e-9


def test_fused_foreground_takes_its_share_of_the_compositions_error():
    alpha, fg, bg, image = random_layers(1, 5, 5)
    error = image - alpha * fg - (1 - alpha) * bg
    fused = fuse(alpha, fg, bg, image)[1]
    torch.testing.assert_close(fused, (fg + alpha * error).clamp(0, 1))


def test_layers_that_compose_the_image_stay_as_they_are():
    alpha, fg, bg, _ = random_layers(2, 6, 7)
    found = fuse(alpha, fg, bg, alpha * fg + (1 - alpha) * bg)
    torch.testing.assert_close(found, (alpha, fg, bg), rtol=0, atol=1e-12)


def test_filters_are_standardised_and_groups_normalised():
    """Both by definition, filter by filter and group by group, in NumPy."""
    torch.manual_seed(0)
    layer, x = ConvGroupNorm(3, 64, bias=True, act=None).double(), torch.randn(2, 3, 6, 5, dtype=torch.float64)
    nn.init.normal_(layer.norm.weight), nn.init.normal_(layer.norm.bias)
    weight = layer.conv.weight.detach().numpy()
    filters = [(w - w.mean()) / np.sqrt(w.var() + 1e-5) for w in weight]
    y = F.conv2d(x, torch.from_numpy(np.stack(filters)), layer.conv.bias, padding=1).detach().numpy()
    for image in y:
        for first in range(0, 64, 2):
            group = image[first : first + 2]
            image[first : first + 2] = (group - group.mean()) / np.sqrt(group.var() + 1e-5)
    scale, shift = (part.detach().numpy()[:, None, None] for part in (layer.norm.weight, layer.norm.bias))
    np.testing.assert_allclose(layer(x).detach(), scale * y + shift, rtol=0, atol=1e-10)
    np.testing.assert_allclose(layer.conv.plain()(x).detach(), layer.conv(x).detach(), rtol=0, atol=1e-12)


def test_pooling_is_of_grids_of_four_sizes():
    torch.manual_seed(0)
    layer, x = PyramidPooling(32).double(), torch.randn(1, 32, 7, 9, dtype=torch.float64)
    pooled = [pool(F.adaptive_avg_pool2d(x, size)) for pool, size in zip(layer.pools, (1, 2, 3, 6), strict=True)]
    enlarged = [F.interpolate(y, (7, 9), mode="bilinear", align_corners=False) for y in pooled]
    torch.testing.assert_close(layer(x), layer.convs(torch.cat([x, *enlarged], 1)), rtol=0, atol=1e-12)


def test_deep_stages_are_their_blocks_in_order():
    torch.manual_seed(0)
    blocks = [[GroupNormBottleneck(128, 256, stride=2, project=True)], [GroupNormBottleneck(256, 256, dilation=2)]]
    layer, x = DeepStages(blocks).double(), torch.randn(1, 128, 8, 12, dtype=torch.float64)
    torch.testing.assert_close(layer(x), blocks[1][0](blocks[0][0](x)), rtol=0, atol=0)
    assert layer(x).shape == (1, 256, 4, 6)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = build("fba").eval()
    nn.init.normal_(made.head.weight, std=0.3)
    nn.init.constant_(made.head.bias[:1], 0.5)
    return made


def test_size_is_the_published_one(network):
    """34,693,031 parameters (github.com/MarcoForte/FBA_Matting, issue 47, counted on the released model)."""
    assert count_parameters(network) == 34_693_031


def test_convolutions_dilate_where_the_text_has_strides(network):
    """Output stride 8: the stages' 3x3 convolutions have dilations 1, 1 (stride 2), 2, 4, the first of a stage half."""
    found = [
        [(block.conv2.conv.stride[0], block.conv2.conv.dilation[0]) for block in stage]
        for stage in (network.encoder.layer1, *network.encoder.deep.stages)
    ]
    assert found == [[(1, 1)] * 3, [(2, 1)] + [(1, 1)] * 3, [(1, 1)] + [(1, 2)] * 5, [(1, 2)] + [(1, 4)] * 2]


def picture(height, width, band=slice(None)):
    """Patches of colours, and a trimap that is unknown in a band of columns."""
    random = np.random.default_rng(0)
    image = np.kron(random.random((height // 16, width // 16, 3), np.float32), np.ones((16, 16, 1), np.float32))
    trimap = np.zeros((height, width), np.float32)
    trimap[:, width // 2 :] = 1
    trimap[:, band] = 0.5
    return image, trimap


def test_training_gives_all_planes_and_evaluation_alpha(network):
    x = torch.rand(1, 10, 24, 32)
    with torch.no_grad():
        alpha, encoded = network(x), network.encode(x)
        planes = network.decode_layers(encoded)
        every = network.train()(x)
    network.eval()
    assert alpha.shape == (1, 1, 24, 32) and alpha.equal(planes[:, :1])
    torch.testing.assert_close(every, planes)
    assert every.shape == (1, 7, 24, 32) and 0 <= every.min() and every.max() <= 1


def test_layers_compose_the_image_in_tiles_as_whole(network):
    """Colours are the image's where alpha leaves no choice; alpha is that of the network alone."""
    image, trimap = picture(32, 160, slice(50, 110))
    predictors = [network_predictor(network, "lanczos-8", tile=tile, overlap=32) for tile in ("off", 96)]
    whole, tiled = (predict.layers(image, trimap) for predict in predictors)
    np.testing.assert_array_equal(whole.alpha, predictors[0](image, trimap))
    for one, other in zip(whole, tiled, strict=True):
        assert one.dtype == np.float32 and one.min() >= 0 and one.max() <= 1
        assert np.abs(one - other).mean() < 0.02
    np.testing.assert_array_equal(whole.foreground[trimap == 1], image[trimap == 1])
    np.testing.assert_array_equal(whole.background[trimap == 0], image[trimap == 0])
    assert np.abs(whole.foreground - whole.background)[trimap == 0.5].mean() > 0.05


def test_models_say_whether_they_make_layers(network, tmp_path):
    save_network(tmp_path / "fba.safetensors", network, header_of(network))
    model = registry.load(tmp_path / "fba.safetensors", "cpu")
    image, trimap = picture(32, 64, slice(16, 48))
    alpha, fg, bg = model.layers(image, trimap)
    assert model.capabilities.layers and alpha.shape == (32, 64) and fg.shape == bg.shape == (32, 64, 3)
    other = registry.load("knn")
    assert not other.capabilities.layers
    with pytest.raises(InputError, match="knn: a classical method that makes alpha alone, no foreground"):
        other.layers(image, trimap)


def released(network):
    """The weights under the names of the authors' checkpoint, written out from their modules' definitions."""
    theirs = {}

    def copy(name, module):
        theirs.update({f"{name}.{key}": value for key, value in module.state_dict().items()})

    def layer(conv, norm, ours):
        copy(conv, ours.conv), copy(norm, ours.norm)

    encoder = network.encoder
    layer("encoder.conv1", "encoder.bn1", encoder.stem)
    for i, stage in enumerate((encoder.layer1, *encoder.deep.stages), 1):
        for j, block in enumerate(stage):
            name = f"encoder.layer{i}.{j}"
            for k, ours in enumerate((block.conv1, block.conv2, block.conv3), 1):
                layer(f"{name}.conv{k}", f"{name}.bn{k}", ours)
            if j == 0:
                layer(f"{name}.downsample.0", f"{name}.downsample.1", block.shortcut)
    for i, ours in enumerate(network.context.pools):
        layer(f"decoder.ppm.{i}.1", f"decoder.ppm.{i}.2", ours)
    for i, ours in zip((0, 3), network.context.convs, strict=True):
        layer(f"decoder.conv_up1.{i}", f"decoder.conv_up1.{i + 1}", ours)
    layer("decoder.conv_up2.0", "decoder.conv_up2.1", network.blocks[2])
    layer("decoder.conv_up3.0", "decoder.conv_up3.1", network.blocks[1])
    for i, ours in zip((0, 2, 4), (network.blocks[0][0], network.blocks[0][2], network.head), strict=True):
        copy(f"decoder.conv_up4.{i}", ours)
    return theirs


def test_the_authors_checkpoint_is_read(network, tmp_path):
    state = released(network)
    assert state["encoder.conv1.weight"].shape == (64, 11, 7, 7)
    assert state["decoder.conv_up1.0.weight"].shape == (256, 2048 + 4 * 256, 3, 3)
    assert state["decoder.conv_up4.0.weight"].shape == (32, 64 + 3 + 3 + 2, 3, 3)
    assert state["decoder.conv_up4.4.bias"].shape == (7,)
    torch.save(state, tmp_path / "FBA.pth")
    read, header = convert(tmp_path / "FBA.pth")
    assert header.network == "fba" and header.preparation == "lanczos-8" and header.origin == "FBA, released: FBA.pth"
    x = torch.rand(1, 10, 24, 32)
    with torch.no_grad():
        assert read(x).equal(network(x))


def test_tiles_give_the_alpha_of_the_whole_image(network):
    """All that sees the whole image is told of it; in double precision nothing else is left."""
    image, trimap = picture(16, 640, slice(260, 400))
    x, exact = network_input(image, trimap, estimates=distance_maps(trimap)).double(), inference_copy(network).double()
    alphas = [Tiling(exact, "cpu", tile=tile)(lambda *window: x[:, :, *window], trimap == 0.5) for tile in ("off", 384)]
    whole, tiled = (alpha[trimap == 0.5] for alpha in alphas)
    assert whole.std() > 0.01
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-6)
