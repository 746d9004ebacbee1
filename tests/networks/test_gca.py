"""GCA: its attention by the paper's definition, its size, its authors' files, and tiles."""

import numpy as np
import pytest
import torch
from torch import nn

from mattekit.errors import WeightsError
from mattekit.inference.network import network_predictor
from mattekit.networks import build
from mattekit.networks.convert import convert
from mattekit.networks.guided_attention import GuidedContextualAttention
from mattekit.networks.spectral import Spectral
from mattekit.networks.summary import count_macs, count_parameters
from mattekit.networks.trimap_planes import one_hot


def naive(attention, y, image, unknown):
    """The attention of one image, patch by patch: similarity of 3x3 patches, weights, means of 4x4 patches."""
    guidance, (_, channels, height, width) = attention.guidance(image)[..., ::2, ::2], y.shape
    rows, columns = height // 2, width // 2

    def reflected(i, length):
        return -i if i < 0 else 2 * (length - 1) - i if i >= length else i

    def patch(x, top, left, size):
        each = [
            x[0, :, reflected(top + a, x.shape[2]), reflected(left + b, x.shape[3])]
            for a in range(size)
            for b in range(size)
        ]
        return torch.stack(each, 1)

    places = [(r, c) for r in range(rows) for c in range(columns)]
    half = unknown[..., ::2, ::2]
    looks = [patch(guidance, r - 1, c - 1, 3) for r, c in places]
    near = [bool(patch(half, r - 1, c - 1, 3).any()) for r, c in places]
    share = half.mean().item()
    weight = {True: (share / (1 - share)) ** 0.5, False: ((1 - share) / share) ** 0.5}
    out = torch.zeros(channels, height + 2, width + 2, dtype=y.dtype)
    for i, (r, c) in enumerate(places):
        scores = torch.stack(
            [
                (looks[i] * look).sum() / look.norm() * weight[near[j]] - (1e4 if i == j and near[j] else 0)
                for j, look in enumerate(looks)
            ]
        )
        mean = sum(s * patch(y, 2 * a - 1, 2 * b - 1, 4) for s, (a, b) in zip(scores.softmax(0), places, strict=True))
        out[:, 2 * r : 2 * r + 4, 2 * c : 2 * c + 4] += mean.view(channels, 4, 4) / 4
    return attention.norm(attention.project(out[None, :, 1:-1, 1:-1])) + y


@pytest.fixture
def attention():
    torch.manual_seed(0)
    made = GuidedContextualAttention(8).double().eval()
    made.norm.running_var.fill_(0.05)
    return made


