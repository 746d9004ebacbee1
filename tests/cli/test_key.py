"""`mattekit key` as a user runs it."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.imaging import io
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb

GREEN, GREY = decode_srgb(np.float32([0.2, 0.7, 0.25])), decode_srgb(np.float32([0.5, 0.45, 0.4]))


def run(*words, code=0):
    result = CliRunner().invoke(app, ["key", *map(str, words)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def plate(path, *, depth="8", gain=1.0, size=(48, 64)):
    """A soft disc before a green screen; returns its path and alpha."""
    y, x = np.mgrid[: size[0], : size[1]]
    alpha = np.clip(7 - np.hypot(y - size[0] / 2, x - size[1] / 2) / 2, 0, 1).astype(np.float32)[..., None]
    path.parent.mkdir(parents=True, exist_ok=True)
    io.write_image(path, encode_srgb(np.float32(gain) * (alpha * GREY + (1 - alpha) * GREEN)), depth=depth)
    return path, alpha[..., 0]


def photo(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.random.default_rng(0).random((48, 64, 1)).astype(np.float32).repeat(3, 2)
    io.write_image(path, grey)
    return path


def test_a_plate_becomes_a_cut_out_beside_it(tmp_path):
    path, alpha = plate(tmp_path / "shot.png")
    assert run(path).stdout == ""
    rgba = io.to_float(io.read_raw(tmp_path / "shot_cutout.png").pixels)
    assert np.abs(rgba[..., 3] - alpha).max() < 0.04
    assert np.abs(rgba[alpha > 0.3][:, :3] - encode_srgb(GREY)).max() < 0.04


def test_each_part_is_written_to_a_folder_and_json_tells_of_the_screen(tmp_path):
    path, alpha = plate(tmp_path / "shot.png")
    out = tmp_path / "out"
    told = json.loads(run(path, "-o", out, "--save", "alpha,cutout,foreground,trimap", "--json").stdout)
    assert told["kind"] == "green" and told["confidence"] > 0.9 and told["screen"] == "#33b240"
    assert {p.name for p in out.iterdir()} == {f"shot_{k}.png" for k in ("alpha", "cutout", "foreground", "trimap")}
    trimap = io.read_trimap(out / "shot_trimap.png")
    assert alpha[trimap == 0].max() < 0.05 and alpha[trimap == 1].min() > 0.95


@pytest.mark.parametrize(("name", "depth"), [("shot.png", "16"), ("shot.tif", "float")])
def test_deep_plates_keep_their_depth(tmp_path, name, depth):
    path, alpha = plate(tmp_path / name, depth=depth)
    run(path, "--save", "alpha", "-o", tmp_path / "out")
    found = io.read_alpha(next((tmp_path / "out").iterdir()))
    assert found.depth == depth and np.abs(found.pixels - alpha).max() < 0.04


def test_scene_linear_exr_above_one_works(tmp_path):
    pytest.importorskip("OpenEXR")
    path, alpha = plate(tmp_path / "shot.exr", depth="float", gain=6.0)
    assert io.read_image(path).pixels.max() > 1.5
    run(path, "--format", "exr", "-o", tmp_path / "out")
    raw = io.read_raw(tmp_path / "out" / "shot_cutout.exr")
    assert np.abs(raw.pixels[..., 3] - alpha).max() < 0.04
    assert np.abs(raw.pixels[alpha == 1][:, :3] / (6 * GREY) - 1).max() < 0.1


def test_nan_in_a_float_plate_is_one_line(tmp_path):
    pixels = np.full((8, 8, 3), 0.5, np.float32)
    pixels[2, 3] = np.nan
    cv2.imwrite(str(tmp_path / "bad.tif"), pixels)
    said = run(tmp_path / "bad.tif", code=1).stderr
    assert "bad.tif: 3 values are NaN" in said and said.count("\n") == 1


def test_a_plate_without_a_screen_is_one_line_with_a_hint(tmp_path):
    said = run(photo(tmp_path / "photo.png"), code=1).stderr
    assert "photo.png: 0.0% of its pixels have such a hue, wanted a green or blue screen" in said
    assert "--screen" in said and said.count("\n") == 1


def test_in_a_folder_it_fails_alone(tmp_path):
    plate(tmp_path / "plates" / "a.png")
    photo(tmp_path / "plates" / "b.png")
    plate(tmp_path / "plates" / "c.png")
    said = run(tmp_path / "plates", "-o", tmp_path / "out", code=3)
    assert "b.png" in said.stderr and {p.name for p in (tmp_path / "out").iterdir()} == {"a.png", "c.png"}
    run(tmp_path / "plates", "-o", tmp_path / "fast", "--fail-fast", code=1)


def test_folders_of_masks_are_paired_and_one_file_serves_all(tmp_path):
    for name in ("a", "b"):
        plate(tmp_path / "plates" / f"{name}.png")
        (tmp_path / "garbage").mkdir(exist_ok=True)
        mask = np.zeros((48, 64), np.float32)
        mask[:, :30] = name == "a"
        io.write_image(tmp_path / "garbage" / f"{name}.png", mask)
    core = np.zeros((48, 64), np.float32)
    core[0, 60] = 1
    io.write_image(tmp_path / "core.png", core)
    run(tmp_path / "plates", "-o", tmp_path / "out", "--garbage", tmp_path / "garbage", "--core", tmp_path / "core.png",
        "--save", "alpha")  # fmt: skip
    a, b = (io.read_alpha(tmp_path / "out" / f"{name}.png").pixels for name in "ab")
    assert a[:, :30].max() == 0 and b[24, 25] == 1
    assert a[0, 60] == b[0, 60] == 1


@pytest.mark.parametrize("option", ["--garbage", "--core", "--clean-plate"])
def test_what_goes_with_the_plate_must_have_its_size(tmp_path, option):
    path, _ = plate(tmp_path / "shot.png")
    other = tmp_path / "other.png"
    io.write_image(other, np.zeros((20, 30), np.float32))
    assert "other.png: 30x20, but" in run(path, option, other, code=1).stderr
    assert "no such file" in run(path, option, tmp_path / "absent.png", code=1).stderr


def test_garbage_and_core_at_once_are_refused(tmp_path):
    path, _ = plate(tmp_path / "shot.png")
    io.write_image(tmp_path / "all.png", np.ones((48, 64), np.float32))
    said = run(path, "--garbage", tmp_path / "all.png", "--core", tmp_path / "all.png", code=1).stderr
    assert "shot.png: 3072 pixels are garbage and core at once" in said


def test_misuse_is_told_before_anything_is_read(tmp_path):
    path, _ = plate(tmp_path / "shot.png")
    assert "--screen greenish" in run(path, "--screen", "greenish", code=2).stderr
    assert "nearly grey" in run(path, "--screen", "#808080", code=2).stderr
    assert "--save" in run(path, "--save", "", code=2).stderr
    assert "use one of alpha, cutout" in run(path, "--save", "alhpa", code=2).stderr
    run(path, "--despill", 1.5, code=2)
    run(tmp_path, code=2)
    assert "both come from stdin" in run("-", "--core", "-", code=2).stderr


def test_the_plate_is_never_overwritten(tmp_path):
    path, _ = plate(tmp_path / "shot.png")
    before = path.read_bytes()
    run(path, "-o", path, code=1)
    assert path.read_bytes() == before
