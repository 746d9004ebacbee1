"""`mattekit trimap --propagate` on a shot whose every trimap is known."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app


def run(*words, code=0):
    result = CliRunner().invoke(app, ["trimap", *map(str, words)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def exact(frame):
    y, x = np.mgrid[:96, :128]
    distance = np.hypot(y - 48, x - 40 - 4 * frame)
    return np.where(distance < 18, 255, np.where(distance > 26, 0, 128)).astype(np.uint8)


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    """Eight frames of a textured disc that moves over a textured background; trimaps of frames 1 and 8."""
    folder = tmp_path_factory.mktemp("shot")
    (folder / "keys").mkdir()
    rng = np.random.default_rng(5)
    bg = cv2.GaussianBlur(rng.integers(0, 255, (96, 128, 3)).astype(np.float32), (0, 0), 2)
    fg = cv2.GaussianBlur(rng.integers(0, 255, (96, 200, 3)).astype(np.float32), (0, 0), 2) + [40, 0, -40]
    y, x = np.mgrid[:96, :128]
    for frame in range(1, 9):
        alpha = (0.5 + (22 - np.hypot(y - 48, x - 40 - 4 * frame)) / 5).clip(0, 1)[..., None]
        own = fg[:, 40 - 4 * frame : 168 - 4 * frame]
        cv2.imwrite(str(folder / f"shot.{frame:04d}.png"), (alpha * own + (1 - alpha) * bg).clip(0, 255))
    for frame in (1, 8):
        cv2.imwrite(str(folder / "keys" / f"key_{frame}.png"), exact(frame))
    return folder


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_from_one_key_to_all_frames(shot, tmp_path):
    result = run("--propagate", shot / "shot.####.png", "--keys", shot / "keys/key_1.png", "-o", tmp_path, "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["name"] for row in rows if "name" in row] == [f"shot.{n:04d}" for n in range(1, 9)]
    assert rows[0]["confidence"] == 1 > rows[1]["confidence"] > rows[7]["confidence"] > 0
    np.testing.assert_array_equal(read(tmp_path / "shot.0001.png"), exact(1))
    for frame in range(2, 9):
        made, wanted = read(tmp_path / f"shot.{frame:04d}.png"), exact(frame)
        assert set(np.unique(made)) <= {0, 128, 255}
        assert (made[wanted == 128] == 128).mean() > 0.92, frame
        assert not ((made == 255) & (wanted == 0)).any()
        assert not ((made == 0) & (wanted == 255)).any()
        assert (made == 128).sum() < 3.5 * (wanted == 128).sum(), frame


def test_keys_at_both_ends_keep_the_middle_narrower(shot, tmp_path):
    run("--propagate", shot / "shot.####.png", "--keys", shot / "keys/key_1.png", "-o", tmp_path / "one")
    run("--propagate", shot, "--keys", shot / "keys", "-o", tmp_path / "two")
    widths = [(read(tmp_path / kind / "shot.0006.png") == 128).sum() for kind in ("one", "two")]
    assert widths[1] < widths[0]
    np.testing.assert_array_equal(read(tmp_path / "two/shot.0008.png"), exact(8))


def test_resumed_frames_have_the_same_bytes(shot, tmp_path):
    words = ("--propagate", shot / "shot.####.png", "--keys", shot / "keys")
    run(*words, "-o", tmp_path / "whole")
    run(*words, "-o", tmp_path / "part", "--frames", "1-8")
    for frame in (3, 4, 7):
        (tmp_path / f"part/shot.{frame:04d}.png").unlink()
    result = run(*words, "-o", tmp_path / "part", "--skip-existing", "--json")
    done = [
        row["name"]
        for row in map(json.loads, result.stdout.splitlines())
        if "outputs" in row and not row.get("skipped")
    ]
    assert sorted(done) == ["shot.0003", "shot.0004", "shot.0007"]
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "part" / path.name).read_bytes(), path.name


def test_a_bad_frame_fails_alone(shot, tmp_path):
    for path in shot.glob("shot.*.png"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "shot.0003.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    cv2.imwrite(str(tmp_path / "shot.0006.png"), np.zeros((50, 50, 3), np.uint8))
    result = run(
        "--propagate", tmp_path / "shot.####.png", "--keys", shot / "keys/key_1.png", "-o", tmp_path / "o", code=3
    )
    assert "shot.0003" in result.stderr
    assert "50x50" in result.stderr
    assert len(list((tmp_path / "o").iterdir())) == 6
    assert (read(tmp_path / "o/shot.0008.png")[exact(8) == 128] == 128).mean() > 0.95


def cut(path, place):
    place.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("bad", ["cut trimap", "small trimap", "cut frame"])
def test_a_bad_key_frame_fails_alone_and_the_others_lead_to_all_else(shot, tmp_path, bad):
    for path in [*shot.glob("shot.*.png"), *shot.glob("keys/*.png")]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    if bad == "small trimap":
        cv2.imwrite(str(tmp_path / "key_8.png"), exact(8)[:50])
    else:
        name = "key_8.png" if bad == "cut trimap" else "shot.0008.png"
        cut(tmp_path / name, tmp_path / name)
    words = ("--propagate", tmp_path / "shot.####.png", "--keys")
    result = run(*words, tmp_path / "key_#.png", "-o", tmp_path / "o", code=3)
    assert result.stderr.count("error: shot.0008: ") == 1 and "7 frames done, 1 failed" in result.stderr
    run(*words, shot / "keys/key_1.png", "-o", tmp_path / "one", code=3 if bad == "cut frame" else 0)
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == [f"shot.{n:04d}.png" for n in range(1, 8)]
    for path in (tmp_path / "o").iterdir():
        assert path.read_bytes() == (tmp_path / "one" / path.name).read_bytes()
    result = run(*words, tmp_path / "key_8.png", "-o", tmp_path / "none", code=1)
    assert result.stderr.count("error: shot.0008: ") == 1 and "error: no key frame can be used" in result.stderr
    assert not list((tmp_path / "none").glob("*"))


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("--propagate", "shot.####.png"), 2, "needs --keys"),
        (("shot.####.png", "--keys", "keys"), 2, "needs --propagate"),
        (("--propagate", "shot.0001.png", "--keys", "keys"), 2, "one picture"),
        (("--propagate", "shot.####.png", "--keys", "nowhere"), 1, "nowhere"),
        (("--propagate", "shot.[0003-0005].png", "--keys", "keys"), 1, "no key frame"),
        (("--propagate", "shot.####.png", "--keys", "keys", "--erode", "3"), 2, "--erode"),
        (("--propagate", "shot.####.png", "--keys", "keys", "--jobs", "2"), 2, "--jobs"),
    ],
)
def test_what_does_not_fit_is_one_line(shot, tmp_path, words, code, line):
    words = [word if word.startswith("-") or word.isdigit() else shot / word for word in words]
    assert line in " ".join(run(*words, "-o", tmp_path / "o", code=code).stderr.split())
