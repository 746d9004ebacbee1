"""`mattekit predict --compare` as a user runs it."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.imaging.sheets import GAP, LINE, panel_size
from mattekit.jobs.comparison import labels, lines
from mattekit.metrics import METRICS


def run(*words, code=0):
    result = CliRunner().invoke(app, [*map(str, words)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def scene(folder, name="cat", *, size=(120, 160)):
    """A disc with a soft edge on a gradient, its trimap and its alpha, in folders of their own."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    alpha = (1 - (np.hypot(rows - size[0] / 2, columns - size[1] / 2) - 30) / 10).clip(0, 1)
    bg = np.stack([rows / size[0], columns / size[1], 0.2 + 0 * rows], 2)
    fg = np.stack([0.9 - columns / 400, 0.1 + rows / 300, columns / 200], 2)
    image = alpha[..., None] * fg + (1 - alpha[..., None]) * bg
    trimap = np.select([alpha == 0, alpha == 1], [0, 1], 0.5)
    files = []
    for kind, picture in (("images", image), ("trimaps", trimap), ("truths", alpha)):
        files.append(folder / kind / f"{name}.png")
        files[-1].parent.mkdir(exist_ok=True)
        cv2.imwrite(str(files[-1]), np.rint(255 * picture))
    return files


def test_the_sheet_lies_beside_the_image_with_a_column_for_each_model(tmp_path):
    image, trimap, _ = scene(tmp_path)
    result = run("predict", image, trimap, "--compare", "closed-form,lkm")
    sheet = cv2.imread(str(image.with_name("cat_compare.png")))
    height, width = panel_size((120, 160))
    assert sheet.shape == (3 * GAP + 2 * (height + LINE), GAP + 3 * (width + GAP), 3)
    assert "cat_compare.png" in result.stderr and result.stdout == ""


def test_scores_are_those_of_eval(tmp_path):
    image, trimap, truth = scene(tmp_path)
    found = run("predict", image, trimap, "--compare", "closed-form,lkm", "--truth", truth, "--json").stdout
    models = json.loads(found)["models"]
    assert list(models) == ["closed-form", "lkm"]
    for model in models:
        alpha = tmp_path / f"{model}.png"
        run("predict", image, trimap, "-m", model, "-o", alpha)
        (row,) = json.loads(run("eval", alpha, truth, "--trimaps", trimap, "--format", "json").stdout)["images"]
        assert models[model]["scores"] == pytest.approx({key: row[key] for key in METRICS})


def test_scores_are_printed_line_by_line(tmp_path):
    image, trimap, truth = scene(tmp_path)
    out = run("predict", image, trimap, "--compare", "closed-form,lkm", "--truth", truth).stdout.splitlines()
    assert [line.split("  ")[:2] for line in out] == [["cat", "closed-form"], ["cat", "lkm"]]
    assert all(word in out[0] for word in ("SAD", "MSE", "Grad", "Conn"))


def test_a_truth_that_is_met_shows_no_error(tmp_path):
    """Where truth and alpha are one, the map is black inside the outline."""
    image, trimap, _ = scene(tmp_path)
    run("predict", image, trimap, "-m", "closed-form", "-o", tmp_path / "alpha.png", "--depth", "16")
    run(
        "predict",
        image,
        trimap,
        "--compare",
        "closed-form",
        "--truth",
        tmp_path / "alpha.png",
        "-o",
        tmp_path / "s.png",
    )
    height, width = panel_size((120, 160))
    error = cv2.imread(str(tmp_path / "s.png"))[2 * GAP + height + LINE :, 3 * GAP + 2 * width :][:height, :width]
    inside = error[(error[..., 0] < 200)]  # without the blue outline
    assert len(inside) < height * width and inside.max() < 10


def test_folders_give_a_sheet_each_and_an_image_without_truth_is_a_problem(tmp_path):
    for name in ("a", "b", "c"):
        image, trimap, truth = scene(tmp_path, name)
    truth.unlink()
    folders = tmp_path / "images", tmp_path / "trimaps"
    words = ("--compare", "closed-form,lkm", "--truth", tmp_path / "truths", "-o", tmp_path / "out", "--json")
    result = run("predict", *folders, *words, code=3)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.png"]
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [set(row["models"]) for row in rows if "models" in row] == [{"closed-form", "lkm"}] * 2
    assert "no alpha named c" in result.stderr


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--truth", "truths/cat.png"], "--compare"),
        (["--compare", "lkm,lkm"], "each once"),
        (["--compare", ","], "one or more"),
        (["--compare", "lkm,magic"], "magic"),
        (["--compare", "lkm", "--save", "alpha,cutout"], "--save"),
        (["--compare", "lkm", "--truth", "truths"], "a folder"),
        (["--compare", "lkm", "--truth", "none.png"], "none.png"),
        (["--compare", "lkm", "--truth", "truths/cat.png", "-o", "truths/cat.png"], "also an input"),
    ],
)
def test_misuse_is_one_line_and_writes_nothing(tmp_path, monkeypatch, words, text):
    scene(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.png")}
    result = CliRunner().invoke(app, ["predict", "images/cat.png", "trimaps/cat.png", *words])
    assert result.exit_code in (1, 2) and text in result.stderr and "unexpected" not in result.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.png")} == before


def test_a_truth_of_another_size_is_refused(tmp_path):
    image, trimap, truth = scene(tmp_path)
    cv2.imwrite(str(truth), cv2.imread(str(truth))[:100])
    assert "160x100" in run("predict", image, trimap, "--compare", "lkm", "--truth", truth, code=1).stderr


def test_models_are_called_by_the_shortest_names_that_tell_them_apart():
    assert labels(["lkm", "weights/a2u.safetensors"]) == ["lkm", "a2u"]
    assert labels(["a2u.onnx", "w/a2u.safetensors"]) == ["a2u.onnx", "a2u.safetensors"]
    assert labels([str(Path("v1/a2u.onnx")), str(Path("v2/a2u.onnx"))]) == [
        str(Path("v1/a2u.onnx")),
        str(Path("v2/a2u.onnx")),
    ]


def test_a_score_that_is_undefined_is_a_dash():
    assert lines({"sad": 1.234, "mse": 0.5, "grad": None, "conn": 2}) == ["SAD 1.23  MSE 0.5000", "Grad -  Conn 2.00"]
