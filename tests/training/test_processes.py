"""Several processes learn what one would; devices and precisions that are not there are refused."""

import os
import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mattekit.errors import InputError, MissingFileError, WorkerDiedError
from mattekit.networks import build
from mattekit.networks.safetensors_file import header_of, save_network
from mattekit.training import logs, processes
from mattekit.training.job import RunFolder
from mattekit.training.loop import train
from mattekit.training.progress import Display

# Plain gradient descent without momentum: weights differ from the first ones by the gradient times the rate. Norms
# are frozen, as their statistics would be those of each process's part; without dropout nothing else is random.
GRADIENT = ("optimiser.name=sgd", "optimiser.lr=100", "schedule.warmup_steps=0", "run.freeze_norm=all")
GRADIENT += ("network.context=none", "run.ema=0", "loss.name=multiscale", "run.accumulate=2", "run.batch=6")


@pytest.fixture
def first(tmp_path):
    """Weights whose norms have seen data: frozen as they are made, they let no gradient through."""
    torch.manual_seed(2)
    network = build("indexnet", width=0.1, context=None)
    with torch.no_grad():
        for _ in range(30):
            network(torch.randn(4, 4, 32, 32))
    save_network(tmp_path / "first.safetensors", network, header_of(network))
    return tmp_path / "first.safetensors"


def gradients(job, name, first, data, **settings):
    made = job(name, *GRADIENT, f"network.pretrained={first}", f"data.validation={data}", max_steps=1, **settings)
    train(made)
    return load_file(made.output / "last.safetensors"), logs.read(RunFolder(made.output).jsonl)


def test_two_processes_have_the_gradient_of_one_with_the_whole_batch(job, first, data):
    """Of LSA's loss, which divides by sums over the whole batch, and in portions that do not divide it evenly."""
    one, told = gradients(job, "one", first, data)
    two, told_by_two = gradients(job, "two", first, data, devices=2)
    first = load_file(first)
    moved = {key: (first[key] - value).abs().max() for key, value in one.items()}
    assert sum(value > 1e-4 for value in moved.values()) > 50  # there is something to compare
    for key, value in one.items():
        assert (value - two[key]).abs().max() <= 1e-3 * moved[key] + 1e-6, key
    assert [record["kind"] for record in told_by_two] == ["validation", "train", "validation"]
    for one_says, two_say in zip(told, told_by_two, strict=True):  # of validation images each process has its share
        for key in one_says.keys() & {"loss", "gradient", "sad", "mse", "grad"}:
            assert two_say[key] == pytest.approx(one_says[key], rel=1e-3), key


def test_what_one_of_several_processes_raises_is_raised_here(job):
    with pytest.raises(MissingFileError, match="/nowhere"):
        train(job("run", "data.sources=/nowhere", devices=2))


class Killing(Display):
    """Kills another process of the run after its first step."""

    def on_step(self, step, loss):
        others = [int(pid) for pid in Path(f"/proc/{os.getppid()}/task/{os.getppid()}/children").read_text().split()]
        ranks = [pid for pid in others if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(next(pid for pid in ranks if pid != os.getpid()), signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes by Linux's /proc")
def test_a_killed_process_of_several_is_one_line(job):
    with pytest.raises(WorkerDiedError, match="one of the run's 2 processes died; it was killed or ran out of memory"):
        train(job("run", devices=2), Killing)


def test_a_batch_that_does_not_divide_is_refused(job):
    with pytest.raises(InputError, match="5 samples for 2 devices"):
        train(job("run", "run.batch=5", devices=2))


@pytest.mark.skipif(torch.cuda.device_count() > 0, reason="there is a CUDA device")
def test_devices_that_are_not_there_are_refused(job):
    with pytest.raises(InputError, match="0 CUDA devices"):
        processes.make_fabric(job("run", device="cuda"))


def test_threads_are_those_asked_for_or_of_before_or_what_workers_leave(job, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert processes.choose_threads(job(threads=5), before=4) == 5
    assert processes.choose_threads(job(threads=None), before=4) == 4
    assert processes.choose_threads(job(threads=None)) == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert processes.choose_threads(job(threads=None, workers=2)) == 6
    assert processes.choose_threads(job(threads=None, workers=2, devices=2)) == 2
    assert processes.choose_threads(job(threads=None, workers=20)) == 1


def test_unknown_precisions_are_refused():
    with pytest.raises(InputError, match="fp8"):
        processes.choose_precision("fp8", "cpu")


def test_auto_is_bf16_where_the_processor_has_it():
    native = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    assert processes.choose_precision("auto", "cpu") == ("bf16" if native else "fp32")
    assert processes.choose_precision("auto", "mps") == "fp32"
