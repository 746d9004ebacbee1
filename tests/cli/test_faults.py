"""Whatever goes wrong in the middle of a folder: one clear line, the other items done, nothing half-written."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mattekit import errors
from mattekit.cli import app, console
from mattekit.models.registry import ClassicalModel

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits are a matter of POSIX")


def picture(path, size=(40, 50), *, busy=False):
    """A soft square; `busy` makes it large on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    alpha = np.zeros(size, np.uint8)
    alpha[size[0] // 4 : -size[0] // 4, size[1] // 4 : -size[1] // 4] = 255
    if busy:
        alpha = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    assert cv2.imwrite(str(path), alpha)


@pytest.fixture
def folder(tmp_path):
    """Images with trimaps: a, b, c, d."""
    for name in "abcd":
        picture(tmp_path / "images" / f"{name}.png")
        trimap = np.full((40, 50), 128, np.uint8)
        trimap[:8], trimap[15:25, 20:30] = 0, 255
        (tmp_path / "trimaps").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "trimaps" / f"{name}.png"), trimap)
    return tmp_path


def predict(folder, *words, code):
    command = ["predict", folder / "images", folder / "trimaps", "-m", "shared", "-o", folder / "out", *words]
    result = CliRunner().invoke(app, list(map(str, command)))
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def names(out):
    return sorted(path.name for path in out.iterdir())


def limited(limit, *words):
    """Run a command of mattekit in a process with a limit, such as "-v 900000": kilobytes of memory."""
    command = ["sh", "-c", f'ulimit {limit}; exec "$@"', "sh", sys.executable, "-m", "mattekit", *words]
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # threads reserve memory
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**os.environ, **one})


# Memory


def running_out():
    yield MemoryError()
    for ask in (lambda: np.empty(1 << 60, np.uint8), lambda: torch.empty(1 << 50)):
        try:
            ask()
        except Exception as error:
            yield error
    yield torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total of ...")
    yield RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported")
    yield RuntimeError("MPS backend out of memory (MPS allocated: 5.10 GB, other allocations: ...")
    yield cv2.error("OpenCV(4.14) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 9 bytes")


@pytest.mark.parametrize("problem", list(running_out()), ids=lambda problem: type(problem).__name__)
def test_every_library_runs_out_of_memory_in_the_same_words(problem):
    assert errors.is_out_of_memory(problem)
    assert console.describe(problem).startswith("out of memory. Use fewer --jobs")
    assert not errors.is_out_of_memory(RuntimeError("CUDA error: unspecified launch failure"))


@posix
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_image_that_is_too_large_for_the_memory_fails_alone(tmp_path, jobs):
    """144 megapixels in a process of 900 MB; those before and behind it fit."""
    for name in ("a", "c"):
        picture(tmp_path / "in" / f"{name}.png")
    picture(tmp_path / "in" / "b.png", (12000, 12000))
    done = limited("-v 900000", "trimap", tmp_path / "in", "-o", tmp_path / "out", "-j", jobs)
    assert done.returncode == 3 and names(tmp_path / "out") == ["a.png", "c.png"]
    assert [line for line in done.stderr.splitlines() if line.startswith("error: ")] == [
        "error: b: out of memory. Use fewer --jobs; predict also has --tile and --max-size."
    ]


# The device


def test_a_lost_device_is_told_once_and_nothing_else_is_tried_or_done_elsewhere(folder, monkeypatch):
    calls = []

    def fake(self, image, trimap):
        calls.append(len(calls))
        if len(calls) == 2:
            raise errors.DeviceLostError("cuda: does not answer any more (CUDA error: unspecified launch failure).")
        return trimap

    monkeypatch.setattr(ClassicalModel, "alpha", fake)
    result = predict(folder, "--json", code=3)
    assert len(calls) == 2 and names(folder / "out") == ["a.png"]
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["name"] for row in rows] == list("abcd")
    assert [row.get("error", "")[:9] for row in rows] == ["", "cuda: doe", "not tried", "not tried"]
    told = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert told[1:] == ["error: 2 more images were not tried, as the device is lost."] and "b: cuda" in told[0]
    assert "1 images done, 1 failed, 2 not tried in" in result.stderr


# Files


def test_files_that_cannot_be_read_fail_alone(folder):
    (folder / "images" / "b.png").write_bytes((folder / "images" / "b.png").read_bytes()[:90])
    (folder / "trimaps" / "c.png").write_bytes(b"")
    told = [line for line in predict(folder, code=3).stderr.splitlines() if line.startswith("error: ")]
    assert len(told) == 2 and "b.png: the PNG file is truncated" in told[0] and "c.png: " in told[1]
    assert names(folder / "out") == ["a.png", "d.png"]


@pytest.mark.parametrize("words", [
    "predict IMAGES TRIMAPS -m shared -o OUT/",
    "predict IMAGES/a.png TRIMAPS/a.png -m shared -o OUT/a.png",
    "refine IMAGES TRIMAPS -o ALPHAS --steps 1 --trace OUT/costs.csv",
    "eval TRIMAPS TRIMAPS -o OUT/scores.json",
    "trimap IMAGES -o OUT/",
])  # fmt: skip
def test_an_output_that_cannot_be_written_is_told_once_before_any_work(folder, monkeypatch, words):
    monkeypatch.chdir(folder)
    places = {"IMAGES": "images", "TRIMAPS": "trimaps", "OUT": "taken/out", "ALPHAS": "alphas"}
    for name, place in places.items():
        words = words.replace(name, place)
    (folder / "taken").touch()
    result = CliRunner().invoke(app, words.split())
    assert result.exit_code == 1 and not (folder / "alphas").exists()
    assert result.stderr == "error: taken: Not a directory. A folder is wanted there; name another.\n"


