"""Checkpoints of the authors and of mmagic become networks that give the same alphas."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mattekit.errors import InputError, WeightsError
from mattekit.networks import NETWORKS
from mattekit.networks.convert import convert
from mattekit.networks.safetensors_file import load_network, save_network

EXACT = {"indexnet_m2o_nl_c": 1e-4, "a2u_dynamic_cs_d_gn": 2e-4}  # tolerances of the reference files
# Where shapes do not tell all of the configuration.
TOLD = {"a2u_dynamic_cs_d_gn_k5": ["k_en=5"], "a2u_dynamic_cs_d_gn_s1_noaspp": ["k_en=5"]}


@pytest.mark.parametrize("name", EXACT)
def test_the_authors_weights_give_the_authors_output(oracle, shared, tmp_path, name):
    network, header = convert(shared / f"oracle/networks/{name}_weights.safetensors", licence="as told")
    save_network(tmp_path / "n.safetensors", network, header)
    reference = oracle(name)
    with torch.no_grad():
        assert (load_network(tmp_path / "n.safetensors")(reference.x) - reference.y).abs().max() < EXACT[name]
    assert header.licence == "as told" and header.origin.endswith(f"released: {name}_weights.safetensors")


@pytest.mark.parametrize("name", EXACT)
def test_released_checkpoints_in_torchs_former_format_give_it_too(oracle, tmp_path, name):
    """As the authors' files are: with `module.`, an optimiser and scores of NumPy beside the weights."""
    reference = oracle(name)
    state = {f"module.{key}": value for key, value in reference.state.items()}
    snapshot = {"state_dict": state, "epoch": 30, "measure": [np.float64(0.5)], "optimizer": {"param_groups": [{}]}}
    torch.save(snapshot, tmp_path / "c.pth.tar", _use_new_zipfile_serialization=False)
    network, _ = convert(tmp_path / "c.pth.tar")
    with torch.no_grad():
        assert (network(reference.x) - reference.y).abs().max() < EXACT[name]


def without_memory(path, shapes):
    """A checkpoint with these tensors, each a single number in memory; tensor i is full of i."""
    state = {key: torch.full([1] * len(shape), float(i)).expand(shape) for i, (key, shape) in enumerate(shapes.items())}
    torch.save({"state_dict": state}, path)
    return path


def reference_files():
    names = "a2u_dynamic_cs_d_gn a2u_dynamic_cw_d_gn_unshare a2u_dynamic_cs_d_gn_k5 a2u_dynamic_cs_d_gn_s1_noaspp "
    names += "indexnet_b1_deeplab indexnet_b2_refinenet indexnet_b3_dim_vgg16 indexnet_holistic_linear "
    names += "indexnet_holistic_nl_c indexnet_m2o_linear indexnet_m2o_nl_c indexnet_m2o_nl_c_exp2 "
    names += "indexnet_m2o_nl_c_os16 indexnet_o2o_linear_c indexnet_o2o_nl_c indexnet_unet_b10_noaspp "
    names += "indexnet_unet_b11 indexnet_unet_b11_depsep indexnet_unet_b11_w14 lsa_resnet50d"
    return names.split()


@pytest.mark.parametrize("name", reference_files())
def test_every_released_layout_is_recognised(shared, tmp_path, name):
    """Keys and shapes are the authors'; the network has as many parameters as theirs."""
    with np.load(shared / f"oracle/networks/{name}.npz") as data:
        meta = json.loads(str(data["meta"]))
    path = without_memory(tmp_path / "c.pth", dict(zip(meta["keys"], meta["shapes"], strict=True)))
    network, header = convert(path, settings=TOLD.get(name, []))
    assert sum(parameter.numel() for parameter in network.parameters()) == meta["params"]
    assert header.network == ("lsa" if name[:3] == "lsa" else name[:3] if name[0] == "a" else header.network)
    assert header.arguments.get("k_en", 6) == (5 if name in TOLD else 6)


class ConvModule(nn.Module):
    """mmcv's: a convolution named conv and, mostly, a norm named bn."""

    def __init__(self, channels, out, size=1, groups=1, norm=True):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, size, groups=groups, bias=False)
        if norm:
            self.bn = nn.BatchNorm2d(out)


