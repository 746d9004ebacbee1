"""`mattekit predict --sequence`: which frames each is made of, runs that go on, shares, and what it refuses."""

import json
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.jobs import sequence
from mattekit.sequences import stabilisation

COUNT = 16


def run(*words, code=0):
    result = CliRunner().invoke(app, ["predict", *map(str, words)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    """A soft-edged textured disc that moves over a textured background."""
    folder = tmp_path_factory.mktemp("shot")
    (folder / "trimaps").mkdir()
    rng = np.random.default_rng(5)
    bg, fg = (cv2.GaussianBlur(rng.integers(0, 255, (72, 240, 3)).astype(np.float32), (0, 0), 2) for _ in "12")
    y, x = np.mgrid[:72, :96]
    for t in range(COUNT):
        distance = np.hypot(y - 36, x - 34 - 2 * t)
        alpha = (0.5 + (22 - distance) / 6).clip(0, 1)[..., None]
        picture = alpha * (fg[:, 80 - 2 * t : 176 - 2 * t] * [1, 0.5, 0.5] + [60, 0, 0]) + (1 - alpha) * bg[:, :96]
        cv2.imwrite(str(folder / f"shot.{t + 1:04d}.png"), picture.clip(0, 255))
        trimap = np.where(distance < 18, 255, np.where(distance > 28, 0, 128))
        cv2.imwrite(str(folder / f"trimaps/shot.{t + 1:04d}.png"), trimap)
    return folder


@pytest.fixture(scope="module", autouse=True)
def short():
    """Windows of three frames on each side, so that most frames lie outside of them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"REACH": 3, "HOP": 2, "FAR": (1, 2, 3), "NEAR": (1, 2)}.items():
            patch.setattr(stabilisation, name, value)
            if hasattr(sequence, name):
                patch.setattr(sequence, name, value)
        yield


def words(shot, output, *more):
    return shot / "shot.####.png", shot / "trimaps", "-o", output, "-m", "shared", "--sequence", *more


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def whole(shot, tmp_path_factory):
    """The alphas of one undisturbed run."""
    folder = tmp_path_factory.mktemp("whole")
    result = run(*words(shot, folder, "--json"))
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["name"] for row in rows] == [f"shot.{n:04d}" for n in range(1, COUNT + 1)]
    assert all(row["model"] == "shared" and (row["height"], row["width"]) == (72, 96) for row in rows)
    return contents(folder)


def test_alphas_differ_from_those_of_single_frames_in_unknown_pixels_alone(shot, whole, tmp_path):
    run(shot / "shot.####.png", shot / "trimaps", "-o", tmp_path, "-m", "shared", "--frames", "8-9")
    for name, single in contents(tmp_path).items():
        ours, alone = (cv2.imdecode(np.frombuffer(each, np.uint8), -1) for each in (whole[name], single))
        trimap = cv2.imread(str(shot / "trimaps" / name), -1)
        assert (ours != alone).any()
        np.testing.assert_array_equal(ours[trimap != 128], trimap[trimap != 128])


def test_a_run_that_goes_on_makes_the_same_bytes(shot, whole, tmp_path):
    run(*words(shot, tmp_path))
    for n in (1, 6, 7, 14):
        (tmp_path / f"shot.{n:04d}.png").unlink()
    result = run(*words(shot, tmp_path, "--skip-existing", "--json"))
    assert sum("outputs" in json.loads(line) for line in result.stdout.splitlines()) == 4
    assert contents(tmp_path) == whole


def test_shares_are_contiguous_and_make_the_same_bytes(shot, whole, tmp_path):
    for share in (1, 2):
        run(*words(shot, tmp_path / str(share), "--shard", f"{share}/2"))
    made = [contents(tmp_path / str(share)) for share in (1, 2)]
    assert [name for part in made for name in part] == list(whole)
    assert made[0] | made[1] == whole


def test_a_frame_that_cannot_be_read_fails_alone(shot, whole, tmp_path):
    for path in (shot / "trimaps", *shot.glob("*.png")):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "shot.0008.png").unlink()
    (tmp_path / "shot.0008.png").write_bytes((shot / "shot.0008.png").read_bytes()[:2000])
    result = run(*words(tmp_path, tmp_path / "out"), code=3)
    assert "shot.0008: " in result.stderr
    made = contents(tmp_path / "out")
    assert len(made) == COUNT - 1
    assert all(made[f"shot.{n:04d}.png"] == whole[f"shot.{n:04d}.png"] for n in (1, 2, 3, 4, 12, 16))
    assert made["shot.0007.png"] != whole["shot.0007.png"]  # its window ends there


def test_numbers_that_do_not_follow_each_other_are_different_shots(shot, tmp_path):
    run(*words(shot, tmp_path / "part", "--frames", "1-2,7-8,15"))
    run(*words(shot, tmp_path / "pair", "--frames", "7-8"))
    assert contents(tmp_path / "pair").items() <= contents(tmp_path / "part").items()


def test_other_pictures_are_made_with_the_steady_alpha(shot, whole, tmp_path):
    run(*words(shot, tmp_path, "--save", "alpha,cutout", "--frames", "1-6"))
    name = "shot.0003.png"
    cutout = cv2.imread(str(tmp_path / "cutout" / name), -1)
    np.testing.assert_array_equal(cutout[..., 3], cv2.imread(str(tmp_path / "alpha" / name), -1))
    assert (tmp_path / "alpha" / name).read_bytes() == whole[name]


@pytest.mark.parametrize(
    ("more", "found"),
    [(("--jobs", 2), "--shard"), (("--watch",), "--watch"), (("--compare", "shared,knn"), "--compare")],
)
def test_what_does_not_go_together_is_refused(shot, tmp_path, more, found):
    assert found in run(*words(shot, tmp_path, *more), code=2).stderr


def test_one_picture_and_pictures_without_numbers_are_refused(shot, tmp_path):
    trimap = shot / "trimaps/shot.0001.png"
    assert "one picture" in run(shot / "shot.0001.png", trimap, "--sequence", "-o", tmp_path / "a.png", code=2).stderr
    (tmp_path / "in").mkdir()
    for name in ("cat.png", "cat_trimap.png", "dog.png", "dog_trimap.png"):
        (tmp_path / "in" / name).symlink_to(trimap if "trimap" in name else shot / "shot.0001.png")
    result = run(tmp_path / "in", tmp_path / "in", "--sequence", "-o", tmp_path / "out", code=1)
    assert "shot.0001.png" in result.stderr


def test_a_killed_run_is_finished_with_the_same_bytes(shot, tmp_path):
    command = [sys.executable, "-m", "mattekit", "predict"]
    process = subprocess.Popen([*command, *map(str, words(shot, tmp_path / "killed"))], stderr=subprocess.DEVNULL)
    first, end = tmp_path / "killed/shot.0001.png", time.monotonic() + 120
    while not first.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    before = len(list((tmp_path / "killed").glob("shot.*.png")))
    assert 0 < before < COUNT
    for folder in ("killed", "whole"):
        more = ["--skip-existing"] if folder == "killed" else []
        subprocess.run([*command, *map(str, words(shot, tmp_path / folder, *more))], check=True, capture_output=True)
    made = {name: data for name, data in contents(tmp_path / "killed").items() if name.startswith("shot.")}
    assert made == contents(tmp_path / "whole")
