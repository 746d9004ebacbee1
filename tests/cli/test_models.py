"""`mattekit models` as a user runs it."""

import json

import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.networks import NETWORKS


def run(*words, code=0):
    result = CliRunner().invoke(app, ["models", *words])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


@pytest.fixture(scope="module")
def listing():
    """The whole list takes seconds: once."""
    return {row["name"]: row for row in map(json.loads, run("--json").stdout.splitlines())}


def test_every_network_is_listed_with_its_place_in_the_papers(listing):
    assert list(listing) == list(NETWORKS)
    assert listing["a2u-hybrid-cw"]["source"] == "A2U Table 2, hybrid-cw"


@pytest.mark.parametrize(
    ("name", "parameters", "giga"),
    [
        ("a2u", 8_089_235, "9.4477"),
        ("a2u-static-cw", 8_074_747, "8.6613"),
        ("reconstruction-a2u", None, "0.0286"),
        ("indexnet-b11", 3_753_259, "4.0808"),
        ("indexnet-m2o-nonlinear-context", 8_153_771, "6.2988"),
        ("indexnet-b3", 130_545_345, "32.3387"),
        ("lsa", 38_067_809, "8.62"),
        ("gca", 25_164_529, "7.70"),  # 7.51 of convolutions, 2 * 196**2 * (576 + 2048) of its two attentions
        ("matteformer", 44_747_130, "10.23"),
    ],
)
def test_sizes_are_those_of_the_papers(listing, name, parameters, giga):
    if parameters:
        assert listing[name]["parameters"] == parameters and listing[name]["input"] == [4, 224, 224]
    assert f"{listing[name]['macs'] / 2**30:.{len(giga.partition('.')[2])}f}" == giga


def test_a_network_is_shown_layer_by_layer():
    lines = run("indexnet-b11").stdout.splitlines()
    assert lines[1].split() == ["encoder.stages.0.conv", "Conv2d", "1x32x224x224", "1,152"]
    assert "3,753,259 parameters, 4.0808 x 2**30 MACs of 4x224x224 (IndexNet Table 1, b11)" in lines[-2]
    assert "resampler=max-unpool fusion=concat context=aspp stride=32 width=1.0 depthwise=false" in lines[-1]


@pytest.mark.parametrize("name", ["a2u-static-cw", "indexnet-o2o-nonlinear", "indexnet-b2", "dim", "lsa"])
def test_layers_add_up_to_the_network(name):
    row = json.loads(run(name, "--json").stdout)
    assert sum(layer["parameters"] for layer in row["layers"]) == row["parameters"]
    assert row["layers"][0]["shape"][0] == 1


def test_an_argument_changes_the_network():
    row = json.loads(run("indexnet", "--set", "hidden=2", "--set", "context=none", "--json").stdout)
    assert row["parameters"] == 8_153_771 - (3_753_259 - 3_176_939)  # B11 and B10 differ by the context
    assert row["arguments"]["hidden"] == 2 and row["arguments"]["context"] is None


@pytest.mark.parametrize(
    ("setting", "key", "value"),
    [
        ("k_up=5", "k_up", 5),
        ("shared=false", "shared", False),
        ("strided=true", "strided", True),
        ("strided=none", "strided", None),
        ("fusion=concat", "fusion", "concat"),
        ("resampler=carafe", "resampler", "carafe"),
    ],
)
def test_settings_have_their_arguments_types(setting, key, value):
    from mattekit.networks import parse_arguments

    assert parse_arguments("a2u-hybrid-cw", [setting]) == {key: value}


def test_numbers_and_tuples_are_read():
    from mattekit.networks import parse_arguments

    assert parse_arguments("dim", ["bottleneck=512, 1"]) == {"bottleneck": (512, 1)}
    assert parse_arguments("indexnet", ["width=1.4"]) == {"width": 1.4}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a2u", "--set", "k_upp=5"], "network a2u: unknown argument 'k_upp'; it takes resampler, strided, "),
        (["a2u", "--set", "k_up=five"], "k_up=five: Input should be a valid integer"),
        (["a2u", "--set", "k_up"], "k_up: no value, wanted KEY=VALUE."),
        (["dim", "--set", "bottleneck=512"], "bottleneck=512: "),
        (["lsa", "--set", "k_up=5"], "unknown argument 'k_up'; it takes resampler, fusion"),
        (["indexnets"], "unknown 'indexnets'; nearest: indexnet"),
        (["--set", "k_up=5"], "--set changes one network: name it."),
    ],
)
def test_misuse_says_what_there_is(words, message):
    assert message in run(*words, code=2).stderr


def test_a_value_that_no_network_has_is_an_error():
    assert "fusion: 'max', wanted one of none, add, concat." in run("a2u", "--set", "fusion=max", code=1).stderr


def test_an_operators_arguments_follow_the_operator():
    assert run("lsa", "--set", "resampler=carafe", "--set", "k_up=3", "--json").stdout


@pytest.fixture
def trained(tmp_path):
    """A small network's file, and an image."""
    import numpy as np

    from mattekit.imaging import io
    from mattekit.networks import build
    from mattekit.networks.safetensors_file import header_of, save_network

    network = build("reconstruction-a2u")
    save_network(tmp_path / "a2u.safetensors", network, header_of(network))
    io.write_image(tmp_path / "image.png", np.random.default_rng(0).random((32, 40, 3), dtype=np.float32))
    return tmp_path


def test_a_picture_is_written(trained):
    from mattekit.imaging import io

    words = [trained / "a2u.safetensors", "--picture", trained / "out.png", "--image", trained / "image.png"]
    assert run(*map(str, words)).stdout == ""
    assert io.read_image(trained / "out.png").pixels.std() > 0.1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["a2u.safetensors", "--picture", "image.png", "--image", "image.png"], 1, "the output is also an input"),
        (["a2u.safetensors", "--picture", "out.png"], 2, "a picture takes a file of weights"),
        (["--picture", "out.png", "--image", "image.png"], 2, "a picture takes a file of weights"),
        (["gone.safetensors", "--picture", "out.png", "--image", "image.png"], 1, "gone.safetensors"),
    ],
)
def test_what_a_picture_needs_is_told(trained, monkeypatch, words, code, message):
    monkeypatch.chdir(trained)
    assert message in " ".join(run(*words, code=code).stderr.split())
    assert not (trained / "out.png").exists()
