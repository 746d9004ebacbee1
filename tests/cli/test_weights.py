"""`mattekit weights` and `mattekit predict -m FILE` as a user runs them."""

import json

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.networks import build
from mattekit.networks.safetensors_file import header_of, load_network, save_network

NAMES = ["indexnet_m2o_nl_c", "a2u_dynamic_cs_d_gn"]


def run(*words, code=0):
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


@pytest.fixture(scope="module")
def released(shared, tmp_path_factory):
    """Files converted from the authors' weights, by name."""
    folder = tmp_path_factory.mktemp("released")
    for name in NAMES:
        source = shared / f"oracle/networks/{name}_weights.safetensors"
        run("weights", "convert", source, "-o", folder / f"{name}.safetensors", "--licence", "as told", "--half")
    return {name: folder / f"{name}.safetensors" for name in NAMES}


@pytest.fixture
def small(tmp_path):
    """A file of a small network with random weights."""
    torch.manual_seed(0)
    network = build("indexnet", width=0.25, resampler="indexnet-hin-linear").eval()
    save_network(tmp_path / "small.safetensors", network, header_of(network))
    return tmp_path / "small.safetensors"


def pair(folder, image, trimap, name="odd"):
    for kind, pixels in (("images", image[..., ::-1]), ("trimaps", trimap)):
        (folder / kind).mkdir(exist_ok=True)
        cv2.imwrite(str(folder / kind / f"{name}.png"), pixels)
    return folder / f"images/{name}.png", folder / f"trimaps/{name}.png"


def scene(folder, name="odd", size=(37, 45)):
    random = np.random.default_rng(len(name))
    trimap = np.full(size, 128, np.uint8)
    trimap[:8], trimap[-8:] = 0, 255
    return pair(folder, random.integers(0, 256, (*size, 3), np.uint8), trimap, name)


@pytest.mark.parametrize("name", NAMES)
def test_a_released_network_gives_the_authors_alpha(oracle, released, tmp_path, name):
    """The reference truncates to 8 bits where mattekit rounds: 1 apart at most."""
    data = oracle(name).data
    image, trimap = pair(tmp_path, data["odd_rgb"], data["odd_trimap"])
    run("predict", image, trimap, "-m", released[name], "-o", tmp_path / "a.png", "--device", "cpu")
    alpha = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert np.abs(alpha.astype(int) - data["odd_alpha_u8"]).max() <= 1
    known = data["odd_trimap"] != 128
    assert alpha.shape == (75, 101) and (alpha[known] == data["odd_trimap"][known]).all()


def test_a_file_shows_what_it_holds(released):
    facts = json.loads(run("weights", "show", released["a2u_dynamic_cs_d_gn"], "--json").stdout)
    assert (facts["network"], facts["preparation"], facts["licence"]) == ("a2u", "reflect-16", "as told")
    assert facts["parameters"] == 8_089_235 and facts["arguments"]["k_up"] == 3
    assert set(facts["dtypes"]) == {"F16", "F32"}
    text = run("weights", "show", released["indexnet_m2o_nl_c"]).stdout
    assert "preparation    resize-32" in text and "parameters     5,953,515" in text


def test_the_output_lies_beside_the_checkpoint_unless_named(tmp_path, small):
    state = {f"module.{key}": value for key, value in load_network(small).state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "best.pth.tar")
    words = ["--network", "indexnet", "--set", "width=0.25", "--set", "resampler=indexnet-hin-linear"]
    row = json.loads(run("weights", "convert", tmp_path / "best.pth.tar", *words, "--json").stdout)
    assert row["file"] == str(tmp_path / "best.safetensors")
    assert row["arguments"] == {"width": 0.25, "resampler": "indexnet-hin-linear"}
    x = torch.rand(1, 4, 32, 32)
    with torch.no_grad():
        assert load_network(tmp_path / "best.safetensors")(x).equal(load_network(small)(x))


