"""Networks of others by the same commands: folders and graphs beside models of ours, compared, and refused."""

import ast
import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

import mattekit
from mattekit.cli import app
from mattekit.metrics import METRICS
from mattekit.models import registry
from mattekit.networks import build

pytestmark = pytest.mark.usefixtures("fresh_models")
CONFIG = dict(
    architectures=["VitMatteForImageMatting"],
    hidden_size=24,
    backbone_config=dict(
        hidden_size=24,
        num_attention_heads=2,
        num_hidden_layers=2,
        num_channels=4,
        image_size=512,
        use_relative_position_embeddings=True,
        window_size=14,
        window_block_indices=[0],
        residual_block_indices=[1],
    ),
)


@pytest.fixture
def fresh_models():
    yield
    registry._resolve.cache_clear()


@pytest.fixture(scope="module")
def vitmatte(tmp_path_factory):
    """A folder as transformers saves it, of a small network with random weights."""
    folder = tmp_path_factory.mktemp("models") / "vitmatte"
    folder.mkdir()
    torch.manual_seed(0)
    network = build("vitmatte-small", width=24, heads=2, depth=2, windowed=[0], residual=[1])
    state = {}
    for key, value in network.state_dict().items():
        if key == "encoder.transformer.position":
            key, value = "backbone.embeddings.position_embeddings", torch.randn(1, 197, 24)
        if key.startswith("blocks."):
            _, stage, rest = key.split(".", 2)
            key = f"decoder.fusion_blocks.{3 - int(stage)}.conv.{rest}"
        for ours, theirs in [
            ("encoder.patch", "backbone.embeddings.projection"),
            ("encoder.transformer.blocks", "backbone.encoder.layer"),
            ("encoder.stream", "decoder.convstream.convs"),
            ("head", "decoder.matting_head.matting_convs"),
        ]:
            key = key.replace(ours, theirs)
        state[key.replace(".norm.", ".batch_norm.") if key.startswith("decoder") else key] = value
    save_file(state, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "preprocessor_config.json").write_text(json.dumps({"size_divisor": 32}))
    return folder


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A graph of image and trimap, in bytes, that gives the trimap back."""
    onnx = pytest.importorskip("onnx", reason='ONNX is tested with the packages of pip install "mattekit[onnx]"')
    pytest.importorskip("onnxruntime")
    helper, path = onnx.helper, tmp_path_factory.mktemp("models") / "mine.onnx"
    given = [
        helper.make_tensor_value_info(name, onnx.TensorProto.UINT8, [1, count, "h", "w"])
        for name, count in (("image", 3), ("trimap", 1))
    ]
    nodes = [
        helper.make_node("Cast", ["trimap"], ["level"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Div", ["level", "full"], ["alpha"]),
    ]
    full = helper.make_tensor("full", onnx.TensorProto.FLOAT, [], [255.0])
    alpha = helper.make_tensor_value_info("alpha", onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "mine", given, [alpha], [full])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def scene(tmp_path):
    """An image, its trimap and its true alpha."""
    random, alpha = np.random.default_rng(0), np.tile(np.linspace(-1, 2, 70).clip(0, 1), (50, 1))
    trimap = np.where((alpha > 0) & (alpha < 1), 128, 255 * alpha)
    files = [tmp_path / name for name in ("cat.png", "trimap.png", "truth.png")]
    for file, picture in zip(files, (random.integers(0, 256, (50, 70, 3)), trimap, 255 * alpha), strict=True):
        cv2.imwrite(str(file), picture.astype(np.uint8))
    return files


def run(*words, code=0):
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def test_models_of_all_kinds_are_compared(tmp_path, scene, vitmatte, mine):
    """And scored as `eval` scores the alphas that each of them writes."""
    names = ["default", "shared", f"{vitmatte}{os.sep}", str(mine)]
    words = ["--compare", ",".join(names), "--truth", scene[2], "-o", tmp_path / "sheet.png"]
    models = json.loads(run("predict", *scene[:2], *words, "--json").stdout)["models"]
    assert list(models) == names and [each["label"] for each in models.values()] == [
        "default",
        "shared",
        "vitmatte",
        "mine",
    ]
    for name, entry in list(models.items())[2:]:
        alpha = tmp_path / f"{entry['label']}.png"
        run("predict", *scene[:2], "-m", name, "-o", alpha)
        (row,) = json.loads(run("eval", alpha, scene[2], "--trimaps", scene[1], "--format", "json").stdout)["images"]
        assert entry["scores"] == pytest.approx({key: row[key] for key in METRICS})
    assert cv2.imread(str(tmp_path / "sheet.png")).shape[1] > 4 * 70


OPTIONS = {"max-size": [40], "tile": [64, "--overlap", 48], "tta": ["flip"], "refine": [2]}


@pytest.mark.parametrize("option", OPTIONS)
def test_a_folder_takes_the_options_of_networks(tmp_path, scene, vitmatte, option):
    """Each changes the alpha, but for tiles, and leaves what the trimap knows."""
    plain, found = tmp_path / "plain.png", tmp_path / "found.png"
    run("predict", *scene[:2], "-m", vitmatte, "-o", plain)
    run("predict", *scene[:2], "-m", vitmatte, "-o", found, f"--{option}", *OPTIONS[option])
    alpha, other, trimap = (cv2.imread(str(file), 0).astype(int) for file in (plain, found, scene[1]))
    np.testing.assert_array_equal(other[trimap != 128], trimap[trimap != 128])
    assert np.abs(alpha - other)[trimap == 128].mean() < 2 if option == "tile" else not np.array_equal(alpha, other)


def test_a_folder_is_shown_converted_and_read_again_when_it_changes(tmp_path, scene, vitmatte):
    folder = shutil.copytree(vitmatte, tmp_path / "copy")
    assert "network        vitmatte-small" in run("weights", "show", folder).stdout
    run("weights", "convert", folder, "-o", tmp_path / "one.safetensors", "--licence", "as told")
    for model, name in ((folder, "a"), (tmp_path / "one.safetensors", "b")):
        run("predict", *scene[:2], "-m", model, "-o", tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    state = load_file(folder / "model.safetensors")
    state["decoder.matting_head.matting_convs.3.bias"] += 5
    save_file(state, folder / "model.safetensors")
    run("predict", *scene[:2], "-m", folder, "-o", tmp_path / "c.png")
    assert cv2.imread(str(tmp_path / "c.png"), -1).mean() > cv2.imread(str(tmp_path / "a.png"), -1).mean() + 5


def config(**changes):
    return lambda folder: (folder / "config.json").write_text(json.dumps({**CONFIG, **changes}))


def without(key):
    def apply(folder):
        state = load_file(folder / "model.safetensors")
        save_file({name: value for name, value in state.items() if name != key}, folder / "model.safetensors")

    return apply


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "a folder without config.json, wanted a model's file"),
        (config(architectures=["SegformerForSemanticSegmentation"]), "a SegformerForSemanticSegmentation, wanted"),
        (without("decoder.matting_head.matting_convs.0.bias"), "1 of the network's 91 tensors missing: head.0.bias"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"1234567890"), "model.safetensors: "),
    ],
)
def test_a_bad_folder_is_one_line(tmp_path, scene, vitmatte, damage, message):
    folder = shutil.copytree(vitmatte, tmp_path / "bad")
    damage(folder)
    stderr = run("predict", *scene[:2], "-m", folder, "-o", tmp_path / "x.png", code=1).stderr
    errors = [line for line in stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1 and message in errors[0] and "Traceback" not in stderr


def test_nothing_here_can_reach_a_hub():
    """Folders are read by this package alone: neither transformers nor what downloads for it is imported."""
    for path in Path(mattekit.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in ("transformers", "huggingface_hub", "timm")]
