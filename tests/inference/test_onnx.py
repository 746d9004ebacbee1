"""ONNX models give PyTorch's alphas, say what they are, and are not written where they differ."""

import json
import sys

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.errors import InputError, MissingExtraError, MissingFileError, WeightsError
from mattekit.inference import onnx, onnx_export
from mattekit.inference.network import network_input
from mattekit.models import registry
from mattekit.models.onnx import read_header
from mattekit.networks import build
from mattekit.networks.safetensors_file import header_of, load_network, save_network

for needed in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(needed, reason='ONNX is tested with the packages of pip install "mattekit[onnx]"')


def scene(size, seed=0):
    """Soft colours, and a trimap with all classes."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size[0], : size[1]] / max(size)
    image = np.stack([rows, columns, (rows + columns) / 2], 2) + random.normal(0, 0.1, (*size, 3))
    trimap = np.select([columns < 0.2, columns > 0.7], [0, 1], 0.5)
    return image.clip(0, 1).astype(np.float32), trimap.astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small network with random weights whose alphas are far apart: its files of weights and of ONNX."""
    torch.manual_seed(0)
    network = build("indexnet-b4", bottleneck=[16, 1]).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        y = network(network_input(*scene((96, 128))))
        network.head[0].weight *= y.median().sign() / y.abs().max()
        network.head[0].bias.zero_()
    weights = tmp_path_factory.mktemp("onnx") / "b4.safetensors"
    save_network(weights, network, header_of(network, licence="CC0"))
    result = CliRunner().invoke(app, ["export", str(weights), "--json"])
    assert result.exit_code == 0, result.stderr
    return weights, weights.with_suffix(".onnx"), json.loads(result.stdout)


def test_what_was_compared_is_told(files):
    weights, model, told = files
    assert told["output"] == str(model) and told["network"] == "indexnet-b4"
    sizes = {(row["height"], row["width"]) for row in told["compared"]}
    assert len(sizes) == 2 and all(side % 32 == 0 for size in sizes for side in size)
    assert all(0 <= row["difference"] < 1e-3 for row in told["compared"])


@pytest.mark.parametrize("size", [(33, 70), (96, 64), (131, 40)])
def test_a_model_gives_the_alphas_of_its_network_at_any_size(files, size):
    weights, model, _ = files
    image, trimap = scene(size)
    wanted, alpha = (registry.load(path, "cpu").alpha(image, trimap) for path in (weights, model))
    assert wanted[trimap == 0.5].std() > 0.01  # networks that say nothing would agree
    np.testing.assert_allclose(alpha, wanted, rtol=0, atol=1e-4)
    assert (alpha[trimap == 0] == 0).all() and (alpha[trimap == 1] == 1).all()


def test_a_model_takes_batches(files):
    weights, model, _ = files
    x = torch.randn(3, 4, 64, 96)
    with torch.inference_mode():
        wanted = load_network(weights)(x).numpy()
    np.testing.assert_allclose(onnx.run(onnx.open_session(model, "cpu"), x.numpy()), wanted, rtol=0, atol=1e-3)


def test_a_model_says_what_it_is_and_nothing_of_where_it_was_made(files):
    weights, model, _ = files
    header = read_header(model)
    assert header == load_network(weights).header and header.licence == "CC0"
    assert b"site-packages" not in model.read_bytes() and b"encoder_decoder.py" not in model.read_bytes()
    shown = json.loads(CliRunner().invoke(app, ["weights", "show", str(model), "--json"]).stdout)
    assert shown["network"] == "indexnet-b4" and shown["bytes"] == model.stat().st_size


@pytest.mark.parametrize("operator", ["max-unpool", "indexnet-o2o-linear", "a2u-dynamic-cs-k1"])
def test_operators_that_look_at_the_image_are_recorded_for_any_size(operator):
    """Positions, indices and predicted kernels, in a small network that is recorded at another size than compared."""
    torch.manual_seed(0)
    network = build("reconstruction-nearest", resampler=operator, halving="own", in_channels=4).eval()
    model, header = onnx_export.Forward(network.requires_grad_(False)), header_of(network)
    session = onnx.open_session(onnx_export.record(model, header), "cpu")
    for size in onnx_export.PICTURES:
        compared = onnx_export.compare(session, model, header, size)
        assert compared.outliers == 0 and compared.images == (1 if operator.startswith("a2u") else 2)
    assert model(torch.randn(1, 4, 32, 32)).std() > 0


def test_a_model_has_the_same_bytes_every_time_and_a_clear_error(monkeypatch):
    network = build("mixing", widths=[4, 6, 8]).eval().requires_grad_(False)
    model, header = onnx_export.Forward(network), header_of(network)
    once, again = (onnx_export.record(model, header) for _ in range(2))
    assert b"range_constraints" not in once  # whose order depends on the process
    assert once == again and onnx.open_session(once, "cpu")

    def fail(*args, **kwargs):
        raise torch.onnx.OnnxExporterError("no such operator\nand 40 lines") from None

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(WeightsError, match=r"mixing: PyTorch .* cannot export it as ONNX \(no such operator\)\.$"):
        onnx_export.record(model, header)


