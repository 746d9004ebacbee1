"""A network runs where it was told to, or not at all."""

import pytest
import torch

from mattekit.errors import InputError
from mattekit.inference.device import resolve


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
    assert resolve("auto") == device


def test_a_device_that_is_there_is_taken(machine):
    machine(2, True)
    for name in ("cpu", "cuda", "cuda:1", "mps"):
        assert resolve(name) == name


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
        resolve(name)