class Separable(nn.Module):
    def __init__(self, channels, out, size=3):
        super().__init__()
        self.depthwise_conv = ConvModule(channels, channels, size, channels)
        self.pointwise_conv = ConvModule(channels, out)


class Named(nn.Module):
    """Children under given names, in order."""

    def __init__(self, **children):
        super().__init__()
        for name, child in children.items():
            self.add_module(name, child)


def mmagic_indexnet(kind, aspp=True, separable=False):
    """The skeleton of mmagic's IndexNet with nonlinear index blocks and context; stride 32."""
    widths, blocks = [32, 16, 24, 32, 64, 96, 160, 320], [1, 2, 3, 4, 3, 3, 1]
    layers = [ConvModule(4, 32, 3)]
    for i, count in enumerate(blocks):
        steps = [(widths[i], widths[i + 1])] + [(widths[i + 1], widths[i + 1])] * (count - 1)
        layers.append(nn.Sequential(*(Named(conv=inverted(a, b, i > 0)) for a, b in steps)))
    index = []
    for c in (32, 24, 32, 64, 160):
        if kind == "holistic":
            parts = nn.Sequential(ConvModule(c, 2 * c, 4), ConvModule(2 * c, 4, norm=False))
            index.append(Named(index_block=parts))
        else:
            g = c if kind == "o2o" else 1
            parts = [nn.Sequential(ConvModule(c, c, 4, g), ConvModule(c, c, 1, g, norm=False)) for _ in range(4)]
            index.append(Named(index_blocks=nn.ModuleList(parts)))
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), ConvModule(320, 256))
    convs = nn.ModuleList([ConvModule(320, 256), *(Separable(320, 256) for _ in range(3)), pooled])
    context = Named(convs=convs, project=nn.Sequential(ConvModule(1280, 160))) if aspp else ConvModule(320, 160)
    make = Separable if separable else ConvModule
    skips, outs = [160, 96, 64, 32, 24, 16, 32], [96, 64, 32, 24, 16, 32, 32]
    stages = nn.ModuleList(Named(conv=make(2 * a, b, 5)) for a, b in zip(skips, outs, strict=True))
    pred = nn.Sequential(make(32, 1, 5), nn.Conv2d(1, 1, 5, bias=False))
    encoder = Named(layers=nn.ModuleList(layers), index_layers=nn.ModuleList(index), dconv=context)
    return Named(backbone=Named(encoder=encoder, decoder=Named(decoder_layers=stages, pred=pred)))


def inverted(channels, out, expands):
    return (
        nn.Sequential(ConvModule(channels, 6 * channels), Separable(6 * channels, out))
        if expands
        else Separable(32, 16)
    )


def group(key):
    """The part of the network that a key of the authors' or of mmagic's belongs to; decoder stages count down there."""
    words = key.removeprefix("backbone.").removeprefix("encoder.").removeprefix("decoder.").split(".")
    if words[0] == "layers":
        return f"layer{words[1]}"
    if words[0] == "index_layers":
        return f"index{(0, 2, 3, 4, 6)[int(words[1])]}"
    if words[0] == "decoder_layers":
        return f"decoder_layer{6 - int(words[1])}"
    return {"dconv": "dconv_pp"}.get(words[0], words[0])


def ordered(keys):
    """Keys by part; within a part both projects' modules are in the order in which they work."""
    return sorted(keys, key=group)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("indexnet_m2o_nl_c", "m2o"), ("indexnet_o2o_nl_c", "o2o"), ("indexnet_holistic_nl_c", "holistic")],
)
def test_mmagics_indexnet_gives_what_the_authors_does(oracle, tmp_path, name, kind):
    """The authors' weights under mmagic's names, which a skeleton of its modules gives."""
    reference = oracle(name)
    with torch.device("meta"):
        wanted = mmagic_indexnet(kind).state_dict()
    theirs = ordered(key for key in reference.state if not key.endswith("num_batches_tracked"))
    names = ordered(key for key in wanted if not key.endswith("num_batches_tracked"))
    state = {key: reference.state[old] for key, old in zip(names, theirs, strict=True)}
    assert all(value.shape == wanted[key].shape for key, value in state.items())
    torch.save({"meta": {"mmedit_version": "0.9"}, "state_dict": state}, tmp_path / "c.pth")
    network, header = convert(tmp_path / "c.pth")
    with torch.no_grad():
        assert (network(reference.x) - reference.y).abs().max() < 1e-4
    assert header.preparation == "resize-32" and "mmagic" in header.origin


