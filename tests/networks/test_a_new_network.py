"""A network is added by a builder and a row, which declares its preparation: files, models and commands take it."""

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.imaging import io
from mattekit.networks import NETWORKS, Network, Row, build
from mattekit.networks.header import header_of
from mattekit.networks.safetensors_file import load_network, save_network


class Tiny(Network):
    """One convolution at half the resolution, and one back."""

    stride = 2

    def __init__(self, *, width: int = 4):
        super().__init__()
        self.encoder, self.decoder = nn.Conv2d(4, width, 2, 2), nn.ConvTranspose2d(width, 1, 2, 2)

    def encode(self, x):
        return self.encoder(x).relu()

    def decode(self, encoded, adjust=None):
        return self.decoder(encoded if adjust is None else adjust(1, encoded))

    def forward(self, x):
        return self.decode(self.encode(x))


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(NETWORKS, "tiny", Row(Tiny, {"width": 8}, "none: of this test", "reflect-16"))


def test_a_file_of_it_is_read_as_it_was_written(tmp_path):
    network = build("tiny", width=3).eval()
    save_network(tmp_path / "tiny.safetensors", network, header_of(network))
    read = load_network(tmp_path / "tiny.safetensors")
    assert (read.header.network, read.header.arguments, read.header.preparation) == ("tiny", {"width": 3}, "reflect-16")
    x = torch.rand(1, 4, 6, 8)
    torch.testing.assert_close(read(x), network(x))


def test_commands_list_it_and_predict_with_it(tmp_path):
    runner, network = CliRunner(), build("tiny")
    save_network(tmp_path / "tiny.safetensors", network, header_of(network))
    assert runner.invoke(app, ["models", "tiny"]).stdout.splitlines()[-1] == "arguments for --set: width=8"
    image, trimap = np.random.default_rng(0).random((13, 17, 3), np.float32), np.full((13, 17), 0.5, np.float32)
    trimap[:3], trimap[-3:] = 0, 1
    io.write_image(tmp_path / "a.png", image)
    io.write_image(tmp_path / "t.png", trimap)
    picture, given, model, out = (str(tmp_path / name) for name in ("a.png", "t.png", "tiny.safetensors", "o.png"))
    run = runner.invoke(app, ["predict", picture, given, "-m", model, "-o", out])
    assert run.exit_code == 0, run.output
    alpha = io.read_alpha(tmp_path / "o.png").pixels
    assert alpha.shape == (13, 17) and (alpha[:3] == 0).all() and (alpha[-3:] == 1).all()
