"""Every example script runs from any folder and writes what it says; the pictures shipped with them are sound."""

import re
import runpy
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from mattekit.networks import NETWORKS

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NAMES = sorted(path.stem for path in (EXAMPLES / "images").iterdir())
WRITES = {
    "01_composite": ["plume_over_galaxies.png"],
    "02_closed_form": [],
    "03_predict": ["pompom_alpha.png", "pompom_composite.png", "pompom_cutout.png"],
    "04_swap_the_operator": [],
    "05_train_tiny": ["puff_alpha.png", "tiny/best.safetensors", "tiny/last.safetensors", "tiny/recipe.toml"],
    "06_no_trimap": [
        *("plume_cutout.png", "plume_rough.png", "plume_trimap.png", "puff_cutout.png", "puff_trimap.png"),
    ],
}


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("[0-9]*.py")), ids=lambda path: path.stem)
def test_scripts_run_and_write_their_pictures(script, tmp_path):
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(script.read_text().splitlines()) <= 40
    wanted = WRITES[script.stem]
    assert {path.name for path in tmp_path.iterdir()} == {name.partition("/")[0] for name in wanted}
    assert all((tmp_path / name).is_file() for name in wanted)
    for name in wanted:
        if name.endswith(".png"):
            assert cv2.imread(str(tmp_path / name), cv2.IMREAD_UNCHANGED).std() > 10, name


@pytest.fixture
def mnist(tmp_path):
    """A folder like MNIST's, of twenty images."""
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    for name in ("train", "t10k"):
        head = struct.pack(">BBBB3I", 0, 0, 8, 3, *images.shape)
        (tmp_path / f"{name}-images-idx3-ubyte").write_bytes(head + images.tobytes())
    return tmp_path


def test_the_study_of_operators_prints_its_table_beside_the_papers(mnist):
    """Called again, it finds its runs finished and prints the same."""
    short = [f"--set=run.{setting}" for setting in ("batch=2", "steps_per_epoch=2", "epochs=1")]
    words = ["--data", mnist, "-o", mnist / "out", "--operators", "nearest", "a2u", *short]
    command = [sys.executable, EXAMPLES / "reconstruction_study.py", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[2:]]
    assert [row[0] for row in rows] == ["nearest", "a2u"] and rows[1][5:] == "47.63 0.9998 0.0042 0.0020".split()
    for row in rows:
        psnr, mse = float(row[1]), float(row[3])
        assert psnr == pytest.approx(-20 * np.log10(mse), abs=0.02)
    assert subprocess.run(command, capture_output=True, text=True).stdout == done.stdout


def test_the_papers_numbers_of_the_study_are_copied_right():
    """In each entry of A2U's Table 1 PSNR is -20 log10(MSE), but for rounding and 0.012 dB."""
    study = runpy.run_path(str(EXAMPLES / "reconstruction_study.py"))
    assert list(study["PAPER"]) == list(study["TABLE_1"])
    for psnr, _, mse, mae in (entry for entries in study["PAPER"].values() for entry in entries):
        low, high = -20 * np.log10(mse + 5e-5), -20 * np.log10(mse - 5e-5)
        assert low - 0.005 <= psnr <= high + 0.012 and mae < mse


