"""`predict --watch`: real files that arrive slowly and in pieces are matted once each, also across restarts."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app, watch
from mattekit.jobs import arrivals

pytest.importorskip("watchfiles", reason='watching is tested with the packages of pip install "mattekit[test]"')
SIZE = (48, 64)
PATIENCE = 2.0  # seconds


@pytest.fixture
def made(tmp_path):
    """Write images a to e, their trimaps and masks into `made`; `images`, `trimaps` and `masks` are empty."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    alpha = np.clip(16.5 - np.hypot(y - 24, x - 32), 0, 1)[..., None]
    for name in "abcde":
        noise = rng.integers(0, 40, (2, *SIZE, 3))
        picture = alpha * (noise[0] + (30, 90, 200)) + (1 - alpha) * (noise[1] + (180, 120, 10))
        trimap = np.where(np.abs(np.hypot(y - 24, x - 32) - 16) < 4, 128, np.where(alpha[..., 0] > 0.5, 255, 0))
        pictures = {"images": picture, "trimaps": trimap, "masks": 255 * (alpha[..., 0] > 0.5)}
        for kind, pixels in pictures.items():
            (tmp_path / "made" / kind).mkdir(parents=True, exist_ok=True)
            (tmp_path / kind).mkdir(exist_ok=True)
            cv2.imwrite(str(tmp_path / "made" / kind / f"{name}.png"), np.uint8(np.rint(pixels)))
    return tmp_path


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(arrivals, "SETTLED", 0.4)
    monkeypatch.setattr(arrivals, "PATIENCE", PATIENCE)
    monkeypatch.setattr(watch, "SOON", 0.05)
    monkeypatch.setattr(watch, "SELDOM", 0.5)


def send(folder, kind, name):
    shutil.copy(folder / "made" / kind / f"{name}.png", folder / kind / f"{name}.png")


def send_slowly(folder, kind, name, pieces=4):
    data = (folder / "made" / kind / f"{name}.png").read_bytes()
    with open(folder / kind / f"{name}.png", "wb") as file:
        for piece in np.array_split(np.frombuffer(data, np.uint8), pieces):
            file.write(piece.tobytes())
            file.flush()
            time.sleep(0.25)


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def watched(folder, act, *options, images="images", code=130):
    """Run the command while `act` runs in a thread; Ctrl-C follows. Return the lines of JSON and stderr."""
    failures = []

    def play():
        try:
            act()
        except BaseException as error:
            failures.append(error)
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=play)
    thread.start()
    words = ["predict", folder / images, *options, "-o", folder / "out", "-m", "shared", "--watch", "--json"]
    result = CliRunner().invoke(app, [*map(str, words)])
    thread.join()
    assert not failures, (failures, result.output)
    assert result.exit_code == code, result.output
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def noted(folder, count):
    """Whether so many results are shown and noted as done."""
    record = folder / "out" / watch.RECORD
    return lambda: record.exists() and len(record.read_text().splitlines()) == count


def there(folder, names):
    return lambda: all((folder / f"out/{name}.png").exists() for name in names)


def test_files_that_arrive_in_pieces_are_matted_once_and_not_again_after_a_restart(made):
    out = made / "out"

    def first():
        send(made, "images", "a")  # its trimap comes later
        send_slowly(made, "images", "b")
        send_slowly(made, "trimaps", "b")
        send_slowly(made, "trimaps", "a")
        until(there(made, "ab"))
        send(made, "trimaps", "c")
        (made / "images/c.png").symlink_to(made / "made/images/c.png")
        until(noted(made, 3))

    lines, told = watched(made, first, made / "trimaps")
    assert sorted(line["name"] for line in lines) == ["a", "b", "c"]
    assert not any("error" in line for line in lines) and "error: interrupted" in told
    for name in "abc":
        assert 0.2 < cv2.imread(str(out / f"{name}.png"), 0).mean() / 255 < 0.4

    def second():
        send(made, "images", "d")
        send(made, "trimaps", "d")
        (out / "b.png").unlink()  # taken away by another program
        shutil.copy(made / "made/trimaps/b.png", made / "trimaps/a.png")  # changed by another one
        until(noted(made, 5))

    lines, _ = watched(made, second, made / "trimaps")
    assert sorted(line["name"] for line in lines) == ["a", "d"]
    assert not (out / "b.png").exists()


def test_a_damaged_file_and_a_bad_pair_are_told_once_and_stop_nothing(made):
    whole = (made / "made/images/a.png").read_bytes()

    def act():
        (made / "images/a.png").write_bytes(whole[:-50])
        send(made, "masks", "a")
        send(made, "images", "b")
        cv2.imwrite(str(made / "masks/b.png"), np.full((9, 9), 255, np.uint8))
        send(made, "images", "c")
        send(made, "masks", "c")
        until(there(made, "c"))
        time.sleep(PATIENCE + 1)
        (made / "images/a.png").write_bytes(whole)
        until(noted(made, 2))

    lines, told = watched(made, act, "--mask", made / "masks")
    outcomes = [(line["name"], "error" in line) for line in lines]
    assert sorted(outcomes) == [("a", False), ("a", True), ("b", True), ("c", False)]
    assert told.count("error: a: ") == told.count("error: b: ") == 1


def test_an_image_without_a_trimap_is_noted_once_when_none_has_come(made):
    def act():
        send(made, "images", "a")
        time.sleep(PATIENCE + 1.5)

    _, told = watched(made, act, made / "trimaps")
    assert told.count("no trimap named a") == 1


def test_frames_of_a_pattern_are_matted_as_they_are_rendered_with_a_still_trimap(made):
    def act():
        for number in (1, 3):
            shutil.copy(made / "made/images/a.png", made / f"images/shot.{number:04d}.png")
            until(noted(made, 1 + number // 2))

    shutil.copy(made / "made/trimaps/a.png", made / "still.png")
    lines, told = watched(made, act, made / "still.png", images="images/shot.####.png")
    assert [line["name"] for line in lines] == ["shot.0001", "shot.0003"]
    assert "missing" not in told, "frame 2 may come"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.png", "t.png"], "--watch is for a folder or a pattern of images"),
        (["images", "trimaps", "-o", "images"], "--watch would take what it writes there for new images"),
        (["images", "trimaps", "-o", "out", "--report", "r.html"], "--watch has no end"),
        (["images", "trimaps", "-o", "out", "--shard", "1/2"], "--watch is for one process"),
        (["images", "trimaps"], "needs a folder for the outputs"),
    ],
)
def test_what_watching_cannot_do_is_a_usage_error(words, said, made, monkeypatch):
    monkeypatch.chdir(made)
    result = CliRunner().invoke(app, ["predict", *words, "-m", "shared", "--watch"])
    assert result.exit_code == 2 and said in result.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_nothing_half_written(number, code, made):
    for name in "abcde":
        send(made, "images", name)
        send(made, "trimaps", name)
    words = ["predict", made / "images", made / "trimaps", "-o", made / "out", "-m", "shared", "--watch"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mattekit", *map(str, words)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until(there(made, "a"), 120)  # others are under way
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code and "Traceback" not in told
    written = sorted(path.name for path in (made / "out").iterdir())
    assert all(name == watch.RECORD or cv2.imread(str(made / "out" / name)) is not None for name in written), written
    assert not [name for name in written if name.endswith(".part")]
