"""Options of `mattekit predict` for networks: where and how they compute."""

import os

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mattekit import parallel
from mattekit.cli import app
from mattekit.inference.network import NetworkPredictor


@pytest.fixture
def scene(tmp_path):
    """Paths of an image and a trimap of 48 x 64."""
    random = np.random.default_rng(0)
    trimap = np.full((48, 64), 128, np.uint8)
    trimap[:8], trimap[20:40, 20:40] = 0, 255
    paths = tmp_path / "cat.png", tmp_path / "cat_trimap.png"
    cv2.imwrite(str(paths[0]), random.integers(0, 256, (48, 64, 3), np.uint8))
    cv2.imwrite(str(paths[1]), trimap)
    return paths


def predict(*words, code=0):
    result = CliRunner().invoke(app, ["predict", *map(str, words)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(float)


def test_the_device_and_the_precision_are_said(scene, weights_file, tmp_path, monkeypatch):
    monkeypatch.setenv("MATTEKIT_DEVICE", "cpu")
    result = predict(*scene, "-m", weights_file, "-o", tmp_path / "a.png")
    assert f"{weights_file}: on cpu, fp32\n" in result.stderr and not result.stdout
    assert "on cpu" not in predict(*scene, "-m", weights_file, "-o", tmp_path / "a.png", "-q").stderr
    assert "on cpu" not in predict(*scene, "-o", tmp_path / "a.png").stderr


def test_auto_stays_within_a_level_of_float32_and_bfloat16_is_something_else(scene, weights_file, tmp_path):
    alphas = {}
    for precision in ("fp32", "auto", "bf16"):
        stderr = predict(*scene, "-m", weights_file, "--precision", precision, "-o", tmp_path / "a.png").stderr
        assert precision == "auto" or f"on cpu, {precision}" in stderr
        alphas[precision] = read(tmp_path / "a.png")
    assert np.abs(alphas["auto"] - alphas["fp32"]).mean() <= 1
    assert 0 < np.abs(alphas["bf16"] - alphas["fp32"]).mean() < 30


def test_threads_are_those_of_every_library_and_of_other_processes(scene, tmp_path, monkeypatch):
    for name in parallel.THREAD_VARIABLES:
        monkeypatch.setenv(name, os.environ.get(name, "2"))
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(2)
    try:
        predict(*scene, "--threads", "1", "-o", tmp_path / "a.png")
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (1, 1)
        assert {os.environ[name] for name in parallel.THREAD_VARIABLES} == {"1"}
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--precision", "int8"], "use one of auto, fp32, bf16, fp16"),
        (["--threads", "0"], "--threads"),
    ],
)
def test_what_no_network_has_is_a_usage_error(scene, words, text):
    assert text in predict(*scene, *words, code=2).stderr


def test_what_a_classical_model_leaves_aside_is_said(scene, tmp_path):
    words = "-m", "closed-form", "--precision", "bf16", "-o", tmp_path / "a.png"
    assert "closed-form computes in its own way" in predict(*scene, *words).stderr


def test_a_folder_in_batches_gives_what_single_images_give(scene, weights_file, tmp_path, monkeypatch):
    for kind, path in zip(("images", "trimaps"), scene, strict=True):
        (tmp_path / kind).mkdir()
        for name in "abc":
            (tmp_path / kind / f"{name}.png").write_bytes(path.read_bytes())
    seen, several = [], NetworkPredictor.several
    monkeypatch.setattr(NetworkPredictor, "several", lambda self, i, t: seen.append(len(i)) or several(self, i, t))
    folders = tmp_path / "images", tmp_path / "trimaps"
    for batch in (1, 2):
        predict(*folders, "-m", weights_file, "--batch", batch, "-o", tmp_path / f"{batch}")
    assert seen == [2]  # the third is alone
    for name in "abc":
        assert np.abs(read(tmp_path / f"1/{name}.png") - read(tmp_path / f"2/{name}.png")).max() <= 1


def test_trimaps_without_a_known_class_are_for_networks_and_refused_one_by_one_by_classical_methods(
    scene, weights_file, tmp_path
):
    """As some of Composition-1k's are; in a folder the others are still done."""
    levels = cv2.imread(str(scene[1]), cv2.IMREAD_UNCHANGED)
    trimaps = {"both": levels, "no_fg": np.where(levels == 255, 128, levels), "none": np.full_like(levels, 128)}
    for name, trimap in trimaps.items():
        for kind, data in (("images", cv2.imread(str(scene[0]))), ("trimaps", trimap)):
            (tmp_path / kind).mkdir(exist_ok=True)
            cv2.imwrite(str(tmp_path / kind / f"{name}.png"), data)
    folders = tmp_path / "images", tmp_path / "trimaps"
    for model in (weights_file, "default"):
        predict(*folders, "-m", model, "-o", tmp_path / "out")
        for name, trimap in trimaps.items():
            alpha = read(tmp_path / f"out/{name}.png")
            np.testing.assert_array_equal(alpha[trimap != 128], trimap[trimap != 128])
    result = predict(*folders, "-m", "rw", "-o", tmp_path / "classical", code=3)
    assert [path.name for path in (tmp_path / "classical").iterdir()] == ["both.png"]
    for name in ("no_fg", "none"):
        (line,) = (line for line in result.stderr.splitlines() if line.startswith(f"error: {name}: "))
        assert f"{name}.png" in line and "no foreground pixel" in line
