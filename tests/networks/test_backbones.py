"""ImageNet files in every layout fill the encoders layer by layer, in the order in which their layers work."""

import pytest
import torch
from torch import nn

from mattekit.errors import InputError, WeightsError
from mattekit.networks import NETWORKS, build
from mattekit.networks.backbones import load_backbone
from mattekit.networks.convert import start_from_imagenet

PLAIN = [(stage, block) for stage, count in enumerate([1, 2, 3, 4, 3, 3, 1], 1) for block in range(count)]
NORMS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")

# Layers by name in the order in which they work: (name, "conv" | "biased conv" | "norm").


def pairs(*names, conv="conv"):
    return [(name, conv if i % 2 == 0 else "norm") for i, name in enumerate(names)]


def mobilenet_torchvision():
    layers = pairs("features.0.0", "features.0.1")
    layers += pairs(*(f"features.1.conv.{name}" for name in ("0.0", "0.1", "1", "2")))
    for n in range(2, 18):
        layers += pairs(*(f"features.{n}.conv.{name}" for name in ("0.0", "0.1", "1.0", "1.1", "2", "3")))
    return layers, ["features.18.0.weight", "features.18.1.weight", "classifier.1.weight", "classifier.1.bias"]


def mobilenet_tonylins():
    layers = pairs("features.0.0", "features.0.1", *(f"features.1.conv.{i}" for i in (0, 1, 3, 4)))
    for n in range(2, 18):
        layers += pairs(*(f"features.{n}.conv.{i}" for i in (0, 1, 3, 4, 6, 7)))
    return layers, ["features.18.0.weight", "classifier.1.weight"]


def mobilenet_timm():
    layers = pairs("conv_stem", "bn1")
    for stage, block in PLAIN:
        names = (
            ["conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"]
            if stage > 1
            else ["conv_dw", "bn1", "conv_pw", "bn2"]
        )
        layers += pairs(*(f"blocks.{stage - 1}.{block}.{name}" for name in names))
    return layers, ["conv_head.weight", "bn2.weight", "classifier.weight"]


def mobilenet_mmcls():
    layers = pairs("backbone.conv1.conv", "backbone.conv1.bn")
    for stage, block in PLAIN:
        parts = range(3 if stage > 1 else 2)
        names = [f"backbone.layer{stage}.{block}.conv.{i}.{name}" for i in parts for name in ("conv", "bn")]
        layers += pairs(*names)
    return layers, ["backbone.conv2.conv.weight", "head.fc.weight"]


def resnet34_torchvision(prefix=""):
    layers = pairs(f"{prefix}conv1", f"{prefix}bn1")
    for layer, count in ((1, 3), (2, 4), (3, 4)):
        for block in range(count):
            names = ["conv1", "bn1", "conv2", "bn2"]
            names += ["downsample.0", "downsample.1"] if block == 0 and layer > 1 else []
            layers += pairs(*(f"{prefix}layer{layer}.{block}.{name}" for name in names))
    return layers, [f"{prefix}layer3.4.conv1.weight", f"{prefix}layer4.0.conv1.weight", "fc.weight"]


def resnet34_mmcls():
    return resnet34_torchvision("backbone.")


def resnet34_inplace_abn():
    layers = pairs("mod1.conv1", "mod1.bn1")
    for layer, count in ((2, 3), (3, 4), (4, 4)):
        for block in range(1, count + 1):
            names = ["convs.conv1", "convs.bn1", "convs.conv2", "convs.bn2"]
            names += ["proj_conv", "proj_bn"] if block == 1 and layer > 2 else []
            layers += pairs(*(f"mod{layer}.block{block}.{name}" for name in names))
    return layers, ["mod4.block5.convs.conv1.weight", "mod5.block1.convs.conv1.weight", "fc.weight"]


def resnet50d(stem, prefix, shortcuts):
    layers = pairs(*stem)
    for layer, count in enumerate([3, 4, 6, 3], 1):
        for block in range(count):
            names = ["conv1", "bn1", "conv2", "bn2", "conv3", "bn3"]
            names += [f"downsample.{i}" for i in shortcuts[layer - 1]] if block == 0 else []
            layers += pairs(*(f"{prefix}layer{layer}.{block}.{name}" for name in names))
    return layers, ["fc.weight", "head.fc.weight"]


def resnet50d_timm():
    return resnet50d(["conv1.0", "conv1.1", "conv1.3", "conv1.4", "conv1.6", "bn1"], "", [(1, 2)] * 4)


def resnet50d_mmcls():
    stem = [f"backbone.stem.{i}.{name}" for i in range(3) for name in ("conv", "bn")]
    return resnet50d(stem, "backbone.", [(0, 1), (1, 2), (1, 2), (1, 2)])


def vgg_torchvision():
    layers, i = [], 0
    for count in (2, 2, 3, 3, 3):
        for _ in range(count):
            layers += pairs(f"features.{i}", f"features.{i + 1}", conv="biased conv")
            i += 3  # with a ReLU
        i += 1
    return layers, ["classifier.3.weight", "classifier.6.weight"]


def vgg_mmcls():
    layers, i = [], 0
    for count in (2, 2, 3, 3, 3):
        for _ in range(count):
            layers += pairs(f"backbone.features.{i}.conv", f"backbone.features.{i}.bn", conv="biased conv")
            i += 1
        i += 1
    return layers, ["head.fc.weight"]