def test_a_full_disk_fails_what_does_not_fit_by_its_name(folder, monkeypatch):
    """The first bytes are still written, as a disk that fills up does it; there is room again for the last item."""
    write = Path.write_bytes

    def half(path, data):
        if "b.png" in path.name or "c.png" in path.name:
            write(path, data[:20])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", half)
    told = predict(folder, code=3).stderr
    assert f"error: b: {folder}/out/b.png: No space left on device" in told
    assert names(folder / "out") == ["a.png", "d.png"]


@posix
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_the_system_refuses_to_grow_leaves_nothing_behind(tmp_path, jobs):
    """The limit on the size of files is a full disk that any user can have."""
    for name in "abc":
        picture(tmp_path / "images" / f"{name}.png", (100, 100), busy=name == "b")
        picture(tmp_path / "alphas" / f"{name}.png", (100, 100))
    filled = limited("-n 256", "foreground", tmp_path / "images", tmp_path / "alphas", "-o", tmp_path / "filled")
    assert filled.returncode == 0, filled.stderr  # numba's cache, too, is made of files that grow
    done = limited("-f 8", "foreground", tmp_path / "images", tmp_path / "alphas", "-o", tmp_path / "out", "-j", jobs)
    assert done.returncode == 3, done.stderr
    assert f"error: b: {tmp_path}/out/b.png: File too large" in done.stderr
    assert names(tmp_path / "out") == ["a.png", "c.png"]


@posix
def test_a_really_full_disk_fails_the_rest_and_leaves_no_half_file(tmp_path):
    """A file system of 64 KB in memory, which only root can make."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("cannot mount a file system here")
    try:
        for name in "abcd":
            picture(tmp_path / "images" / f"{name}.png", (200, 200), busy=True)
            picture(tmp_path / "alphas" / f"{name}.png", (200, 200))
        words = ["foreground", str(tmp_path / "images"), str(tmp_path / "alphas"), "-o", str(disk)]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 3 and "b.png: No space left on device" in result.stderr, result.stderr
        assert all(cv2.imread(str(path)) is not None for path in disk.iterdir())
        assert not list(disk.glob(".*"))
    finally:
        subprocess.run(["umount", disk], check=True)


# Signals


@posix
@pytest.mark.parametrize(("polite", "jobs", "code"), [
    (signal.SIGINT, 1, 130), (signal.SIGINT, 2, 130), (signal.SIGTERM, 1, 143), (signal.SIGTERM, 2, 143),
])  # fmt: skip
def test_an_interrupted_run_ends_at_once_with_whole_files_only(folder, polite, jobs, code):
    _interrupted(folder, polite, code, "-m", "shared", "-j", jobs)


def test_ctrl_c_in_a_compiled_function_ends_the_run_and_is_no_failure_of_an_image(folder, monkeypatch):
    calls = []

    def compiled(image, trimap):
        calls.append(image)
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as interrupt:
            raise SystemError("CPUDispatcher(...) returned a result with an exception set") from interrupt

    monkeypatch.setattr(ClassicalModel, "alpha", lambda self, *pair: compiled(*pair))
    result = predict(folder, code=130)
    assert len(calls) == 1 and result.stderr.startswith("error: interrupted.")


@posix
@pytest.mark.parametrize("batch", [1, 4])
def test_so_does_one_that_reads_computes_and_writes_at_a_time(folder, weights_file, batch):
    _interrupted(folder, signal.SIGINT, 130, "-m", weights_file, "--batch", batch)


def _interrupted(folder, polite, code, *words):
    """Ctrl-C reaches the whole group of processes, as from a terminal; a scheduler's SIGTERM the parent alone."""
    for i in range(40):
        for kind in ("images", "trimaps"):
            os.link(folder / kind / "a.png", folder / kind / f"n{i:02}.png")
    out = folder / "out"
    words = ["predict", folder / "images", folder / "trimaps", "-o", out, *words]
    process = subprocess.Popen(
        [sys.executable, "-m", "mattekit", *map(str, words)],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not (out.is_dir() and len(list(out.glob("*.png"))) >= 2):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    os.killpg(process.pid, polite) if polite == signal.SIGINT else process.send_signal(polite)
    told = process.communicate(timeout=30)[1]
    assert process.returncode == code, told
    assert ("error: interrupted." in told) == (polite == signal.SIGINT) and "Traceback" not in told
    while True:
        try:
            os.killpg(process.pid, 0)  # its workers
        except ProcessLookupError:
            break
        assert time.monotonic() < deadline
        time.sleep(0.02)
    made = list(out.iterdir())
    assert 2 <= len(made) < 44 and not list(out.glob(".*"))
    assert all(cv2.imread(str(path)) is not None for path in made)
