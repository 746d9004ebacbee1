"""ViTMatte computes what transformers computes, in strips and tiles too, and reads both layouts of its checkpoints."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mattekit.errors import MissingFileError, WeightsError
from mattekit.inference.network import network_predictor
from mattekit.networks import build, folder
from mattekit.networks.convert import convert
from mattekit.networks.encoders import vitdet
from mattekit.networks.safetensors_file import load_network, save_network
from mattekit.networks.summary import count_parameters

BACKBONE = dict(
    model_type="vitdet",
    num_channels=4,
    image_size=512,
    use_relative_position_embeddings=True,
    window_size=14,
    window_block_indices=[0, 1, 3, 4, 6, 7, 9, 10],
    residual_block_indices=[2, 5, 8, 11],
)
SIZES = {"small": (384, 6), "base": (768, 12)}
IMAGES = {"size_divisor": 32, "image_mean": [0.4, 0.5, 0.6], "image_std": [0.5, 0.3, 0.2]}


def config(width, heads, **changes):
    backbone = {**BACKBONE, "hidden_size": width, "num_attention_heads": heads, "out_features": ["stage12"], **changes}
    decoder = dict(convstream_hidden_sizes=[48, 96, 192], fusion_hidden_sizes=[256, 128, 64, 32])
    return dict(architectures=[folder.ARCHITECTURE], hidden_size=width, backbone_config=backbone, **decoder)


def shuffled(module):
    """Random weights everywhere, so that no layer's part in the output is small."""
    for key, value in module.state_dict().items():
        if value.is_floating_point():
            positive = key.endswith(("running_var", "norm.weight", "norm1.weight", "norm2.weight", "norm3.weight"))
            value.copy_(torch.rand_like(value) + 0.5 if positive else value + 0.05 * torch.randn_like(value))
    return module.eval()


def write(path, values, module):
    path.mkdir()
    (path / "config.json").write_text(json.dumps(values))
    (path / "preprocessor_config.json").write_text(json.dumps(IMAGES))
    save_file(module.state_dict(), path / "model.safetensors")
    return path


@pytest.fixture(scope="module", params=SIZES)
def theirs(request, tmp_path_factory):
    """A network of transformers with random weights, and its folder."""
    transformers = pytest.importorskip("transformers", reason="transformers is compared with where it is installed")
    torch.manual_seed(0)
    values = config(*SIZES[request.param])
    backbone = transformers.VitDetConfig(**values["backbone_config"])
    network = transformers.VitMatteForImageMatting(
        transformers.VitMatteConfig(**{**values, "backbone_config": backbone})
    )
    network = shuffled(network)
    return network, write(tmp_path_factory.mktemp("vitmatte") / request.param, values, network)


def test_a_folder_gives_what_transformers_pipeline_gives(theirs):
    """Its own processor, without torchvision, and its network; sides are no multiples, so that padding counts."""
    from transformers.models.vitmatte.image_processing_pil_vitmatte import VitMatteImageProcessorPil

    network, path = theirs
    random = np.random.default_rng(0)
    image, trimap = random.integers(0, 256, (75, 101, 3), np.uint8), random.choice(np.uint8([0, 128, 255]), (75, 101))
    with torch.inference_mode():
        x = VitMatteImageProcessorPil(**IMAGES)(images=image, trimaps=trimap, return_tensors="pt")["pixel_values"]
        wanted = network(x).alphas[0, 0, :75, :101].numpy()
    ours = folder.load_network(path)
    values = np.float32(np.where(trimap == 128, 0.5, trimap / 255))
    predict = network_predictor(ours, ours.header.preparation, ours.header.normalisation)
    alpha = predict(image / np.float32(255), values)
    assert wanted.std() > 1e-3
    np.testing.assert_allclose(alpha[values == 0.5], wanted[values == 0.5], atol=2e-6)


def test_the_authors_checkpoints_are_converted(theirs, tmp_path):
    """In detectron2's layout: other names, the weights beside what a trainer keeps; named small and base."""
    network, path = theirs
    words = [
        ("backbone.embeddings.position_embeddings", "backbone.pos_embed"),
        ("backbone.embeddings.projection", "backbone.patch_embed.proj"),
        ("backbone.encoder.layer", "backbone.blocks"),
        (".attention.", ".attn."),
        (".batch_norm.", ".bn."),
        ("fusion_blocks", "fusion_blks"),
    ]
    state = {}
    for key, value in network.state_dict().items():
        for old, new in words:
            key = key.replace(old, new)
        state[key] = value
    torch.save({"model": state, "iteration": 7}, tmp_path / "ViTMatte.pth")
    made, header = convert(tmp_path / "ViTMatte.pth", licence="as told")
    assert header.network == f"vitmatte-{path.name}" and not header.arguments and header.licence == "as told"
    assert header.normalisation["mean"] == [0.485, 0.456, 0.406] and header.preparation == "zeros-32"
    x = torch.randn(1, 4, 64, 96)
    with torch.inference_mode():
        torch.testing.assert_close(made(x), network(x).alphas, atol=2e-6, rtol=0)