def test_an_encoders_imagenet_weights_begin_a_network(tmp_path):
    """A file in tonylins' layout; mattekit's own names of the encoder's layers, one to one."""
    numbers = [f"{stage}.{block}" for stage, count in enumerate([1, 2, 3, 4, 3, 3, 1], 1) for block in range(count)]
    layers = {"expand": ("0", "1"), "depthwise": ("3", "4"), "project": ("6", "7")}
    first = {"depthwise": ("0", "1"), "project": ("3", "4")}
    torch.manual_seed(1)
    encoder = build("indexnet-b5", in_channels=3).encoder.state_dict()
    state = {}
    for key, value in encoder.items():
        place, _, rest = key.removeprefix("stages.").partition(".")
        if place == "0":
            layer, part = rest.split(".")
            state[f"features.0.{'01'[layer == 'norm']}.{part}"] = value
            continue
        block, name, layer, part = rest.split(".")
        n = numbers.index(f"{place}.{block}") + 1
        state[f"features.{n}.conv.{(first if n == 1 else layers)[name][layer == 'norm']}.{part}"] = value
    torch.save(state, tmp_path / "m.pth")
    run("weights", "convert", tmp_path / "m.pth", "--backbone", "indexnet-b5")
    begun = load_network(tmp_path / "m.safetensors")
    assert begun.encoder.stages[0].conv.weight[:, :3].equal(encoder["stages.0.conv.weight"])
    for key, value in encoder.items():
        if "num_batches" not in key and key != "stages.0.conv.weight":
            assert begun.encoder.state_dict()[key].equal(value), key
    assert "the rest random with seed 0" in begun.header.origin


def test_a_hostile_checkpoint_is_refused_and_nothing_written(tmp_path):
    class Payload:
        def __reduce__(self):
            return open, (str(tmp_path / "executed"), "w")

    for zipped in (True, False):
        torch.save({"state_dict": Payload()}, tmp_path / "c.pth", _use_new_zipfile_serialization=zipped)
        assert "refused; it asks for" in run("weights", "convert", tmp_path / "c.pth", code=1).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["c.pth"]


def test_misuse_of_convert_is_told(tmp_path, small):
    assert "ends in .safetensors" in run("weights", "convert", small, "-o", tmp_path / "a.pt", code=2).stderr
    assert "give one" in run("weights", "convert", small, "--network", "a2u", "--backbone", "a2u", code=2).stderr
    before = small.read_bytes()
    assert "also an input" in run("weights", "convert", small, code=1).stderr
    assert small.read_bytes() == before
    assert "Missing command" in run("weights", code=2).stderr
    assert "no such file" in run("weights", "show", tmp_path / "nowhere.safetensors", code=1).stderr


def test_results_do_not_depend_on_the_number_of_jobs(tmp_path, small):
    """Each process loads the file by itself."""
    for name in ("a", "bb", "ccc"):
        scene(tmp_path, name)
    words = ["predict", tmp_path / "images", tmp_path / "trimaps", "-m", small, "--device", "cpu", "--depth", "16"]
    run(*words, "-o", tmp_path / "one")
    run(*words, "-o", tmp_path / "two", "-j", "2")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_file_may_come_from_the_environment(tmp_path, small, monkeypatch):
    monkeypatch.setenv("MATTEKIT_MODEL", str(small))
    monkeypatch.setenv("MATTEKIT_DEVICE", "cpu")
    image, trimap = scene(tmp_path)
    assert json.loads(run("predict", image, trimap, "--json").stdout)["model"] == str(small)


@pytest.mark.parametrize("way", ["option", "environment"])
def test_a_device_that_is_not_there_is_an_error(tmp_path, small, monkeypatch, way):
    image, trimap = scene(tmp_path)
    words = ["predict", image, trimap, "-m", small, *(["--device", "cuda:99"] if way == "option" else [])]
    if way == "environment":
        monkeypatch.setenv("MATTEKIT_DEVICE", "cuda:99")
    assert "device: cuda:99, but PyTorch" in run(*words, code=1).stderr
    assert not (tmp_path / "images/odd_alpha.png").exists()


def test_a_model_that_cannot_be_used_is_told_before_anything_is_read(tmp_path, small):
    words = ["predict", tmp_path / "nowhere.png", tmp_path / "nowhere_trimap.png", "-m"]
    assert "no such model. Use one of default, closed-form" in run(*words, "nothing", code=1).stderr
    assert "nothing.safetensors: no such file" in run(*words, tmp_path / "nothing.safetensors", code=1).stderr
    torch.save({}, tmp_path / "c.pth")
    assert "mattekit weights convert" in run(*words, tmp_path / "c.pth", code=1).stderr
    network = build("reconstruction-nearest")
    save_network(tmp_path / "small.safetensors", network, header_of(network))
    assert (
        "reconstruction-nearest, which is no matting network"
        in run(*words, tmp_path / "small.safetensors", code=1).stderr
    )


def test_classical_methods_say_that_they_use_no_device(tmp_path):
    image, trimap = scene(tmp_path)
    assert "shared runs on the CPU" in run("predict", image, trimap, "-m", "shared", "--device", "cuda").stderr
