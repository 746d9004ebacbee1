"""Pictures alone with a segmentation network, a box or points, as a user runs them."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.trimap_sources.segmentation import runtime


def run(*words, code=0):
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


@pytest.fixture
def photos(tmp_path):
    """A folder of two pictures: a bright disc on a dark ground, and its left part."""
    rows, columns = np.ogrid[-1:1:48j, -1:1:64j]
    folder = tmp_path / "photos"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 20, (48, 64, 3))
    for name, centre in (("one", 0), ("two", -0.4)):
        inside = np.hypot(rows, columns - centre) < 0.55
        cv2.imwrite(str(folder / f"{name}.png"), (inside[..., None] * 220 + noise).astype(np.uint8))
    return folder


@pytest.fixture
def brightness(network):
    """A network that finds what is bright."""
    path = network()
    path.with_suffix(".toml").write_text("mean = [0, 0, 0]\nstd = [1, 1, 1]\n")
    return path


def read(path):
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None, path
    return picture


def test_a_folder_of_photos_becomes_cut_outs_in_one_command(photos, brightness, tmp_path):
    """Two processes each load the network; a second run has nothing to do."""
    words = ["predict", photos, "--segment", brightness, "--save", "cutout", "-o", tmp_path / "out", "-j", 2]
    lines = [json.loads(line) for line in run(*words, "-m", "shared", "--json").stdout.splitlines()]
    assert sorted(line["name"] for line in lines) == ["one", "two"]
    assert all(line["trimap"]["source"] == "segment" for line in lines)
    assert all(line["trimap"]["facts"]["network"] == str(brightness) for line in lines)
    for name, column in (("one", 32), ("two", 20)):
        alpha = read(tmp_path / f"out/{name}.png")[..., 3]
        assert alpha[24, column] == 255 and alpha[2, 60] == 0
    again = run(*words, "--skip-existing", "--json").stdout
    assert [json.loads(line) for line in again.splitlines()] == [
        {"name": name, "skipped": True} for name in ("one", "two")
    ]


def test_a_picture_without_subject_fails_alone(photos, brightness, tmp_path):
    cv2.imwrite(str(photos / "dark.png"), np.full((48, 64, 3), 9, np.uint8))
    result = run("trimap", photos, "--segment", brightness, "-o", tmp_path / "out", code=3)
    assert "dark.png: " in result.stderr and "finds no foreground in this picture" in result.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"one.png", "two.png"}


def test_the_trimap_that_was_used_is_saved(photos, brightness, tmp_path):
    source = ["--segment", brightness, "-o", f"{tmp_path}/out/"]
    run("predict", photos / "one.png", "-m", "shared", "--save", "alpha,trimap", *source)
    run("trimap", photos / "one.png", "--segment", brightness, "-o", tmp_path / "t.png")
    trimap, alpha = read(tmp_path / "out/one_trimap.png"), read(tmp_path / "out/one_alpha.png")
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert (alpha[trimap == 0] == 0).all() and (alpha[trimap == 255] == 255).all()
    np.testing.assert_array_equal(read(tmp_path / "t.png"), trimap)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--segment", "no.onnx"], "error: no.onnx: no such file"),
        (["--segment", "photos"], "error: photos: wanted a network's .onnx or .tflite file"),
        (["--segment", "NET", "--class", "x,"], "error: class x,: wanted numbers or names"),
        (["--box", "0,0,0,5"], "error: box of 0x5 pixels"),
        (["--points", "-3,4"], "error: points of the background alone, and no box"),
    ],
)
def test_what_is_wrong_with_a_source_is_told_once_before_any_picture(photos, brightness, monkeypatch, words, message):
    monkeypatch.chdir(photos.parent)
    words = [str(brightness) if word == "NET" else word for word in words]
    result = run("trimap", photos, *words, "-o", "out", code=1)
    assert result.stderr.startswith(message) and result.stderr.count("\n") == 1
    assert not (photos.parent / "out").exists()


def test_classes_are_chosen_by_number_or_by_a_name_of_the_rule(photos, network, tmp_path):
    """The remedy names the option; one network, two subjects."""
    from onnx import helper

    nodes = [
        helper.make_node("Neg", ["x"], ["dark"]),
        helper.make_node("ReduceMean", ["x", "one"], ["bright"], keepdims=1),
        helper.make_node("ReduceMean", ["dark", "one"], ["inverse"], keepdims=1),
        helper.make_node("Concat", ["bright", "inverse", "inverse"], ["all"], axis=1),
        helper.make_node("Mul", ["all", "ten"], ["y"]),
    ]
    path = network(nodes=nodes, weights=[helper.make_tensor("ten", 1, [1], [10.0])])
    named = 'names = ["light", "Dark_Grey", "black"]\n'
    path.with_suffix(".toml").write_text("mean = [0.4, 0.4, 0.4]\nstd = [1, 1, 1]\n" + named)
    result = run("trimap", photos / "one.png", "--segment", path, code=1)
    assert "3 classes, 0 to 2 (light, Dark_Grey, black), wanted to know which. Choose with --class" in result.stderr
    levels = {}
    for classes in ("0", "1,2", "dark grey,2"):
        run("trimap", photos / "one.png", "--segment", path, "--class", classes, "-o", tmp_path / "t.png")
        levels[classes] = read(tmp_path / "t.png")[[24, 2], [32, 2]].tolist()
    assert levels == {"0": [255, 0], "1,2": [0, 255], "dark grey,2": [0, 255]}
    result = run("trimap", photos / "one.png", "--segment", path, "--class", "dog", code=1)
    assert "class dog: wanted a number or one of light, Dark_Grey, black." in result.stderr


def test_opencv_runs_networks_where_onnxruntime_is_missing(photos, brightness, tmp_path, monkeypatch):
    run("trimap", photos / "one.png", "--segment", brightness, "-o", tmp_path / "a.png")
    monkeypatch.setattr(runtime, "has_onnxruntime", lambda: False)
    from mattekit.trimap_sources import segmenter

    segmenter._opened.cache_clear()
    run("trimap", photos / "one.png", "--segment", brightness, "-o", tmp_path / "b.png")
    assert (read(tmp_path / "a.png") != read(tmp_path / "b.png")).mean() < 0.001


@pytest.mark.parametrize(
    "words", [["--box", "12,8,42,34"], ["--points", "+32,24"], ["--box", "12,8,42,34", "--points", "+32,24 -2,2"]]
)
def test_a_box_or_points_find_the_subject(photos, tmp_path, words):
    lines = run("trimap", photos / "one.png", *words, "--band", "3", "-o", tmp_path / "t.png", "--json").stdout
    trimap = read(tmp_path / "t.png")
    assert trimap[24, 32] == 255 and trimap[2, 2] == 0 and (trimap == 128).mean() < 0.3
    assert json.loads(lines)["source"] == words[0].strip("-")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--box", "40,20,30,10"], "one.png: box 40,20,30,10 reaches outside, but the picture has 64x48 pixels"),
        (["--points", "+64,0"], "one.png: point 64,0 outside, but the picture has 64x48 pixels"),
    ],
)
def test_places_outside_of_a_picture_name_it(photos, words, message):
    assert message in run("trimap", photos / "one.png", *words, code=1).stderr


@pytest.mark.parametrize("command", ["predict", "trimap"])
def test_a_network_is_an_input_that_no_output_overwrites(photos, brightness, command):
    """A file that ends in .png may be a network only by a link of that name."""
    before = brightness.read_bytes()
    link = photos / "one_trimap.png"
    link.hardlink_to(brightness)
    words = ["--save", "trimap", "-m", "shared"] if command == "predict" else []
    result = run(command, photos / "one.png", "--segment", brightness, *words, "-o", link, code=1)
    assert "the output is also an input" in result.stderr
    assert brightness.read_bytes() == before
