"""A network's file says all that is needed to use it, and a file that cannot be used says why."""

import json
import stat
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

import mattekit
from mattekit.errors import MissingFileError, WeightsError
from mattekit.networks import build
from mattekit.networks.safetensors_file import IMAGENET, describe, header_of, load_network, read_header, save_network

SMALL = {"width": 0.25, "resampler": "indexnet-hin-linear"}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build("indexnet", **SMALL).eval()


@pytest.fixture
def file(network, tmp_path):
    save_network(tmp_path / "n.safetensors", network, header_of(network, licence="CC0", origin="a test"))
    return tmp_path / "n.safetensors"


def rewritten(file, tensors=None, **facts):
    """The file with some of its tensors or metadata changed; a fact of None is left out."""
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        kept = {**opened.metadata(), **facts}
    save_file(tensors or load_file(file), file, {key: value for key, value in kept.items() if value is not None})
    return file


def test_a_loaded_network_gives_what_the_saved_one_gave(network, file):
    x = torch.randn(2, 4, 64, 96)
    loaded = mattekit.load_network(file)
    assert not loaded.training
    with torch.no_grad():
        y = loaded(x)
        assert y.shape == (2, 1, 64, 96) and y.equal(network(x))


def test_a_loaded_network_can_be_trained_on(file):
    loaded = load_network(file).train()
    loaded(torch.randn(2, 4, 64, 64)).sum().backward()
    assert all(parameter.grad is not None for parameter in loaded.parameters())


def test_the_header_survives(network, file):
    header = read_header(file)
    assert header == header_of(network, licence="CC0", origin="a test") == load_network(file).header
    assert (header.network, header.arguments, header.preparation) == ("indexnet", SMALL, "resize-32")
    assert header.normalisation == IMAGENET and header.mattekit == mattekit.__version__


@pytest.mark.parametrize(
    ("name", "changes", "preparation"),
    [
        ("indexnet", {"stride": 16}, "resize-16"),
        ("indexnet-b1", {}, "resize-16+1"),
        ("indexnet-b2", {}, "resize-32+1"),
        ("indexnet-b11", {}, "resize-32"),
        ("indexnet-b3", {}, "resize-32"),
        ("dim", {}, "reflect-32"),
        ("a2u-nearest", {}, "reflect-16"),
        ("lsa", {}, "lsa-ring"),
    ],
)
def test_images_are_prepared_as_the_authors_do(name, changes, preparation):
    from mattekit.inference.preparation import PREPARATIONS

    with torch.device("meta"):
        assert header_of(build(name, **changes)).preparation == preparation
    assert preparation in PREPARATIONS


def test_float16_is_for_storage_alone(network, tmp_path):
    """Large weights lose at most half a unit in the eleventh binary digit; the rest is exact, all is float32 again."""
    save_network(tmp_path / "half.safetensors", network, header_of(network), half=True)
    stored = load_file(tmp_path / "half.safetensors")
    assert {str(value.dtype) for value in stored.values()} == {"torch.float16", "torch.float32"}
    loaded = load_network(tmp_path / "half.safetensors").state_dict()
    for key, value in network.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            assert loaded[key].dtype == torch.float32
            error = (loaded[key] - value).abs()
            assert (error <= value.abs() * 2**-11 + 2**-24).all() if value.ndim > 1 else error.max() == 0, key


def test_numbers_too_large_for_float16_stay(network, tmp_path):
    large = build("indexnet", **SMALL)
    large.load_state_dict(network.state_dict())
    with torch.no_grad():
        large.head[1].weight.fill_(1e6)
    save_network(tmp_path / "n.safetensors", large, header_of(large), half=True)
    assert (load_network(tmp_path / "n.safetensors").head[1].weight == 1e6).all()


def test_a_diverged_network_is_not_written(tmp_path):
    network = build("indexnet", **SMALL)
    with torch.no_grad():
        network.head[1].weight[0, 0, 0, 0] = torch.nan
    with pytest.raises(WeightsError, match="head.1.weight: NaN"):
        save_network(tmp_path / "n.safetensors", network, header_of(network))
    assert not list(tmp_path.iterdir())


def test_others_may_read_the_file(file):
    beside = file.with_name("beside")
    beside.touch()
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(beside.stat().st_mode)


