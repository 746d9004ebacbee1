"""A metric is one row of a table: what is added there is scored, reported, drawn and trained for everywhere."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.evaluation.report import render
from mattekit.evaluation.scoring import Rules
from mattekit.evaluation.summary import summarise
from mattekit.metrics import METRICS, Metric, score
from mattekit.metrics.differences import checked
from mattekit.training.progress import Progress
from mattekit.training.settings import Run


def iou(alpha, truth, unknown=None):
    """Intersection over union of what is opaque: the higher, the better."""
    alpha, truth, _ = checked(alpha, truth, unknown)
    a, b = alpha >= 128, truth >= 128
    return float((a & b).sum() / (a | b).sum())


@pytest.fixture(autouse=True)
def added(monkeypatch):
    monkeypatch.setitem(METRICS, "iou", Metric(iou, "IoU", "share", 4, higher_is_better=True))


@pytest.fixture
def folders(tmp_path):
    truth = np.zeros((40, 40), np.uint8)
    truth[10:30, 10:30] = 255
    for method, width in (("good", 19), ("poor", 10)):
        alpha = np.zeros_like(truth)
        alpha[10:30, 10 : 10 + width] = 255
        for folder, pixels in (("truth", truth), (method, alpha)):
            (tmp_path / folder).mkdir(exist_ok=True)
            assert cv2.imwrite(str(tmp_path / folder / "a.png"), pixels)
    return tmp_path


def evaluated(folders, *words):
    paths = [str(folders / name) for name in ("good", "poor", "truth")]
    result = CliRunner().invoke(app, ["eval", *paths, *words])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_it_is_scored_with_the_others(folders):
    pixels = [cv2.imread(str(folders / name / "a.png"), 0) for name in ("good", "truth")]
    assert list(score(*pixels))[-1] == "iou" and score(*pixels)["iou"] == 0.95


def test_every_report_has_it_and_knows_its_direction(folders):
    found = json.loads(evaluated(folders, "--format", "json"))
    assert found["units"]["iou"] == "share"
    assert [method["rank"]["iou"] for method in found["methods"]] == [1, 2]
    assert "iou_share" in evaluated(folders, "--format", "csv").splitlines()[0]
    assert "IoU (share)" in evaluated(folders)
    for form, mark in (("markdown", "**0.9500**"), ("latex", r"\textbf{0.9500}")):
        text = evaluated(folders, "--format", form)
        assert mark in text and mark.replace("0.95", "0.50") not in text


def test_the_worst_image_has_the_lowest_value():
    values = {f"{v}": {"iou": v} for v in (0.5, 0.9, 0.1)}
    summary = summarise({"m": values}, ["iou"], worst=1)
    assert summary["worst"] == ["0.1"]
    assert "0.1000" in render(summary, Rules("all", metrics=("iou",)), "table")


def test_it_can_be_asked_for_alone_and_is_listed_where_another_is_refused(folders):
    assert "IoU" in evaluated(folders, "--metrics", "iou")
    result = CliRunner().invoke(app, ["eval", str(folders / "good"), str(folders / "truth"), "--metrics", "nope"])
    assert result.exit_code == 2 and "iou" in result.stderr


def test_comparison_sheets_show_it(folders):
    trimap = np.full((40, 40), 128, np.uint8)
    trimap[:5], trimap[15:25, 15:25] = 0, 255
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    for name, pixels in (("image", image), ("trimap", trimap)):
        cv2.imwrite(str(folders / f"{name}.png"), pixels)
    words = ["predict", "image.png", "trimap.png", "--compare", "shared", "--truth", "truth/a.png", "-o", "sheet.png"]
    result = CliRunner().invoke(app, [str(folders / w) if "." in w else w for w in words])
    assert result.exit_code == 0 and "IoU 0." in result.stdout, result.stderr


def test_training_keeps_the_checkpoint_of_its_best_value():
    progress = Progress(Run(metric="iou"))
    better = [
        progress.record_validation(step, 10, {"iou": value})[1] for step, value in enumerate((0.5, 0.7, 0.6, None, 0.8))
    ]
    assert better == [True, True, False, False, True] and progress.result()["best"] == 0.8
    with pytest.raises(ValueError, match="wanted one of sad, mse, mad, grad, conn, iou, loss"):
        Run(metric="nope")