def test_an_onnx_export_of_transformers_gives_the_same(tmp_path):
    """By its own exporter's names; the file alone tells how pictures are prepared."""
    transformers = pytest.importorskip("transformers", reason="transformers is compared with where it is installed")
    pytest.importorskip("onnxscript"), pytest.importorskip("onnxruntime")
    from mattekit.inference.onnx_export import _quiet
    from mattekit.models import registry

    torch.manual_seed(0)
    values = config(24, 2, num_hidden_layers=1, window_block_indices=[], residual_block_indices=[0])
    backbone = transformers.VitDetConfig(**{**values["backbone_config"], "out_features": ["stage1"]})
    network = transformers.VitMatteForImageMatting(
        transformers.VitMatteConfig(**{**values, "backbone_config": backbone})
    )
    whole = Alphas(shuffled(network))
    with _quiet():
        names = dict(input_names=["pixel_values"], output_names=["alphas"])
        torch.onnx.export(whole, (torch.zeros(1, 4, 64, 96),), tmp_path / "model.onnx", verbose=False, **names)
    image, trimap = np.random.default_rng(0).random((50, 90, 3), np.float32), np.full((50, 90), 0.5, np.float32)
    x = np.zeros((1, 4, 64, 96), np.float32)
    x[0, :3, :50, :90], x[0, 3, :50, :90] = (2 * image - 1).transpose(2, 0, 1), 128 / 255
    with torch.inference_mode():
        wanted = whole(torch.from_numpy(x))[0, 0, :50, :90].numpy()
    np.testing.assert_allclose(registry.resolve(tmp_path / "model.onnx").alpha(image, trimap), wanted, atol=2e-6)


class Alphas(torch.nn.Module):
    """Transformers' network with its alphas alone."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, pixel_values):
        return self.network(pixel_values).alphas


def tiny(tmp_path):
    """A folder of a network that is fast, and the network."""
    torch.manual_seed(0)
    values = config(24, 2, num_hidden_layers=3, residual_block_indices=[2])
    network = shuffled(build("vitmatte-small", width=24, heads=2, depth=3, residual=[2]))
    return write(tmp_path / "tiny", values, AsTransformers(network)), network


class AsTransformers:
    """The state of a network of ours under transformers' names."""

    def __init__(self, network):
        self.network = network

    def state_dict(self):
        state = {}
        for key, value in self.network.state_dict().items():
            if key == "encoder.transformer.position":
                value, key = value.flatten(2).mT, "backbone.embeddings.position_embeddings"
                value = torch.cat([torch.zeros_like(value[:, :1]), value], 1)
            for old, new in [
                ("encoder.patch", "backbone.embeddings.projection"),
                ("encoder.transformer.blocks", "backbone.encoder.layer"),
                ("encoder.stream", "decoder.convstream.convs"),
                ("head", "decoder.matting_head.matting_convs"),
            ]:
                key = key.replace(old, new)
            if key.startswith("blocks."):
                i = 3 - int(key.split(".")[1])
                incoming = (24, 256, 128, 64)[i]
                value = torch.cat([value[:, incoming:], value[:, :incoming]], 1) if "conv.weight" in key else value
                key = f"decoder.fusion_blocks.{i}.conv.{key.split('.', 2)[2]}"
            if key.startswith("decoder."):
                key = key.replace(".norm.", ".batch_norm.")
            state[key] = value.contiguous()
        return state


def test_a_folder_of_another_size_is_read_and_kept_as_one_file(tmp_path):
    path, network = tiny(tmp_path)
    made, header = convert(path)
    save_network(tmp_path / "tiny.safetensors", made, header)
    again = load_network(tmp_path / "tiny.safetensors")
    assert again.header.arguments == {"width": 24, "heads": 2, "depth": 3, "residual": [2]}
    x = torch.randn(1, 4, 64, 64)
    with torch.inference_mode():
        assert again(x).equal(network(x))