@pytest.mark.parametrize("name", ["indexnet_m2o_nl_c", "a2u_dynamic_cs_d_gn"])
def test_models_of_the_authors_weights_give_pytorchs_alphas(oracle, shared, tmp_path, name):
    """Within one of 255 levels, on the authors' picture; A2U's network predicts kernels from each image."""
    weights = f"{shared}/oracle/networks/{name}_weights.safetensors"
    assert CliRunner().invoke(app, ["weights", "convert", weights, "-o", f"{tmp_path}/n.safetensors"]).exit_code == 0
    network = load_network(tmp_path / "n.safetensors")
    compared = onnx_export.export(tmp_path / "n.onnx", network, network.header)
    assert all(row.outliers == 0 for row in compared)
    data = oracle(name).data
    image, levels = (np.ascontiguousarray(data[key], np.float32) / 255 for key in ("odd_rgb", "odd_trimap"))
    trimap = np.where((levels == 0) | (levels == 1), levels, np.float32(0.5))
    wanted, alpha = (
        registry.load(f"{tmp_path}/n{end}", "cpu").alpha(image, trimap) for end in (".safetensors", ".onnx")
    )
    assert wanted[trimap == 0.5].std() > 0.05
    assert np.abs(alpha - wanted).max() < 1 / 255


def test_a_model_that_differs_is_not_written(files, tmp_path, monkeypatch):
    weights, model, _ = files
    monkeypatch.setattr(onnx_export, "record", lambda *_: model.read_bytes())
    monkeypatch.setattr(onnx_export, "run", lambda session, x: onnx.run(session, x) + 0.1)
    result = CliRunner().invoke(app, ["export", str(weights), "-o", f"{tmp_path}/m.onnx"])
    assert result.exit_code == 1 and "not written" in result.stderr and "128x96" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_outputs_that_are_no_numbers_differ(files, monkeypatch):
    weights, model, _ = files
    monkeypatch.setattr(onnx_export, "record", lambda *_: model.read_bytes())
    monkeypatch.setattr(onnx_export, "run", lambda session, x: onnx.run(session, x) * np.nan)
    network = load_network(weights)
    with pytest.raises(WeightsError, match="100.0%"):
        onnx_export.export("m.onnx", network, network.header)


@pytest.mark.parametrize("module", ["onnx", "onnxruntime", "onnxscript"])
def test_a_missing_package_names_the_extra(files, tmp_path, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    network = load_network(files[0])
    with pytest.raises(MissingExtraError, match=r'pip install "mattekit\[onnx\]"'):
        onnx_export.export(tmp_path / "m.onnx", network, network.header)
    if module == "onnxruntime":
        with pytest.raises(MissingExtraError, match="b4.onnx"):
            registry.resolve(str(files[1]))


def test_files_that_are_no_models_are_refused(tmp_path):
    from onnx import TensorProto, helper, save

    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(WeightsError, match="text.onnx: damaged, or no ONNX file"):
        registry.resolve(f"{tmp_path}/text.onnx")
    with pytest.raises(MissingFileError, match="none.onnx"):
        registry.resolve(f"{tmp_path}/none.onnx")
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "other", [x], [y])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), tmp_path / "other.onnx")
    with pytest.raises(InputError, match="other.onnx: inputs x .float32, 1., wanted to know which take the image"):
        registry.resolve(f"{tmp_path}/other.onnx")


def test_devices_that_onnxruntime_has_not_are_refused(files):
    import onnxruntime

    with pytest.raises(InputError, match="mps"):
        registry.resolve(files[1], "mps")
    if onnx.CUDA not in onnxruntime.get_available_providers():
        assert onnx.device_of("auto") == "cpu"
        with pytest.raises(InputError, match="onnxruntime-gpu"):
            registry.resolve(files[1], "cuda")


def test_a_session_that_fell_back_is_refused(files):
    session = onnx.open_session(files[1], "cpu")
    with pytest.raises(InputError, match="did not start"):
        onnx._require_first(session, [(onnx.CUDA, {}), onnx.CPU], "cuda")


def test_a_lack_of_memory_is_told_as_one():
    class Session:
        def run(self, *_):
            raise RuntimeError("Failed to allocate memory for requested buffer of size 1")

    with pytest.raises(MemoryError):
        onnx.run(Session(), np.zeros((1, 4, 8, 8), np.float32))


def test_a_model_cannot_be_refined(files):
    with pytest.raises(InputError, match="gradients"):
        registry.resolve(files[1]).refined(*scene((40, 50)), None, print)


def test_networks_for_other_tasks_are_not_exported(tmp_path):
    network = build("reconstruction-nearest")
    with pytest.raises(InputError, match="no matting network"):
        onnx_export.export(tmp_path / "m.onnx", network, header_of(network))


@pytest.mark.parametrize("output", ["m.pb", "b4.safetensors"])
def test_the_output_has_the_suffix_that_predict_knows(files, output):
    result = CliRunner().invoke(app, ["export", str(files[0]), "-o", output])
    assert result.exit_code == 2 and ".onnx" in result.stderr