@pytest.mark.parametrize(
    ("names", "steps", "batch"), [(["lenet"], 60, 20), (["mobilenet", "vgg16", "depth", "segnet"], 1, 2)]
)
def test_the_study_of_other_tasks_trains_with_and_without_learnt_indices(names, steps, batch):
    """IndexNet section 5.4. What has time to learn does."""
    words = ["--networks", *names, "--steps", str(steps), "--batch", str(batch)]
    command = [sys.executable, EXAMPLES / "other_tasks/study.py", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [(line[:12].strip(), line[12:46].strip(), *line[46:].split()) for line in done.stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == [name for name in names for _ in range(2)]
    assert [row[1] for row in rows[1::2]] == ["indexnet-m2o-nonlinear-context"] * len(names)
    for row in rows:
        first, last, score = float(row[2]), float(row[3]), float(row[-1])
        assert np.isfinite([first, last, score]).all() and (steps == 1 or last < 0.7 * first)


def test_an_ablation_trains_scores_and_prints_its_variants(tmp_path):
    """Variants that differ in how they predict alone share a run."""
    rng = np.random.default_rng(0)
    disc = np.clip(np.hypot(*np.ogrid[-1:1:96j, -1:1:96j]) * 300 - 100, 0, 255).astype(np.uint8)
    for folder in ("data", "image", "alpha", "trimap"):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / "data/a.png"), np.dstack([rng.integers(0, 256, (96, 96, 3), np.uint8), disc]))
    disc = disc[::3, ::3]
    cv2.imwrite(str(tmp_path / "image/x.png"), rng.integers(0, 256, (32, 32, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "alpha/x.png"), disc)
    cv2.imwrite(str(tmp_path / "trimap/x.png"), np.where((disc > 0) & (disc < 255), 128, disc))
    small = ("network.name=indexnet", "network.width=0.25", "data.crop=64")
    short = ("run.batch=2", "run.steps_per_epoch=1", "run.epochs=1")
    folders = ["--data", tmp_path / "data", "--validate", tmp_path, "-o", tmp_path / "out", "--workers", "0"]
    rows = ["IH 1/2", "RF CA", "RF CA TTA"]
    changes = [f"--set={setting}" for setting in small + short]
    command = [sys.executable, EXAMPLES / "ablation.py", "lsa", *folders, *changes, "--rows", *rows]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table = {text[:24].strip(): text[24:].split() for text in done.stdout.splitlines()[2:]}
    assert list(table) == rows
    assert table["RF CA"][4:] == "25.90 0.0054 9.25 21.50".split()
    assert table["RF CA"][:4] != table["RF CA TTA"][:4]  # one network, predicting once or as the mean of 24
    assert sorted(path.name for path in (tmp_path / "out/lsa").iterdir()) == [
        "as-it-is_patch-64_multiscale", "probability=0_patch-32",
    ]  # fmt: skip
    assert (tmp_path / "out/foregrounds_multiscale/a.png").is_file()


@pytest.mark.parametrize(("name", "paper"), [("a2u", "a2u"), ("indexnet", "indexnet"), ("lsa", "lsa")])
def test_the_papers_numbers_of_the_ablations_are_copied_right(name, paper, shared):
    """Each row's scores stand beside one another in a line of the paper's tables; each network exists."""
    rows = tomllib.loads((EXAMPLES / f"ablations/{name}.toml").read_text())["rows"]
    lines = [re.findall(r"\d+\.\d+", line) for line in (shared / f"papers/{paper}.txt").read_text().splitlines()]
    printed = {tuple(float(number) for number in line[i : i + 4]) for line in lines for i in range(len(line))}
    for row, values in rows.items():
        assert "paper" not in values or tuple(values["paper"]) in printed, row
        network = [change.partition("=")[2] for change in values.get("changes", []) if "network.name" in change]
        assert all(each in NETWORKS for each in network)


def test_there_are_at_least_three_small_examples_with_trimap_and_alpha():
    assert len(NAMES) >= 3
    for path in EXAMPLES.rglob("*.*"):
        assert path.stat().st_size <= 300_000, path


@pytest.mark.parametrize("name", NAMES)
def test_example_trimaps_agree_with_the_true_alphas(name):
    trimap, alpha = (cv2.imread(str(EXAMPLES / kind / f"{name}.png"), 0) for kind in ("trimaps", "alphas"))
    assert cv2.imread(str(EXAMPLES / "images" / f"{name}.jpg")).shape[:2] == trimap.shape == alpha.shape
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert (alpha[trimap == 0] <= 3).all() and (alpha[trimap == 255] >= 230).mean() > 0.99
