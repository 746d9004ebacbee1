"""An operator is added by a class with `guide`, `down` and `up` and a row: networks, commands and recipes take it."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.networks import build
from mattekit.operators import OPERATORS, Guide, Resampler, make
from mattekit.training import recipe


class Gated(Resampler):
    """Nearest-neighbour interpolation, weighted by a gate learnt from the encoder's feature."""

    guided = True

    def __init__(self, channels: int, incoming: int | None = None, *, size: int = 3):
        super().__init__(channels, incoming)
        self.gate = nn.Conv2d(channels, 1, size, padding=size // 2)

    def guide(self, x):
        return Guide(None, self.gate(x).sigmoid().unsqueeze(2))

    def up(self, y, guide):
        return F.interpolate(y, scale_factor=2) * guide.up[:, :, 0]


@pytest.fixture(autouse=True)
def gated(monkeypatch):
    monkeypatch.setitem(OPERATORS, "gated", Gated)


def test_the_operator_goes_down_and_up_by_its_guide():
    operator, x = make("gated", 4, size=1), torch.rand(2, 4, 6, 8)
    smaller, skip, guide = operator.halve(x)
    assert smaller.shape == (2, 4, 3, 4) and skip is x
    gate = torch.sigmoid(operator.gate(x))
    torch.testing.assert_close(operator.up(smaller, guide), F.interpolate(smaller, scale_factor=2) * gate)


@pytest.mark.parametrize("name", ["reconstruction-nearest", "indexnet"])
def test_every_network_takes_it_and_trains_it(name):
    changes = {"resampler": "gated", "size": 1} | ({"width": 0.25} if name == "indexnet" else {})
    network = build(name, **changes)
    channels = 1 if name.startswith("reconstruction") else 4
    network(torch.rand(2, channels, 64, 64)).sum().backward()
    gates = [module.gate for module in network.modules() if isinstance(module, Gated)]
    assert gates and all(gate.weight.grad.abs().sum() > 0 and gate.kernel_size == (1, 1) for gate in gates)


def test_commands_and_recipes_take_it_by_name():
    shown = CliRunner().invoke(app, ["models", "a2u", "--set", "resampler=gated", "--set", "size=5"])
    assert shown.exit_code == 0 and "size=5" in shown.stdout and "resamplers.0.gate" in shown.stdout
    changed = recipe.read("a2u", ["operator=gated", "network.size=1"])
    assert changed.network.arguments == {"resampler": "gated", "size": 1}
