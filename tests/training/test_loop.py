"""Runs: what they write, that they go on exactly, and how they end."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mattekit.errors import DivergedError, InputError, MattekitError
from mattekit.models import registry
from mattekit.networks import build
from mattekit.networks.safetensors_file import header_of, load_network, save_network
from mattekit.training import logs, loop
from mattekit.training.job import RunFolder
from mattekit.training.loop import train
from mattekit.training.progress import Display

WORK = Path(__file__).parent.parent / "workers" / "training_work.py"


def same_weights(one, other):
    one, other = load_file(one), load_file(other)
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_a_run_writes_all_it_should_and_predict_takes_its_networks(job, data):
    made = job("run", f"data.validation={data}")
    result = train(made)
    folder = RunFolder(made.output)
    assert (result["step"], result["steps"]) == (8, 8)
    records = logs.read(folder.jsonl)
    assert [r["step"] for r in records if r["kind"] == "train"] == list(range(1, 9))
    assert [r["step"] for r in records if r["kind"] == "validation"] == [0, 4, 8]
    assert result["best"] == min(r["sad"] for r in records if r["kind"] == "validation")
    assert sorted(path.name for path in folder.pictures.iterdir()) == ["000000.png", "000004.png", "000008.png"]
    assert load_network(folder.best).header.origin.startswith("trained by mattekit, recipe tiny")
    alpha = registry.load(folder.last).alpha(np.random.default_rng(0).random((40, 50, 3), np.float32), TRIMAP)
    assert alpha.shape == (40, 50)


TRIMAP = np.tile(np.repeat(np.float32([0, 0.5, 1]), [15, 20, 15]), (40, 1))


def test_training_lowers_the_loss(job):
    made = job("run", "run.epochs=12", "run.log_every=12", "run.save_every=0", "schedule.kind=constant")
    train(made)
    losses = [r["loss"] for r in logs.read(RunFolder(made.output).jsonl) if r["kind"] == "train"]
    assert losses[-1] < 0.85 * losses[0]


@pytest.fixture
def whole(job):
    """The last weights and the log of a run that nothing interrupted."""
    made = job("whole")
    train(made)
    return made.output


def without_times(path):
    timed = ("seconds", "samples_per_second", "waiting")
    return [{k: v for k, v in record.items() if k not in timed} for record in logs.read(path / "log.jsonl")]


@pytest.mark.parametrize(("step", "workers"), [(5, 0), (7, 2)])
def test_a_killed_run_goes_on_bit_for_bit(job, whole, recipe_file, tmp_path, step, workers):
    """Killed with SIGKILL some steps after its last state was saved, whatever the number of workers there or later."""
    killed = tmp_path / "killed"
    command = [sys.executable, str(WORK), str(recipe_file), str(killed), str(step), str(workers)]
    assert subprocess.run(command, env=os.environ | {"MATTEKIT_TEST": str(killed)}).returncode == -9
    ended = time.monotonic() + 30  # workers, and multiprocessing's resource tracker, notice that nobody is there
    while left := marked(f"MATTEKIT_TEST={killed}"):
        assert time.monotonic() < ended, left
        time.sleep(0.1)
    assert not (killed / "last.safetensors").exists() or not same_weights(
        killed / "last.safetensors", whole / "last.safetensors"
    )
    result = train(job("killed", resume=True, workers=1 if not workers else 0))
    assert result["step"] == 8
    assert same_weights(killed / "last.safetensors", whole / "last.safetensors")
    assert without_times(killed) == without_times(whole)


def marked(variable):
    """Command lines of all processes that have a variable in their environment; none where /proc does not say."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if variable.encode() in (path / "environ").read_bytes().split(b"\0"):
                found.append((path / "cmdline").read_bytes())
    return found


def test_stopping_after_some_steps_changes_nothing_either(job, whole):
    assert train(job("parts", max_steps=1))["step"] == 1
    assert train(job("parts", resume=True, max_minutes=0))["step"] == 1
    assert train(job("parts", resume=True, max_steps=6))["step"] == 6
    assert train(job("parts", resume=True))["step"] == 8
    assert same_weights(job("parts").output / "last.safetensors", whole / "last.safetensors")
    assert train(job("parts", resume=True))["step"] == 8  # nothing is left to do


class Interrupting(Display):
    def on_step(self, step, loss):
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_saves_and_the_run_goes_on_from_there(job, whole):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(job("stopped"), Interrupting)
    assert signal.getsignal(signal.SIGINT) is before
    folder = RunFolder(job("stopped").output)
    assert logs.read(folder.jsonl)[-1]["step"] == 3
    train(job("stopped", resume=True))
    assert same_weights(folder.last, whole / "last.safetensors")


def test_portions_of_a_batch_give_its_weights(job):
    """Not bit for bit, but as sums in another order differ; norms are frozen, as their statistics are of portions."""
    weights = []
    for accumulate in (1, 2):
        made = job(f"a{accumulate}", f"run.accumulate={accumulate}", "run.freeze_norm=all", "run.epochs=1", NO_DROPOUT)
        train(made)
        weights.append(load_file(made.output / "last.safetensors"))
    for key, value in weights[0].items():
        assert torch.allclose(value, weights[1][key], atol=1e-4), key


