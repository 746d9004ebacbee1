"""A network runs where it was told to, or not at all."""

import pytest
import torch

from mattekit.errors import DeviceLostError, InputError
from mattekit.inference import device as devices
from mattekit.inference.device import detect_device_loss, resolve_device


@pytest.fixture
def machine(monkeypatch):
    """Pretend to have so many CUDA devices, and Apple's GPU or not."""

    def pretend(cuda, mps):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(("cuda", "mps", "device"), [(2, False, "cuda"), (0, True, "mps"), (0, False, "cpu")])
def test_auto_takes_the_fastest_there_is(machine, cuda, mps, device):
    machine(cuda, mps)
    assert resolve_device("auto") == device


def test_a_device_that_is_there_is_taken(machine):
    machine(2, True)
    for name in ("cpu", "cuda", "cuda:1", "mps"):
        assert resolve_device(name) == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cuda", "cuda, but PyTorch .* sees 0 CUDA devices"),
        ("cuda:1", "cuda:1, but PyTorch"),
        ("mps", "mps, which PyTorch .* does not find"),
        ("gpu", "'gpu', wanted auto, cpu, cuda, cuda:N or mps"),
        ("cuda:", "'cuda:', wanted"),
    ],
)
def test_another_is_refused_and_none_put_in_its_place(machine, name, message):
    machine(0, False)
    with pytest.raises(InputError, match=message):
        resolve_device(name)


@pytest.mark.parametrize(("rank", "device"), [(0, "cuda:0"), (1, "cuda:1"), (2, "cuda:0")])
def test_ranks_of_one_computer_take_a_device_each(machine, monkeypatch, rank, device):
    machine(2, False)
    for name, value in (("RANK", rank + 4), ("WORLD_SIZE", 8), ("LOCAL_RANK", rank)):
        monkeypatch.setenv(name, str(value))
    assert resolve_device("auto") == device and resolve_device("cuda") == "cuda"
    machine(0, False)
    assert resolve_device("auto") == "cpu"


class Cuda:
    """Stands for a device that fails at what it is given, and at everything from then on if it is `lost`."""

    def __init__(self, monkeypatch, lost):
        monkeypatch.setattr(devices, "_answers", lambda device: not lost)

    @detect_device_loss("cuda:1")
    def work(self, text):
        raise RuntimeError(text)


LAUNCH = "CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously reported."


def test_a_device_that_does_not_answer_any_more_is_lost(monkeypatch):
    with pytest.raises(DeviceLostError, match=r"^cuda:1: does not answer any more \(CUDA error: unspecified launch f"):
        Cuda(monkeypatch, lost=True).work(LAUNCH)


@pytest.mark.parametrize(("lost", "text"), [(False, LAUNCH), (True, "CUDA error: out of memory")])
def test_other_errors_stay_what_they_are(monkeypatch, lost, text):
    with pytest.raises(RuntimeError, match="CUDA error"):
        Cuda(monkeypatch, lost).work(text)


def test_the_question_whether_a_device_answers_is_a_small_sum():
    assert devices._answers("cpu") and not devices._answers("cuda:77")
