"""Commands on frame patterns in place of folders."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app


def run(*words, code=0):
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


@pytest.fixture
def shot(tmp_path):
    """Four frames of a disc that moves, with trimaps of other names; frame 3 is missing."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:40, :56]
    for folder in ("plates", "trimaps", "truth"):
        (tmp_path / folder).mkdir()
    for frame in (1, 2, 4, 5):
        distance = np.hypot(y - 20, x - 18 - 3 * frame)
        alpha = (np.clip((12 - distance) / 4 + 0.5, 0, 1) * 255).astype(np.uint8)
        image = rng.integers(0, 20, (40, 56, 3)).astype(np.uint8)
        image = (image + alpha[..., None] * np.float32([0.2, 0.5, 0.9])).clip(0, 255).astype(np.uint8)
        trimap = np.where(distance < 8, 255, np.where(distance > 16, 0, 128)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"plates/shot.{frame:04d}.png"), image)
        cv2.imwrite(str(tmp_path / f"trimaps/t{frame}.png"), trimap)
        cv2.imwrite(str(tmp_path / f"truth/a_{frame:02d}.png"), alpha)
    cv2.imwrite(
        str(tmp_path / "still.png"), np.where(np.hypot(y - 20, x - 27) < 4, 255, np.where(distance > 25, 0, 128))
    )
    return tmp_path


def test_predict_keeps_the_numbering_and_tells_of_gaps(shot):
    result = run(
        "predict",
        shot / "plates/shot.####.png",
        shot / "trimaps/t#.png",
        "-m",
        "closed-form",
        "-o",
        shot / "out",
        "--json",
    )
    assert sorted(path.name for path in (shot / "out").iterdir()) == [f"shot.{n:04d}.png" for n in (1, 2, 4, 5)]
    assert "frames 3 are missing" in result.stderr
    assert [json.loads(line)["name"] for line in result.stdout.splitlines()] == [f"shot.{n:04d}" for n in (1, 2, 4, 5)]


def test_a_still_trimap_serves_all_frames_and_frames_are_chosen(shot):
    run(
        "predict",
        shot / "plates/shot.%04d.png",
        shot / "still.png",
        "-m",
        "shared",
        "-o",
        shot / "o",
        "--frames",
        "1-5x4",
    )
    assert sorted(path.name for path in (shot / "o").iterdir()) == ["shot.0001.png", "shot.0005.png"]


def test_a_wanted_frame_that_is_missing_fails_alone(shot):
    result = run(
        "predict", shot / "plates/shot.[0001-0003].png", shot / "trimaps", "-m", "shared", "-o", shot / "o", code=3
    )
    assert "no frame 3" in result.stderr
    assert len(list((shot / "o").iterdir())) == 2


def test_trimaps_of_frames_that_were_not_chosen_are_no_surprise(shot):
    words = ("predict", shot / "plates/shot.%04d.png", shot / "trimaps/t%d.png", "-m", "shared", "-o", shot / "o")
    assert "no image for" not in run(*words, "--frames", "1-2").stderr
    cv2.imwrite(str(shot / "trimaps/t9.png"), cv2.imread(str(shot / "trimaps/t1.png"), 0))
    assert "no image for trimap 9" in run(*words).stderr


def test_eval_pairs_frames_by_number(shot):
    run("predict", shot / "plates/shot.####.png", shot / "trimaps", "-m", "closed-form", "-o", shot / "out")
    result = run(
        "eval", shot / "out/shot.####.png", shot / "truth/a_##.png", "--trimaps", shot / "trimaps", "--format", "json"
    )
    report = json.loads(result.stdout)
    assert "0004" in json.dumps(report)


def test_other_commands_take_patterns(shot):
    run("foreground", shot / "plates/shot.####.png", shot / "truth/a_##.png", "-o", shot / "fg")
    run("trimap", shot / "truth/a_##.png", "-o", shot / "made")
    run("trimap", shot / "plates/shot.####.png", "--mask", shot / "truth/a_##.png", "-o", shot / "banded")
    assert sorted(path.name for path in (shot / "fg").iterdir()) == [f"shot.{n:04d}.png" for n in (1, 2, 4, 5)]
    assert sorted(path.name for path in (shot / "made").iterdir()) == [f"a_{n:02d}.png" for n in (1, 2, 4, 5)]
    assert len(list((shot / "banded").iterdir())) == 4


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("plates", "trimaps", "--frames", "1-2"), 2, "--frames"),
        (("plates/shot.####.png", "trimaps", "--frames", "5-1"), 2, "5-1"),
        (("plates/none.####.png", "trimaps"), 1, "no frame"),
        (("plates/shot.####.png", "nowhere"), 1, "no such folder"),
        (("plates/#.#.png", "trimaps"), 1, "2 places"),
    ],
)
def test_what_does_not_fit_is_one_line(shot, words, code, line):
    words = [shot / word if "/" in word or word in ("plates", "trimaps", "nowhere") else word for word in words]
    result = run("predict", *words, "-o", shot / "o", code=code)
    assert line in " ".join(result.stderr.split())