NO_DROPOUT = "network.context=none"


def test_a_run_does_not_write_over_another(job, whole):
    before = (whole / "log.jsonl").read_text()
    with pytest.raises(InputError, match="holds a run"):
        train(job("whole"))
    assert (whole / "log.jsonl").read_text() == before


def test_what_is_refused_before_the_first_step_leaves_nothing(job):
    made = job("run", "data.sources=/nowhere")
    with pytest.raises(FileNotFoundError, match="/nowhere"):
        train(made)
    assert not made.output.exists()


@pytest.mark.parametrize(
    ("change", "settings", "told"),
    [("run.batch=1", {}, "single sample"), ("run.batch=4", {"tensorboard": True}, "mattekit\\[tensorboard\\]")],
)
def test_what_is_refused_at_the_first_step_leaves_nothing_either(job, data, monkeypatch, change, settings, told):
    """The corrected command would else be told that its folder holds a run."""
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)  # as if the extra were not installed
    made = job("run", change, f"data.validation={data}", **settings)
    with pytest.raises(MattekitError, match=told):
        train(made)
    assert not made.output.exists()
    assert train(job("run", max_steps=1))["step"] == 1


def test_a_full_disk_is_an_error_of_the_system_and_the_saved_state_stays(recipe_file, tmp_path):
    """A limit on the size of files stands for it: weights fit, the state with the optimiser's does not."""
    command = [sys.executable, str(WORK), str(recipe_file), str(tmp_path / "run"), "0", "0", "700000"]
    done = subprocess.run(command, capture_output=True, text=True)
    told = f"OSError: [Errno 27] File too large: '{tmp_path / 'run/state.pt'}'"
    assert done.stderr.splitlines()[-1].startswith(told)
    assert sorted(path.name for path in (tmp_path / "run").iterdir() if path.suffix != ".csv") == [
        "last.safetensors", "log.jsonl", "recipe.toml",
    ]  # fmt: skip


def test_a_run_notes_what_its_data_cannot_do(job, data, caplog):
    """No score to choose the best by, and composites, whose loss has no composition in it."""
    changes = ("augment.background.probability=0", "augment.compose.probability=0")
    (data / "composites.toml").write_text(f'[[source]]\npath = "{data}"\nkind = "composites"')
    made = job("run", *changes, f"data.sources={data / 'composites.toml'}", max_steps=1)
    train(made)
    assert caplog.messages[0].startswith("a source has composites without their foregrounds: the loss is that of alpha")
    assert caplog.messages[1].startswith("no images to validate on (data.validation): no best.safetensors by sad")
    caplog.clear()
    train(job("silent", f"data.validation={data}", max_steps=1))
    assert not caplog.messages


@pytest.fixture
def poisoned(monkeypatch):
    """From the third step on, images hold NaN."""
    honest = loop.loader

    def loader(*args, **settings):
        for i, batch in enumerate(honest(*args, **settings)):
            if i >= 2:
                batch["image"][0, 0, 0, 0] = float("nan")
            yield batch

    monkeypatch.setattr(loop, "loader", loader)


def test_a_loss_that_is_not_finite_stops_with_the_batch_saved(job, poisoned):
    made = job("run", "run.save_every=1")
    with pytest.raises(DivergedError, match=r"nonfinite-000002.safetensors: loss nan at step 2"):
        train(made)
    batch = load_file(made.output / "nonfinite-000002.safetensors")
    assert batch["image"].isnan().sum() == 1
    assert batch["alpha"].shape == (4, 1, 32, 32)
    assert (made.output / "nonfinite-000002.png").is_file()
    assert all(value.isfinite().all() for value in load_file(made.output / "last.safetensors").values())
    assert json.loads((made.output / "log.jsonl").read_text().splitlines()[-1])["step"] == 2


def test_a_run_keeps_its_number_of_threads(job):
    """It decides how sums are split, and so the last bits of the weights."""
    before = torch.get_num_threads()
    try:
        train(job("run", threads=1, max_steps=1))
        torch.set_num_threads(2)
        train(job("run", threads=None, resume=True, max_steps=1))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_first_weights_come_from_a_file(job, tmp_path):
    network = build("indexnet", width=0.1)
    save_network(tmp_path / "first.safetensors", network, header_of(network))
    made = job("run", f"network.pretrained={tmp_path / 'first.safetensors'}", "optimiser.lr=1e-12", max_steps=1)
    train(made)
    first, last = load_file(tmp_path / "first.safetensors"), load_file(made.output / "last.safetensors")
    assert all(torch.allclose(first[key], last[key]) for key in first if "running" not in key)


@pytest.mark.parametrize("precision", ["bf16", "auto"])
def test_half_precision_learns_and_saves_float32(job, precision):
    made = job("run", precision=precision, max_steps=2)
    train(made)
    assert {value.dtype for value in load_file(made.output / "last.safetensors").values()} == {torch.float32}


def test_single_samples_cannot_be_normalised_by_themselves(job):
    with pytest.raises(InputError, match="a single sample on a device at a time"):
        train(job("run", "run.accumulate=4"))


def test_fp16_is_refused_where_it_cannot_be_trained_with(job):
    with pytest.raises(InputError, match="fp16 on cpu"):
        train(job("run", precision="fp16"))
