"""A dry run: numbers of the run that would follow, and nothing written."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.imaging import io
from mattekit.training import dry_run, recipe
from mattekit.training.job import TrainingJob

SMALL = [
    "network.name=indexnet",
    "network.width=0.25",
    "data.crop=64",
    "data.pool=0",
    "augment.crop.size=64",
    "run.batch=6",
    "run.precision=fp32",
    "run.epochs=3",
]


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    monkeypatch.setattr(dry_run, "SECONDS", 0.05)


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        soft = np.clip(np.hypot(*np.ogrid[-1:1:96j, -1:1:96j]) * 400 - 100, 0, 255).astype(np.uint8)
        (tmp_path / "set").mkdir(exist_ok=True)
        pixels = np.dstack([rng.integers(0, 256, (96, 96, 3), np.uint8), soft])
        io.write_raw(tmp_path / f"set/{name}.png", pixels)
    return str(tmp_path / "set")


def job(tmp_path, data, *changes):
    return TrainingJob(
        recipe.read("default", [*SMALL, f"data.sources={data}", *changes]), tmp_path / "run", device="cpu"
    )


def test_a_dry_run_tells_what_the_run_has(tmp_path, data):
    report = dry_run.dry_run(job(tmp_path, data, "run.accumulate=2"))
    assert report.input == (3, 4, 64, 64) and report.output == (3, 1, 64, 64)  # a portion
    assert report.parameters == sum(p.numel() for p in build().parameters())
    assert report.steps == 300 and report.where == "cpu, fp32"
    assert report.steps_per_second > 0 and report.samples_per_second > 0
    assert report.seconds == pytest.approx(300 / report.steps_per_second + 300 * 6 / report.samples_per_second)
    assert not (tmp_path / "run").exists()


def test_samples_of_a_pool_are_counted_twice_once_made_and_once_kept(tmp_path, data):
    """Making them takes far longer than reading them: estimates are made of larger patches."""
    report = dry_run.dry_run(job(tmp_path, data, "data.pool=500", "augment.crop.size=160"))
    count, rate = report.pool
    assert count == 500 and report.samples_per_second > 1.5 * rate
    assert report.seconds > 500 / rate + 300 / report.steps_per_second
    assert any("until the pool of 500 is made" in line for line in report.lines())
    assert not (tmp_path / "run").exists()


def build():
    from mattekit.networks import build

    return build("indexnet", width=0.25)


def test_memory_from_few_samples_is_that_of_the_whole_batch(tmp_path, data, monkeypatch):
    guessed = dry_run.dry_run(job(tmp_path, data)).memory
    monkeypatch.setattr(dry_run, "SMALL_BATCHES", (2, 6))  # 6 being the batch, which is then measured
    measured = dry_run.dry_run(job(tmp_path, data)).memory
    assert guessed == pytest.approx(measured, rel=0.05)
    double = dry_run.dry_run(job(tmp_path, data, "run.batch=12")).memory
    assert 1.3 < double / guessed < 2.1


def test_what_the_command_prints_is_the_recipe_with_remarks(tmp_path, data):
    changes = [text for change in SMALL for text in ("--set", change)]
    arguments = ["train", "--dry-run", "--data", data, "-o", str(tmp_path / "run"), "--device", "cpu", "--workers", "0"]
    result = CliRunner().invoke(app, [*arguments, *changes])
    assert result.exit_code == 0, result.output
    (tmp_path / "again.toml").write_text(result.stdout)
    assert recipe.read(tmp_path / "again.toml") == recipe.read("default", [*SMALL, f"data.sources={data}"])
    assert "# input 6x4x64x64, output 6x1x64x64" in result.stdout
    result = CliRunner().invoke(app, [*arguments, *changes, "--json"])
    assert json.loads(result.stdout)["recipe"]["run"]["batch"] == 6
    assert not (tmp_path / "run").exists()


def test_bad_data_is_told_by_a_dry_run(tmp_path):
    result = CliRunner().invoke(app, ["train", "--dry-run", "--data", str(tmp_path / "none")])
    assert result.exit_code == 1 and "no such folder" in result.output