@pytest.mark.parametrize("options", [dict(aspp=False), dict(separable=True)])
def test_mmagics_indexnet_is_known_without_aspp_and_with_a_separable_decoder(tmp_path, options):
    with torch.device("meta"):
        shapes = {key: value.shape for key, value in mmagic_indexnet("m2o", **options).state_dict().items()}
    network, header = convert(without_memory(tmp_path / "c.pth", shapes))
    assert header.arguments["context"] == (None if "aspp" in options else "aspp")
    assert header.arguments["depthwise"] == ("separable" in options)


def mmagic_dim(refined):
    """Keys and shapes of mmagic's Deep Image Matting, in the order of ours."""
    shapes, channels = {}, 4
    for stage, (width, count) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], 1):
        for i in range(count):
            shapes[f"backbone.encoder.layer{stage}.{2 * i}"] = (width, channels, 3, 3)
            channels = width
    shapes["backbone.encoder.conv6"] = (512, 512, 1, 1)
    shapes["backbone.decoder.deconv6_1"] = (512, 512, 1, 1)
    for i, (out, incoming) in enumerate([(64, 64), (64, 128), (128, 256), (256, 512), (512, 512)], 1):
        shapes[f"backbone.decoder.deconv{i}_1"] = (out, incoming, 5, 5)
    shapes["backbone.decoder.deconv1"] = (1, 64, 5, 5)
    if refined:
        shapes |= {f"refiner.refine_conv{i}": (64, 4 if i == 1 else 64, 3, 3) for i in (1, 2, 3)}
        shapes["refiner.refine_pred"] = (1, 64, 3, 3)
    return {
        f"{key}.{part}": shape[:size] for key, shape in shapes.items() for part, size in (("weight", 4), ("bias", 1))
    }


@pytest.mark.parametrize("refined", [True, False])
def test_mmagics_dim_fills_every_layer_in_order(tmp_path, refined):
    network, header = convert(without_memory(tmp_path / "c.pth", mmagic_dim(refined)))
    first = network.first if refined else network
    parts = [first.encoder, first.context, first.blocks, first.head, *([network.stage] if refined else [])]
    filled = [float(value.flatten()[0]) for part in parts for value in part.state_dict().values()]
    assert filled == list(range(len(mmagic_dim(refined))))
    assert header.preparation == "reflect-32" and {**NETWORKS["dim"].arguments, **header.arguments}["sigmoid"] is True


def test_a_file_with_our_own_names_needs_the_networks(tmp_path):
    from mattekit.networks import build

    network = build("indexnet", width=0.25)
    save_file(network.state_dict(), tmp_path / "c.safetensors")
    with pytest.raises(WeightsError, match="tensors named .* are of no known layout") as caught:
        convert(tmp_path / "c.safetensors")
    assert caught.value.remedy == "network"
    converted, _ = convert(tmp_path / "c.safetensors", network="indexnet", settings=["width=0.25"])
    assert converted.head[1].weight.equal(network.head[1].weight)


def test_another_network_than_the_files_is_refused(shared):
    path = shared / "oracle/networks/a2u_dynamic_cs_d_gn_weights.safetensors"
    with pytest.raises(WeightsError, match=r"8 tensors of another shape: resamplers.0.UV.conv.weight is 2x64x1x1"):
        convert(path, network="a2u-unshare")
    with pytest.raises(InputError, match="unknown argument 'k'; it takes resampler"):
        convert(path, settings=["k=5"])


def test_what_is_given_wins_over_what_shapes_tell(shared):
    path = shared / "oracle/networks/a2u_dynamic_cs_d_gn_weights.safetensors"
    network, header = convert(path, settings=["k_en=5"])
    assert header.arguments["k_en"] == 5 and network.resamplers[0].UV.pool.size == 5
