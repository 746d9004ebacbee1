"""`mattekit train` as users run it."""

import json
import os
import signal

import pytest
from typer.testing import CliRunner

from mattekit.cli import app, train
from mattekit.networks.safetensors_file import load_network
from mattekit.training import recipe

TINY = """
name = "tiny"
[network]
name = "indexnet"
width = 0.1
[data]
crop = 32
sources = ["{root}/image=2"]
[[augment]]
step = "crop"
rule = "a2u"
[[augment]]
step = "trimap"
rule = "a2u"
[[augment]]
step = "background"
rule = "a2u"
[[augment]]
step = "compose"
[run]
steps_per_epoch = 3
batch = 2
log_every = 1
"""


@pytest.fixture
def tiny(tmp_path):
    import numpy as np

    from mattekit.imaging import io

    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        cutout = rng.random((48, 48, 4), np.float32)
        cutout[:8, :, 3], cutout[-8:, :, 3] = 0, 1
        io.write_image(tmp_path / f"image/{name}.png", cutout)
    path = tmp_path / "tiny.toml"
    path.write_text(TINY.format(root=tmp_path.as_posix()))
    return path


def run(*arguments):
    done = CliRunner().invoke(app, ["train", "--device", "cpu", "--workers", "0", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def test_a_recipe_is_run_stopped_and_gone_on_with(tiny, tmp_path):
    out = tmp_path / "run"
    code, _, told = run("--arch", tiny, "-o", out, "--set", "run.epochs=2", "--max-steps", 2)
    assert code == 0, told
    assert "tiny: 2 steps, on cpu, fp32" in told
    assert "2 steps of 6; go on with --resume" in told
    code, _, told = run("--arch", tiny, "-o", out)
    assert (code, told.strip()) == (
        1,
        f"error: {out}: holds a run. Add --resume to go on with it, or name a new folder with -o.",
    )
    code, printed, told = run("-o", out, "--resume", "--json")
    assert code == 0, told
    assert json.loads(printed)["step"] == 6
    assert "6 steps" in (out / "report.html").read_text()
    assert load_network(out / "last.safetensors").name == "indexnet"


def test_the_page_is_there_from_the_first_validation_on(tiny, tmp_path, monkeypatch):
    seen = {}

    def look(self, step, loss):
        page = tmp_path / "run/report.html"
        seen[step] = page.is_file() and page.read_text()

    monkeypatch.setattr(train.Lines, "on_step", look)
    code, _, told = run("--arch", tiny, "-o", tmp_path / "run", "--set", "run.epochs=3")
    assert code == 0, told
    assert not seen[3], "the first validation is after the third step"
    assert "3 steps" in seen[4] and "6 steps" in seen[7] and "Validation: Loss" in seen[7]


def test_a_page_that_cannot_be_written_stops_no_run(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("mattekit.report.run.write", _full)
    code, _, told = run("--arch", tiny, "-o", tmp_path / "run", "--max-steps", 1)
    assert code == 0 and "report.html: not written (No space left on device)" in told


def _full(*_, **__):
    raise OSError(28, "No space left on device")


def test_the_recipe_as_run_has_what_the_options_said(tiny, tmp_path):
    out = tmp_path / "run"
    first, odd = tmp_path / "first.safetensors", tmp_path / "a, b"  # commas separate nothing in names of folders
    run("--arch", tiny, "-o", tmp_path / "before", "--max-steps", 1)
    (tmp_path / "before/last.safetensors").rename(first)
    (tmp_path / "image").rename(odd)
    done = run("--arch", tiny, "-o", out, "--data", odd, "--backgrounds", odd, "--init", first, "--max-steps", 1)
    assert done[0] == 0, done[2]
    made = recipe.read(out / "recipe.toml")
    assert made.data.sources == made.data.backgrounds == (str(odd),)
    assert made.network.pretrained == str(first)


def test_an_interrupted_run_says_how_to_go_on(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(train.Lines, "on_step", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    code, _, told = run("--arch", tiny, "-o", tmp_path / "run")
    assert code == 130
    assert f"saved; go on with: mattekit train -o {tmp_path / 'run'} --resume" in told
    assert (tmp_path / "run/state.pt").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--arch", "nothing"], 1, "recipe: unknown recipe 'nothing'"),
        (["--arch", "TINY", "--set", "run.bach=3"], 1, "the nearest is run.batch"),
        (["--arch", "TINY", "--data", "/nowhere"], 1, "/nowhere: no such folder"),
        (["--arch", "TINY", "--validate", "a", "--validate", "b"], 2, "--validate was given 2 times"),
        (["--arch", "TINY", "--validate", "/nowhere"], 1, "/nowhere: no such folder"),
        (["--arch", "TINY", "--init", "/nowhere.pth"], 1, "/nowhere.pth: no such file"),
        (["--arch", "TINY", "--precision", "fp8"], 2, "--precision fp8: use one of auto, fp32"),
    ],
)
def test_mistakes_are_named_in_one_line_before_anything_is_written(tiny, tmp_path, arguments, code, message):
    found, _, told = run(*(str(tiny) if a == "TINY" else a for a in arguments), "-o", tmp_path / "run")
    assert (found, message in told) == (code, True), told
    assert not (tmp_path / "run").exists()


def test_another_recipe_than_the_runs_is_refused(tiny, tmp_path):
    run("--arch", tiny, "-o", tmp_path / "run", "--max-steps", 1)
    code, _, told = run("--arch", "a2u", "-o", tmp_path / "run", "--resume")
    assert (code, "holds a run of tiny" in told) == (2, True), told


def test_a_bar_is_drawn_on_terminals(monkeypatch, capsys):
    with train.Live() as shown:
        shown.on_start("tiny", 10, done=0, where="cpu")
        shown.on_step(4, 0.25)
        shown.on_record({"kind": "train", "samples_per_second": 8.0})
        shown.on_record({"kind": "validation", "step": 4, "epoch": 1.0, "sad": 12.5, "grad": None})
    told = capsys.readouterr().err
    assert "step 4  sad 12.5" in told
    assert "loss 0.2500" in told
    assert "8.0 samples/s" in told


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (600, "10 min"), (9000, "2.5 h")])
def test_times_are_told_in_words(seconds, words):
    assert train.duration(seconds) == words