def test_description_counts_without_loading(network, file):
    facts = describe(file)
    assert facts["parameters"] == sum(parameter.numel() for parameter in network.parameters())
    assert facts["bytes"] == file.stat().st_size and set(facts["dtypes"]) == {"F32"}
    assert facts["licence"] == "CC0" and facts["arguments"] == SMALL


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="nowhere.safetensors: no such file"):
        load_network(tmp_path / "nowhere.safetensors")


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff" * 100, b"\x80\x02}q\x00."])
def test_another_kind_of_file_is_refused_with_the_way_to_convert_it(tmp_path, content):
    path = tmp_path / "n.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="not a file of weights") as caught:
        load_network(path)
    assert caught.value.remedy == "convert"


def test_a_file_cut_short_is_refused(file):
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="not a file of weights"):
        load_network(file)


def test_safetensors_without_a_name_are_refused(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "n.safetensors")
    with pytest.raises(WeightsError, match="names no network"):
        load_network(tmp_path / "n.safetensors")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"mattekit.format": "2"}, "format 2; this version of mattekit reads 1. Update"),
        ({"network": "indexnets"}, "unknown 'indexnets'; nearest: indexnet"),
        ({"arguments": '{"hiden": 1}'}, "hiden"),
        ({"arguments": "[1]"}, "damaged metadata"),
        ({"arguments": "{"}, "damaged metadata"),
        ({"normalisation": "{}"}, "damaged metadata .normalisation.mean: Field required"),
        ({"preparation": None}, "damaged metadata .preparation: Field required"),
        ({"mattekit.format": "²"}, "names no network"),
        ({"mattekit.format": "1" * 5000}, "names no network"),
        ({"mattekit.format": "٣"}, "names no network"),
        ({"arguments": "[" * 10_000 + "]" * 10_000}, "damaged metadata .arguments"),
        ({"arguments": '{"width": ' + "9" * 5000 + "}"}, "damaged metadata .arguments"),
        ({"arguments": '{"width": 1e999}'}, "damaged metadata .arguments"),
        ({"arguments": '{"width": {"a": 1}}'}, "damaged metadata .arguments"),
        ({"arguments": '{"width": "wide"}'}, "Was the file made by another version"),
        ({"arguments": '{"width": -1}'}, "Was the file made by another version"),
        ({"arguments": '{"stride": null}'}, "Was the file made by another version|wanted 32 or 16"),
        ({"normalisation": '{"mean": [0, 0, 0], "std": [1, 1, 0]}'}, "damaged metadata .normalisation.std.2"),
        ({"normalisation": '{"mean": [0, 0], "std": [1, 1, 1]}'}, "damaged metadata .normalisation.mean"),
        ({"normalisation": '{"mean": ["0", 0, 0], "std": [1, 1, 1]}'}, "damaged metadata .normalisation.mean.0"),
        ({"normalisation": '{"mean": [NaN, 0, 0], "std": [1, 1, 1]}'}, "damaged metadata .normalisation"),
        ({"origin": "x" * 1_000_000}, "damaged metadata .origin: 1000000 characters"),
        ({"network": "x" * 1000}, "damaged metadata .network"),
    ],
)
def test_metadata_that_cannot_be_used_say_why(file, facts, message):
    with pytest.raises(WeightsError, match=message):
        load_network(rewritten(file, **facts))


def test_tensors_that_do_not_fit_are_named(file):
    tensors = load_file(file)
    missing = {key: value for key, value in tensors.items() if not key.startswith("head")}
    with pytest.raises(
        WeightsError, match=r"6 of the network's \d+ tensors missing: head.0.conv.weight \(1, 8, 5, 5\)"
    ):
        load_network(rewritten(file, missing))
    with pytest.raises(WeightsError, match=r"1 tensors that the network does not have: extra \(3,\)\. Is it another"):
        load_network(rewritten(file, {**tensors, "extra": torch.zeros(3)}))
    with pytest.raises(WeightsError, match="1 tensors of another shape: head.1.weight is 1x1x3x3, wanted 1x1x5x5"):
        load_network(rewritten(file, {**tensors, "head.1.weight": torch.zeros(1, 1, 3, 3)}))
    for dtype in (torch.int64, torch.bool, torch.uint8):
        with pytest.raises(WeightsError, match="1 tensors of another type: head.1.weight is .*, wanted floating"):
            load_network(rewritten(file, {**tensors, "head.1.weight": tensors["head.1.weight"].to(dtype)}))


def test_arguments_are_plain_json(file):
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        metadata = opened.metadata()
    assert json.loads(metadata["arguments"]) == SMALL and metadata["mattekit.format"] == "1"


def test_importing_mattekit_does_not_import_torch():
    code = (
        "import sys, mattekit; assert 'torch' not in sys.modules; mattekit.load_network; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="'load_networks'"):
        mattekit.load_networks  # noqa: B018