LAYOUTS = {
    "indexnet": [mobilenet_torchvision, mobilenet_tonylins, mobilenet_timm, mobilenet_mmcls],
    "indexnet-b1": [mobilenet_torchvision],
    "a2u": [resnet34_torchvision, resnet34_mmcls, resnet34_inplace_abn],
    "lsa": [resnet50d_timm, resnet50d_mmcls],
    "indexnet-b3": [vgg_torchvision, vgg_mmcls],
}
CASES = [(network, layout) for network, layouts in LAYOUTS.items() for layout in layouts]


def write(path, encoder, layers, others, counts=True):
    """A file with these layers; its tensor i is full of i + 1 and has the shape of the encoder's tensor i.

    All but the first, which has no trimap channel.
    """
    parts = {"conv": ["weight"], "biased conv": ["weight", "bias"], "norm": NORMS}
    names = [f"{name}.{part}" for name, kind in layers for part in parts[kind]]
    state = {}
    for i, (name, like) in enumerate(zip(names, encoder.state_dict().values(), strict=True)):
        shape = list(like.shape)
        if i == 0:
            shape[1] = 3
        if counts or not name.endswith(NORMS[-1]):
            state[name] = torch.full([1] * len(shape), i + 1, dtype=like.dtype, device="cpu").expand(shape)
    torch.save({**state, **dict.fromkeys(others, torch.zeros(3))}, path)
    return path


def made(name):
    with torch.device("meta"):
        return build(name)


@pytest.mark.parametrize(("name", "layout"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_layers_are_filled_in_order(tmp_path, name, layout):
    network = made(name)
    load_backbone(network, write(tmp_path / "c.pth", network.encoder, *layout()))
    for i, (key, value) in enumerate(network.encoder.state_dict().items()):
        wanted = i + 1 + (1e-5 if layout is resnet34_inplace_abn and key.endswith("norm.weight") else 0)
        if key.endswith("num_batches_tracked"):
            wanted = 0  # a count that nothing reads
        if i == 0:
            assert (value[:, 3:] == 0).all() and value.shape[1] == NETWORKS[name].input.channels
            value = value[:, :3]
        assert (value == torch.tensor(wanted, dtype=value.dtype)).all(), key


def test_the_layout_is_told_and_counts_may_be_missing(tmp_path):
    network = made("indexnet")
    path = write(tmp_path / "c.pth", network.encoder, *mobilenet_timm(), counts=False)
    assert load_backbone(network, path) == "timm"


def test_vggs_first_fully_connected_layer_becomes_the_bottleneck(tmp_path):
    """Deep Image Matting's 7x7 convolution sees what that layer saw."""
    network = made("indexnet-b3")
    path = write(tmp_path / "c.pth", network.encoder, *vgg_torchvision())
    state = torch.load(path)
    row = torch.arange(512 * 49.0)
    state |= {"classifier.0.weight": row.expand(4096, -1), "classifier.0.bias": torch.full((1,), 0.5).expand(4096)}
    torch.save(state, path)
    load_backbone(network, path)
    conv = network.context[0].conv
    x = torch.rand(1, 512, 7, 7)
    y = nn.functional.conv2d(x, conv.weight[:1], conv.bias[:1])
    torch.testing.assert_close(y.flatten(), x.flatten() @ row[:, None] + 0.5, rtol=1e-4, atol=0)


def test_a_file_of_another_network_is_refused(tmp_path):
    path = write(tmp_path / "c.pth", made("indexnet").encoder, *mobilenet_torchvision())
    with pytest.raises(WeightsError, match="no layer of ResNet34 as torchvision, inplace_abn name them"):
        load_backbone(made("a2u"), path)


def test_a_file_that_lacks_layers_is_refused(tmp_path):
    layers, others = mobilenet_torchvision()
    path = write(tmp_path / "c.pth", made("indexnet").encoder, layers, others)
    state = {key: value for key, value in torch.load(path).items() if not key.startswith("features.17")}
    torch.save(state, path)
    with pytest.raises(WeightsError, match=r"of the network's \d+ tensors missing: stages.7.0.expand.conv.weight"):
        load_backbone(made("indexnet"), path)


def test_networks_without_such_an_encoder_are_refused(tmp_path):
    with pytest.raises(InputError, match="Encoder; there are ImageNet layouts for MobileNetV2, ResNet34"):
        load_backbone(build("reconstruction-nearest"), tmp_path / "c.pth")


def test_a_network_begun_from_imagenet_repeats_by_its_seed(tmp_path):
    path = write(tmp_path / "c.pth", made("indexnet-b5").encoder, *mobilenet_torchvision())
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, header = start_from_imagenet(path, "indexnet-b5")
    two, _ = start_from_imagenet(path, "indexnet-b5")
    other, _ = start_from_imagenet(path, "indexnet-b5", seed=1)
    assert torch.random.get_rng_state().equal(before)
    weights = [network.blocks[0].conv.weight for network in (one, two, other)]
    assert weights[0].equal(weights[1]) and not weights[0].equal(weights[2])
    assert "encoder alone from ImageNet (torchvision: c.pth)" in header.origin