def features(height, width):
    generator = torch.Generator().manual_seed(1)
    y, image = (torch.randn(1, 8, height, width, dtype=torch.float64, generator=generator) for _ in range(2))
    unknown = torch.zeros(1, 1, height, width, dtype=torch.float64)
    unknown[..., : width // 2] = 1
    unknown[..., 0, :2] = 0
    return y, 3 * image, unknown


def test_attention_is_that_of_the_paper(attention):
    parts = features(8, 12)
    torch.testing.assert_close(attention(*parts), naive(attention, *parts), rtol=0, atol=1e-10)


def test_attention_in_blocks_and_in_batches_is_attention(attention, monkeypatch):
    parts, others = features(8, 12), [x.flip(3) for x in features(8, 12)]
    whole = attention(*parts)
    both = attention(*(torch.cat(pair) for pair in zip(parts, others, strict=True)))
    monkeypatch.setattr("mattekit.networks.guided_attention.BLOCK", 1)
    with torch.no_grad():
        torch.testing.assert_close(attention(*parts), whole, rtol=0, atol=1e-12)
    torch.testing.assert_close(both[:1], whole, rtol=0, atol=1e-12)
    torch.testing.assert_close(both[1:], attention(*others), rtol=0, atol=1e-12)


@pytest.mark.parametrize("known", [0.0, 1.0])
def test_attention_without_known_or_without_unknown_patches_is_finite(attention, known):
    y, image, unknown = features(4, 6)
    assert attention(y, image, torch.full_like(unknown, known)).isfinite().all()


def test_the_trimap_becomes_three_planes():
    values = torch.tensor([0.0, 84 / 255, 128 / 255, 169 / 255, 170 / 255, 1.0]).view(1, 1, 1, -1)
    assert one_hot(values)[0, :, 0].tolist() == [[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]]


@pytest.fixture(scope="module")
def network():
    """GCA with norms that know such images, none of whose blocks and attentions is idle."""
    torch.manual_seed(0)
    made = build("gca")
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
            nn.init.uniform_(module.weight, 0.5, 1.0)
    with torch.no_grad():
        made.train()(torch.rand(2, 4, 64, 64))
    return made.eval()


def test_size_is_the_published_one(network):
    """25.27 M (A2U, Table 5), which counts the vectors u and v, as the authors' code has them among the parameters."""
    vectors = sum(x.numel() for m in network.modules() if isinstance(m, Spectral) for x in (m.u, m.v))
    assert count_parameters(network) == 25_164_529
    assert f"{(count_parameters(network) + vectors) / 1e6:.2f}" == "25.27"


def test_products_of_attention_are_counted():
    """For 224x224: 14x14 patches, likeness of 9 x 64 numbers and means of 16 x 128, at two places."""
    with torch.device("meta"):
        made = build("gca").eval()
        both = count_macs(made)
        made.attention = Idle()
        other = count_macs(made)
    assert both - other == 196**2 * (576 + 2048) + 28**2 * (128 * 64 + 128**2)


class Idle(nn.Module):
    def forward(self, y, image, unknown):
        return y


def released(network):
    """The network's weights under the names of the authors' checkpoint, written out from their modules' definitions."""
    theirs = {}

    def copy(name, module, kind):
        if kind == "spectral":
            names = {"weight": "module.weight_bar", "u": "module.weight_u", "v": "module.weight_v"}
        else:
            names = {key: key for key in module.state_dict()}
        theirs.update({f"module.{name}.{names[key]}": value for key, value in module.state_dict().items()})

    def layer(conv, norm, ours):
        copy(conv, ours.conv, "spectral")
        copy(norm, ours.norm, "norm")

    def block(name, ours, resized):
        layer(f"{name}.conv1", f"{name}.bn1", ours.conv1)
        layer(f"{name}.conv2", f"{name}.bn2", ours.conv2)
        if not isinstance(ours.shortcut, nn.Identity):
            layer(f"{name}.{resized}.1", f"{name}.{resized}.2", ours.shortcut)

    encoder, decoder = network.encoder, network.decoder
    for i, ours in enumerate(encoder.backbone.stem, 1):
        layer(f"encoder.conv{i}", f"encoder.bn{i}", ours)
    for name, stage in zip(["layer1", "layer2", "layer3", "layer_bottleneck"], encoder.backbone.layers, strict=True):
        for i, ours in enumerate(stage):
            block(f"encoder.{name}.{i}", ours, "downsample")
    for i, (one, two) in enumerate(encoder.shortcuts):
        layer(f"encoder.shortcut.{i}.0", f"encoder.shortcut.{i}.2", one)
        layer(f"encoder.shortcut.{i}.3", f"encoder.shortcut.{i}.5", two)
    for i, ours in enumerate(encoder.guidance):
        layer(f"encoder.guidance_head.{4 * i + 1}", f"encoder.guidance_head.{4 * i + 3}", ours)
    for name, ours in (("encoder", encoder.attention), ("decoder", network.attention)):
        for theirs_name, part in (("guidance_conv", "guidance"), ("W.0", "project"), ("W.1", "norm")):
            copy(f"{name}.gca.{theirs_name}", getattr(ours, part), "plain")
    for i, stage in enumerate(decoder.stages, 1):
        for j, ours in enumerate(stage):
            block(f"decoder.layer{i}.{j}", ours, "upsample")
    layer("decoder.conv1", "decoder.bn1", decoder.up)
    copy("decoder.conv2", network.head, "plain")
    return theirs


def test_the_authors_checkpoint_is_read(network, tmp_path):
    state = released(network)
    assert state["module.encoder.layer2.0.conv1.module.weight_bar"].shape == (128, 64, 3, 3)
    assert state["module.encoder.guidance_head.9.module.weight_u"].shape == (128,)
    assert state["module.decoder.layer1.0.conv1.module.weight_v"].shape == (512 * 16,)
    assert state["module.decoder.conv2.bias"].shape == (1,)
    torch.save({"state_dict": state, "iter": 200_000}, tmp_path / "gca-dist.pth")
    read, header = convert(tmp_path / "gca-dist.pth")
    assert header.network == "gca" and header.preparation == "reflect-32" and header.origin.startswith("GCA, released")
    x = torch.rand(1, 4, 64, 96)
    with torch.no_grad():
        assert read(x).equal(network(x))
    del state["module.encoder.gca.W.0.weight"]
    torch.save({"state_dict": state}, tmp_path / "gca-dist.pth")
    with pytest.raises(WeightsError, match=r"1 of the network's .* encoder.attention.project.weight"):
        convert(tmp_path / "gca-dist.pth")


def test_tiles_give_the_alpha_of_the_whole_image(network):
    """With the default overlap the whole image's attention and deep maps leave next to nothing to see elsewhere."""
    random = np.random.default_rng(0)
    image = np.kron(random.random((2, 20, 3), np.float32), np.ones((32, 32, 1), np.float32))
    trimap = np.full((64, 640), 0.5, np.float32)
    trimap[:, :64], trimap[:, -64:] = 0, 1
    unknown = trimap == 0.5
    unknown[:, :260] = unknown[:, 400:] = False
    trimap[~unknown & (trimap == 0.5)] = 1
    whole = network_predictor(network, "reflect-32", tile="off")(image, trimap)
    tiled = network_predictor(network, "reflect-32", tile=384)(image, trimap)
    assert whole[unknown].std() > 0.01
    assert np.abs(tiled - whole)[unknown].max() < 1 / 255
    assert np.abs(tiled - whole)[unknown].mean() < 0.1 / 255
