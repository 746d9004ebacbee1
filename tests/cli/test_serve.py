"""`mattekit serve` and `mattekit paint`: what they refuse, and how they start and end, as processes of their own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app


@pytest.fixture
def pictures(tmp_path):
    """A picture and its trimap."""
    y, x = np.mgrid[:300, :300]
    radius = np.hypot(y - 150, x - 150)
    image = np.where(radius[..., None] < 90, np.uint8([40, 140, 220]), np.uint8([150, 80, 30]))
    noise = np.random.default_rng(2).integers(-20, 20, image.shape)
    assert cv2.imwrite(str(tmp_path / "a.png"), (image + noise).clip(0, 255).astype(np.uint8))
    trimap = np.where(radius < 60, 255, np.where(radius > 125, 0, 128)).astype(np.uint8)
    assert cv2.imwrite(str(tmp_path / "trimap.png"), trimap)
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.mark.parametrize("command", ["serve", "paint a.png"])
def test_without_the_extra_a_line_says_how_to_get_it(command, monkeypatch, pictures):
    monkeypatch.chdir(pictures)
    monkeypatch.setattr("mattekit.cli.serving.PACKAGES", ("no_such_package",))
    result = run(*command.split())
    assert result.exit_code == 1 and 'pip install "mattekit[web]"' in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["serve", "--host", "0.0.0.0"], "needs --token"),
        (["serve", "--token", "short"], "at least 8"),
        (["serve", "--token", "ключ-ключ"], "ASCII"),
        (["paint", "."], "-o OUT/"),
        (["paint", "-"], "wants files"),
        (["paint", "a.png", "-o", "a.jpg"], "levels"),
        (["paint", "a.png", ".", "-o", "b.png"], "folder"),
    ],
)
def test_what_cannot_be_is_a_usage_error(words, told, monkeypatch, pictures):
    monkeypatch.chdir(pictures)
    result = run(*words)
    assert result.exit_code == 2 and told in result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["paint", "a.png", "-o", "a.png"], "is also an input"),
        (["paint", "a.png", "trimap.png", "-o", "trimap.png"], "is also an input"),
        (["paint", "none.png"], "no such file"),
        (["serve", "-m", "none-such"], "no such model"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_line(words, told, monkeypatch, pictures):
    pytest.importorskip("starlette", reason="starlette is not installed")
    monkeypatch.chdir(pictures)
    result = run(*words, "--port", "0", *(["--no-browser"] if words[0] == "paint" else []))
    assert result.exit_code == 1 and told in result.stderr and len(result.stderr.splitlines()) == 1


@pytest.fixture
def start(pictures):
    """A function that starts a command and returns its process and the address that it prints."""
    pytest.importorskip("starlette", reason="starlette is not installed")
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    started = []

    def start(*words):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-m", "mattekit", *map(str, words)]
        process = subprocess.Popen(
            command, cwd=pictures, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def form(**parts):
    """Headers and body of a multipart form of bytes and texts."""
    body = b""
    for name, value in parts.items():
        file = b"" if isinstance(value, str) else b'; filename="x"'
        data = value.encode() if isinstance(value, str) else value
        body += b'--b\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + file + b"\r\n\r\n" + data
        body += b"\r\n"
    return {"Content-Type": "multipart/form-data; boundary=b"}, body + b"--b--\r\n"


def ask(address, headers=None, body=None):
    with urllib.request.urlopen(urllib.request.Request(address, body, headers or {}), timeout=60) as answer:
        return answer.status, answer.read()


def test_on_sigterm_the_server_finishes_what_is_under_way(start, pictures):
    process, address = start("serve", "--port", "0", "-m", "closed-form")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
    given = form(
        image=(pictures / "a.png").read_bytes(),
        trimap=(pictures / "trimap.png").read_bytes(),
        tta="dihedral",
        answer="json",
    )
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(f"{address}v1/matte", *given)))
    asking.start()
    while asking.is_alive() and b"mattekit_running 1" not in ask(f"{address}metrics")[1]:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    asking.join(60)
    assert answers[0][0] == 200 and b'"width":300' in answers[0][1]
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and out == "" and err.splitlines()[-1].startswith("ended")


def test_painted_trimaps_survive_a_kill(start, pictures):
    process, address = start("paint", "a.png", "trimap.png", "-o", "out/", "-m", "shared", "--no-browser")
    base, _, token = address.partition("?token=")
    assert len(token) >= 24
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(f"{base}paint/pictures")
    allowed = {"Authorization": f"Bearer {token}"}
    picture = f"{base}paint/pictures/0"
    assert ask(f"{picture}/strokes?x=0&y=0&width=20&height=10", allowed, b"\xff" * 200)[0] == 200
    deadline = time.monotonic() + 20
    while b'"saved":{"revision":1' not in ask(f"{picture}/saved", allowed)[1]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    saved = cv2.imread(str(pictures / "out/a_trimap.png"), cv2.IMREAD_UNCHANGED)
    assert (saved[:10, :20] == 255).all() and [path.name for path in (pictures / "out").iterdir()] == ["a_trimap.png"]
    trimap = cv2.imread(str(pictures / "trimap.png"), cv2.IMREAD_UNCHANGED)
    assert (saved[10:] == trimap[10:]).all() and (trimap[:10, :20] == 0).all()
