"""Compiled networks answer as they do uncompiled; where nothing can be compiled, they still answer, with one note."""

import logging

import pytest
import torch
from torch import nn

from mattekit.inference.compiled import compile_network


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 1, 3, padding=1)

    def encode(self, x):
        return self.conv(x).relu()

    def decode(self, x):
        return (x + 1).sigmoid()


@pytest.fixture
def network():
    torch.manual_seed(0)
    torch._dynamo.reset()
    yield Small().eval()
    torch._dynamo.reset()


def answer(network):
    with torch.inference_mode():
        return network.decode(network.encode(torch.linspace(-1, 1, 4 * 8 * 8).reshape(1, 4, 8, 8)))


def test_compiling_changes_no_answer(network, caplog):
    """Traced, not turned into machine code, which takes a minute."""
    plain = answer(network)
    with caplog.at_level(logging.WARNING, "mattekit"):
        torch.testing.assert_close(answer(compile_network(network, "aot_eager")), plain)
    assert not [record for record in caplog.records if record.name == "mattekit"]


def test_where_compiling_fails_one_note_says_so(network, caplog):
    def without_compiler(*_):
        raise OSError("no compiler here")

    plain = answer(network)
    with caplog.at_level(logging.WARNING, "mattekit"):
        network = compile_network(network, without_compiler)
        for _ in range(2):
            torch.testing.assert_close(answer(network), plain, rtol=0, atol=0)
    notes = [record.getMessage() for record in caplog.records if record.name == "mattekit"]
    assert len(notes) == 1 and "runs uncompiled" in notes[0] and "no compiler here" in notes[0]
