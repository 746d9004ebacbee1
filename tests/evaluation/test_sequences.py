"""`mattekit eval --sequence`: frames are linked, and steadiness is scored."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.errors import InputError
from mattekit.evaluation.items import Item
from mattekit.evaluation.sequences import count, link


def items(*names, method="a"):
    return [Item(name, method, Path(f"{method}/{name}.png"), Path(f"t/{name}.png")) for name in names]


def test_frames_follow_each_other_by_number():
    linked = link(items("a/9", "a/10", "a/12", "b.0002", "b.0004", "x"))
    before = {item.name: item.before and item.before[0].stem for item in linked}
    assert before == {"a/9": None, "a/10": "9", "a/12": None, "b.0002": None, "b.0004": "b.0002", "x": None}
    assert count(linked) == 3


def test_methods_are_apart():
    linked = link([*items("s1", "s2"), *items("s1", "s2", method="b")])
    assert [item.before and str(item.before[0]) for item in linked] == [None, "a/s1.png", None, "b/s1.png"]


def test_without_frames_it_says_so():
    with pytest.raises(InputError, match="no two predictions"):
        link(items("cat", "dog"))


@pytest.fixture
def shots(tmp_path):
    """Truths of a still square, a steady alpha that is wrong, and one that flickers; two shots of three frames."""
    rng = np.random.default_rng(1)
    for folder in ("truth", "steady", "flicker"):
        for shot in "ab":
            (tmp_path / folder / shot).mkdir(parents=True)
    for shot in "ab":
        for frame in (1, 2, 3):
            truth = np.zeros((24, 32), np.uint8)
            truth[8:16, 8 + 2 * frame : 20 + 2 * frame] = 200
            for folder, alpha in (
                ("truth", truth),
                ("steady", truth + np.uint8(30)),
                ("flicker", truth + rng.integers(0, 55, truth.shape).astype(np.uint8)),
            ):
                cv2.imwrite(str(tmp_path / folder / shot / f"{frame:04d}.png"), alpha)
    return tmp_path


def run(*words, code=0):
    result = CliRunner().invoke(app, ["eval", *map(str, words)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def test_steadiness_is_a_score(shots):
    report = json.loads(
        run(shots / "steady", shots / "flicker", shots / "truth", "--sequence", "-r", "--format", "json").stdout
    )
    steady, flicker = report["methods"]
    assert steady["mean"]["dtssd"] == pytest.approx(0, abs=1e-3)
    first, second = steady["images"][:2]
    assert first["dtssd"] is None
    assert second["dtssd"] == pytest.approx(0, abs=1e-3)
    assert flicker["mean"]["dtssd"] > 5
    assert [group["group"] for group in steady["groups"]] == ["a/", "b/"]
    table = run(shots / "steady", shots / "flicker", shots / "truth", "--sequence", "-r").stdout
    assert "dtSSD (x 100)" in table


def test_a_page_has_the_columns_too(shots):
    run(shots / "steady", shots / "flicker", shots / "truth", "--sequence", "-r", "-o", shots / "page.html")
    assert "MESSDdt" in (shots / "page.html").read_text()


def test_numbers_agree_with_the_formula(shots):
    report = json.loads(run(shots / "flicker/a", shots / "truth/a", "--sequence", "--format", "json").stdout)
    read = {
        (f, n): cv2.imread(str(shots / f / "a" / f"{n:04d}.png"), 0) / 255
        for f in ("flicker", "truth")
        for n in (1, 2, 3)
    }
    for row, n in zip(report["images"][1:], (2, 3), strict=True):
        change = [read[f, n] - read[f, n - 1] for f in ("flicker", "truth")]
        assert row["dtssd"] == pytest.approx(100 * np.sqrt(((change[0] - change[1]) ** 2).mean()), rel=1e-4)


def damage(path, how):
    if how == "cut":
        path.write_bytes(path.read_bytes()[:60])
    else:
        cv2.imwrite(str(path), cv2.imread(str(path), 0)[:20, :30])


@pytest.mark.parametrize(("folders", "how"), [(["flicker"], "cut"), (["flicker"], "small"), (["truth"], "cut")])
def test_after_a_bad_frame_the_next_has_all_scores_but_steadiness(shots, folders, how):
    words = (shots / "flicker/a", shots / "truth/a", "--sequence", "--format", "json")
    whole = json.loads(run(*words).stdout)["images"]
    for folder in folders:
        damage(shots / folder / "a/0001.png", how)
    result = run(*words, code=3)
    report = json.loads(result.stdout)
    assert [image["name"] for image in report["images"]] == ["0002", "0003"]
    assert report["images"][0] == {**whole[1], "dtssd": None, "messddt": None}
    assert report["images"][1] == whole[2]
    assert result.stderr.count("steadiness is undefined") == 1


def test_a_shot_that_changes_its_size_has_no_steadiness_there(shots):
    for folder in ("flicker", "truth"):
        damage(shots / folder / "a/0002.png", "small")
        damage(shots / folder / "a/0003.png", "small")
    words = (shots / "flicker/a", shots / "truth/a", "--sequence", "--format", "json")
    images = json.loads(run(*words).stdout)["images"]
    assert [image["dtssd"] is None for image in images] == [True, True, False]
    assert all(image["sad"] is not None for image in images)