def test_a_pickle_of_weights_is_read_without_executing_it(tmp_path):
    path, network = tiny(tmp_path)
    torch.save(load_file(path / "model.safetensors"), path / "pytorch_model.bin")
    (path / "model.safetensors").unlink()
    x = torch.randn(1, 4, 32, 64)
    with torch.inference_mode():
        assert folder.load_network(path)(x).equal(network(x))


def test_attention_in_strips_is_that_of_the_whole_map(monkeypatch):
    torch.manual_seed(0)
    attention, x = shuffled(vitdet.Attention(32, 4, 9)), torch.randn(2, 11, 7, 32)
    with torch.inference_mode():
        whole = attention(x)
        monkeypatch.setattr(vitdet, "SCORES", 3 * 2 * 4 * 11 * 7**2 * 4)
        torch.testing.assert_close(attention(x), whole, atol=1e-6, rtol=0)
        assert len(vitdet._strips(11, 2 * 4 * 11 * 7**2 * 4)) == 4


def test_tiles_give_the_alpha_of_the_whole_image(tmp_path):
    """The transformer sees the whole image; only the convolutions, which see little, are computed tile by tile."""
    _, network = tiny(tmp_path)
    random = np.random.default_rng(0)
    image, trimap = random.random((150, 260, 3), np.float32), np.full((150, 260), 0.5, np.float32)
    whole = network_predictor(network, "zeros-32")(image, trimap)
    tiled = network_predictor(network, "zeros-32", tile=128, overlap=96)(image, trimap)
    assert whole.std() > 1e-3
    np.testing.assert_allclose(tiled, whole, atol=2e-6)


@pytest.mark.parametrize(("name", "printed"), [("vitmatte-small", "25.8"), ("vitmatte-base", "96.7")])
def test_sizes_are_those_that_the_paper_prints(name, printed):
    """ViTMatte, Table 1: millions of parameters."""
    with torch.device("meta"):
        assert f"{count_parameters(build(name)) / 1e6:.1f}" == printed


def broken(change):
    def apply(path):
        file = path / "config.json"
        values = json.loads(file.read_text())
        change(values)
        file.write_text(json.dumps(values))

    return apply


def without(key):
    def apply(path):
        state = load_file(path / "model.safetensors")
        del state[key]
        save_file(state, path / "model.safetensors")

    return apply


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda path: (path / "config.json").unlink(), MissingFileError, "tiny: a folder without config.json, wanted"),
        (lambda path: (path / "preprocessor_config.json").unlink(), MissingFileError, "without preprocessor_config"),
        (lambda path: (path / "model.safetensors").unlink(), MissingFileError, "no model.safetensors and no pytorch"),
        (lambda path: (path / "config.json").write_text("{"), WeightsError, "config.json: no JSON"),
        (lambda path: (path / "config.json").write_text("[" * 99999), WeightsError, "config.json: no JSON"),
        (lambda path: (path / "config.json").write_text("[]"), WeightsError, "a list, wanted a JSON object"),
        (lambda path: (path / "model.safetensors").write_bytes(b"x" * 99), WeightsError, "model.safetensors: neither"),
        (broken(lambda v: v.update(architectures=["SegformerForX"])), WeightsError, "a SegformerForX, wanted a VitM"),
        (broken(lambda v: v.pop("architectures")), WeightsError, "a no architecture, wanted"),
        (broken(lambda v: v["backbone_config"].update(model_type="swin")), WeightsError, "model_type: swin"),
        (broken(lambda v: v["backbone_config"].update(patch_size=8)), WeightsError, "patch_size: 8: .*16"),
        (broken(lambda v: v["backbone_config"].pop("window_size")), WeightsError, "window_size: missing"),
        (broken(lambda v: v["backbone_config"].update(hidden_size=25)), WeightsError, "sizes of no possible network"),
        (broken(lambda v: v["backbone_config"].update(hidden_size=48)), WeightsError, "tensors of another shape"),
        (broken(lambda v: v.update(hidden_size=10**9)), WeightsError, "hidden_size"),
        (without("decoder.matting_head.matting_convs.0.bias"), WeightsError, "1 of the network's .* missing: head.0"),
        (without("backbone.embeddings.projection.weight"), WeightsError, "no tensor encoder.patch.weight"),
    ],
)
def test_what_is_wrong_with_a_folder_is_one_line(tmp_path, damage, error, message):
    path, _ = tiny(tmp_path)
    damage(path)
    with pytest.raises(error, match=message) as caught:
        folder.read_header(path)
        folder.load_network(path)
    assert "\n" not in str(caught.value) and "tiny" in str(caught.value)
