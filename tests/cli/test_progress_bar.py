"""Progress: what is said of speed and time left, within one picture too, and where it is shown."""

import json
import os
import pty
import subprocess
import sys

import numpy as np
import pytest

from mattekit import progress
from mattekit.cli import console, progress_bar
from mattekit.imaging import io


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    ("done", "whole", "seconds", "text"),
    [(1, 2, 5, "5 s left"), (1, 4, 40, "2:00 min left"), (2, 100, 300, "4:05 h left"), (0, 9, 5, ""), (3, 0, 5, "")],
)
def test_time_left_follows_from_the_mean_speed(done, whole, seconds, text):
    assert progress_bar.time_left(done, whole, seconds) == text


def test_a_course_tells_speed_and_the_item_in_work():
    clock = Clock()
    state = progress_bar.Progress("frames", 10, clock)
    assert state.line() == "0 of 10 frames"
    for _ in range(4):
        state.advance()
    clock.now = 2.0
    assert state.line() == "4 of 10 frames, 2.0 frames/s, 3 s left"
    state.update("tiles", 0, 8)
    clock.now = 8.0
    state.update("tiles", 2, 8)
    assert state.line() == "4 of 10 frames, 2.0 s each, 12 s left; tiles 25%, 18 s left"
    state.update("smoothing", 0, 0)
    assert state.stage_line() == "smoothing"
    state.advance()
    assert state.stage_line() == ""


def test_a_line_a_minute_where_stderr_is_no_terminal(monkeypatch, capsys):
    clock, lines = Clock(), []
    with progress_bar.displayed(progress_bar.Progress("frames", 100, clock), lines.append) as advance:
        for _ in range(100):
            clock.now += 1.3
            advance()
    assert lines == ["47 of 100 frames, 1.3 s each, 1:09 min left", "94 of 100 frames, 1.3 s each, 8 s left"]


def test_one_long_picture_tells_how_far_it_is(capsys):
    clock, lines = Clock(), []
    with progress_bar.displayed(progress_bar.Progress("big", 1, clock), lines.append):
        for tile in range(9):
            progress.report("tiles", tile, 9)
            clock.now += 25
    assert lines == ["tiles 33%, 2:30 min left", "tiles 67%, 1:15 min left"]
    progress.report("tiles", 1, 9)  # nobody listens any more


def test_quiet_says_nothing(capsys):
    console.setup(quiet=True)
    with console.progress("frames", 3) as advance:
        progress.report("tiles", 1, 2)
        advance()
    assert capsys.readouterr().err == ""


def test_solvers_and_tiles_tell_how_far_they_are():
    import torch

    from mattekit.baselines.smoothing import smoothed
    from mattekit.tiling.runner import Tiling

    reports = []
    rng = np.random.default_rng(0)
    image, trimap = rng.random((40, 60, 3), dtype=np.float32), np.full((40, 60), 0.5, np.float32)
    trimap[:, :5], trimap[:, -5:] = 0, 1
    with progress.reporting_to(lambda *reported: reports.append(reported)):
        smoothed(image, trimap, trimap.copy())
    shares = [done / whole for what, done, whole in reports if what == "smoothing"]
    assert len(shares) > 3 and 0 < shares[0] < 0.5 and shares[-1] > 0.9

    class Plain(torch.nn.Module):
        stride = 8
        encode = decode = staticmethod(lambda x: x[:, :1])

    reports.clear()
    x = torch.zeros(1, 4, 128, 192)
    with progress.reporting_to(lambda *reported: reports.append(reported)):
        Tiling(Plain(), "cpu", tile=64, overlap=16)(
            lambda rows, columns: x[..., rows, columns], np.ones((128, 192), bool)
        )
    tiles = [done for what, done, _ in reports if what == "tiles"]
    assert tiles == list(range(int(reports[-1][2]))) and len(tiles) > 4


def test_on_a_terminal_a_bar_is_drawn_and_data_stays_on_stdout(tmp_path):
    """Stderr is a terminal and stdout a pipe: JSON lines must all arrive in the pipe."""
    for i in range(3):
        io.write_raw(tmp_path / f"a.{i}.png", np.full((8, 8, 4), 255, np.uint8))
    ours, theirs = pty.openpty()
    words = ["composite", str(tmp_path / "a.#.png"), "white", "-o", str(tmp_path / "out"), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mattekit", *words],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    )
    out, _ = process.communicate(timeout=120)
    os.close(theirs)
    drawn = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert process.returncode == 0 and "of 3 frames" in drawn
    assert [json.loads(line)["name"] for line in out.decode().splitlines()] == ["a.0", "a.1", "a.2"]
