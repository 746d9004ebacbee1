"""MatteFormer: its attention and refinement by their definitions, its size, its authors' files, and tiles."""

from copy import deepcopy

import cv2
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mattekit.inference.network import network_input
from mattekit.inference.preparation import preparation
from mattekit.networks import build
from mattekit.networks.convert import convert
from mattekit.networks.encoders.prior_swin import Doubling
from mattekit.networks.matteformer import ellipse, uncertain
from mattekit.networks.prior_attention import PriorBlock
from mattekit.networks.spectral import Spectral
from mattekit.networks.summary import count_parameters
from mattekit.tiling.runner import Tiling


def naive(block, x, regions, memory):
    """One image, token by token: each attends to those of its window and to the prior-tokens."""
    attention, shift = block.attention, block.shift
    height, width, channels = x.shape
    own = torch.stack([(region[..., None] * x).sum((0, 1)) / region.sum() for region in regions])
    priors = own if memory is None else torch.cat([memory, own])
    rows, columns = 7 * -(-height // 7), 7 * -(-width // 7)
    tokens = torch.zeros(rows, columns, channels, dtype=x.dtype)
    tokens[:height, :width] = block.norm1(x)
    q, k, v = (part.unflatten(-1, (attention.heads, -1)) for part in attention.qkv(tokens).chunk(3, -1))
    _, k_prior, v_prior = (
        part.unflatten(-1, (attention.heads, -1)) for part in attention.qkv(block.norm1(priors)).chunk(3, -1)
    )
    shifted = [(torch.arange(side) - shift) % side for side in (rows, columns)]
    part = [(place >= len(place) - 7).long() + (place >= len(place) - 3).long() for place in shifted]
    out = x.clone()
    for r in range(height):
        for c in range(width):
            row, column = (shifted[0] // 7 == shifted[0][r] // 7), (shifted[1] // 7 == shifted[1][c] // 7)
            grid = torch.nonzero(row[:, None] & column).tolist()
            scores = []
            for a, b in grid:
                down, right = shifted[0][r] - shifted[0][a], shifted[1][c] - shifted[1][b]
                score = (q[r, c] * k[a, b]).sum(1) / q.shape[-1] ** 0.5
                score = score + attention.bias_table[(down + 6) * 13 + right + 6]
                apart = shift and (part[0][r] != part[0][a] or part[1][c] != part[1][b])
                scores.append(score - 100 * bool(apart))
            for p in range(len(priors)):
                scores.append((q[r, c] * k_prior[p]).sum(1) / q.shape[-1] ** 0.5 + attention.bias_table[169 + p])
            weights = torch.stack(scores).softmax(0)
            values = torch.stack([*(v[a, b] for a, b in grid), *v_prior])
            out[r, c] += attention.project((weights[..., None] * values).sum(0).flatten())
    priors = priors + attention.project(v_prior.flatten(1))
    return out + block.mlp(block.norm2(out)), priors + block.mlp(block.norm2(priors))


@pytest.mark.parametrize("shifted", [False, True])
def test_blocks_are_those_of_the_paper(shifted):
    """9x8 tokens, which fill no windows; a memory of three prior-tokens of the block before."""
    torch.manual_seed(0)
    block = PriorBlock(8, 2, 2, shifted=shifted).double().eval()
    nn.init.normal_(block.attention.bias_table)
    x, memory = torch.randn(9, 8, 8, dtype=torch.float64), torch.randn(3, 8, dtype=torch.float64)
    regions = F.one_hot(torch.randint(3, (9, 8)), 3).movedim(2, 0).double()
    with torch.no_grad():
        found = block(x[None], regions[None], memory[None])
        wanted = naive(block, x, regions, memory)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one[0], other, rtol=0, atol=1e-10)


def test_training_drops_whole_images_and_keeps_the_mean():
    torch.manual_seed(0)
    block = PriorBlock(8, 2, 1, shifted=False, drop=0.25)
    kept = block._kept(torch.ones(4000, 2, 3))
    assert kept.unique().tolist() == [0, pytest.approx(4 / 3)]
    assert (kept.flatten(1).amax(1) == kept.flatten(1).amin(1)).all()
    assert kept.mean().item() == pytest.approx(1, abs=0.05)
    assert block.eval()._kept(kept) is kept


def test_doubling_maps_corners_to_corners():
    x = torch.arange(3.0).view(1, 1, 1, 3).expand(1, 4, 2, 3).contiguous()
    torch.testing.assert_close(Doubling()(x)[0, 0, 0], torch.linspace(0, 2, 6))


@pytest.mark.parametrize("width", [1, 4, 7, 15])
@pytest.mark.parametrize("size", [(64, 96), (700, 33)])
def test_uncertain_pixels_are_widened_as_by_opencv(width, size):
    random = np.random.default_rng(0)
    alpha = cv2.resize(random.random((5, 6), np.float32), size[::-1]) * 1.2 - 0.1
    alpha = np.where(np.abs(alpha - 0.5) < 0.47, np.round(alpha), alpha).clip(0, 1).astype(np.float32)
    rows, columns = (np.arange(640) * side // 640 for side in size)
    small = alpha[rows][:, columns]
    widened = ((small >= 1 / 255) & (small <= 254 / 255)).astype(np.uint8)
    widened = cv2.dilate(widened, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    rows, columns = (np.arange(side) * 640 // side for side in size)
    found = uncertain(torch.from_numpy(alpha)[None, None], ellipse(width))[0, 0].numpy()
    assert 0.01 < found.mean() < 0.99
    assert (found != widened[rows][:, columns].astype(bool)).mean() < 2e-3  # rounding of places


def test_pictures_get_a_border_of_reflections():
    random, rule = np.random.default_rng(0), preparation("border-32")
    image, trimap = random.random((40, 64, 3), np.float32), random.choice(np.float32([0, 0.5, 1]), (40, 64))
    prepared = rule.prepare(image, trimap)
    np.testing.assert_array_equal(prepared[0], np.pad(image, ((32, 56), (32, 32), (0, 0)), mode="reflect"))
    np.testing.assert_array_equal(prepared[1], np.pad(trimap, ((32, 56), (32, 32)), mode="reflect"))
    np.testing.assert_array_equal(rule.restore(prepared[1], trimap.shape), trimap)
    assert rule.size(trimap.shape) == prepared[1].shape
    np.testing.assert_array_equal(prepared[1][rule.window(trimap.shape)], trimap)


@torch.no_grad()
def calibrated(network, x):
    """Scale the heads so that alphas of such inputs spread, some of them certain, most not."""
    *shortcuts, deepest = network.encode(x)
    for level, y in network.decoder(deepest, shortcuts).items():
        if str(level) in network.heads:
            *_, last = head = network.heads[str(level)]
            y = head(y)
            scale = 1.5 / y.std()
            last.weight *= scale
            last.bias.copy_(scale * (last.bias - y.mean()))
    return network


@pytest.fixture(scope="module")
def network():
    """Norms know random images, and no block is idle."""
    torch.manual_seed(0)
    made = build("matteformer")
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
            nn.init.uniform_(module.weight, 0.5, 1.0)
    with torch.no_grad():
        made.train()(torch.rand(2, 4, 64, 64))
    return calibrated(made.eval(), torch.rand(1, 4, 64, 96))


SWIN_T = 28_288_354  # parameters (Liu et al., Table 1: 29M; the released model and torchvision's swin_t)


def test_size_is_that_of_swin_t_with_its_additions(network):
    """The text prints none. Without classifier and last norm; with three planes, four norms and biases of tokens."""
    encoder, widths, heads, depths = network.encoder, (96, 192, 384, 768), (3, 6, 12, 24), (2, 2, 6, 2)
    shortcuts = count_parameters(encoder.shortcuts)
    biases = sum(3 * n * sum(range(1, depth + 1)) for n, depth in zip(heads, depths, strict=True))
    added = 3 * 96 * 16 + 2 * sum(widths) + biases
    removed = 768 * 1000 + 1000 + 2 * 768
    assert count_parameters(encoder) - shortcuts == SWIN_T - removed + added
    vectors = sum(x.numel() for m in network.modules() if isinstance(m, Spectral) for x in (m.u, m.v))
    assert (count_parameters(network), count_parameters(network) + vectors) == (44_747_130, 44_813_136)


def released(network):
    """The network's weights under the names of the authors' checkpoint, written out from their modules' definitions."""
    theirs = {}

    def copy(name, module, renamed=None):
        for key, value in module.state_dict().items():
            theirs[f"module.{name}.{(renamed or {}).get(key, key)}"] = value

    def layer(conv, norm, ours):
        copy(conv, ours.conv, {"weight": "module.weight_bar", "u": "module.weight_u", "v": "module.weight_v"})
        copy(norm, ours.norm)

    encoder = network.encoder
    copy("encoder.patch_embed.proj", encoder.embed), copy("encoder.patch_embed.norm", encoder.norm)
    for i, stage in enumerate(encoder.stages):
        for j, block in enumerate(stage.blocks):
            name = f"encoder.layers.{i}.blocks.{j}"
            copy(f"{name}.norm1", block.norm1), copy(f"{name}.norm2", block.norm2)
            copy(f"{name}.attn.qkv", block.attention.qkv), copy(f"{name}.attn.proj", block.attention.project)
            theirs[f"module.{name}.attn.relative_position_bias_table"] = block.attention.bias_table.data
            theirs[f"module.{name}.attn.relative_position_index"] = block.attention.places
            copy(f"{name}.mlp.fc1", block.mlp[0]), copy(f"{name}.mlp.fc2", block.mlp[2])
        copy(f"encoder.norm{i}", encoder.norms[i])
        if i < 3:
            copy(f"encoder.layers.{i}.downsample", encoder.merges[i])
    for i, (one, two) in enumerate(encoder.shortcuts):
        layer(f"encoder.shortcut.{i}.0", f"encoder.shortcut.{i}.2", one)
        layer(f"encoder.shortcut.{i}.3", f"encoder.shortcut.{i}.5", two)
    for i, stage in enumerate(network.decoder.stages, 1):
        for j, block in enumerate(stage):
            name = f"decoder.layer{i}.{j}"
            layer(f"{name}.conv1", f"{name}.bn1", block.conv1), layer(f"{name}.conv2", f"{name}.bn2", block.conv2)
            if j == 0:
                layer(f"{name}.upsample.1", f"{name}.upsample.2", block.shortcut)
    layer("decoder.conv1", "decoder.bn1", network.decoder.up)
    for stride, level in ((1, "0"), (4, "2"), (8, "3")):
        conv_norm, last = network.heads[level]
        name = f"decoder.refine_OS{stride}"
        copy(f"{name}.0", conv_norm.conv), copy(f"{name}.1", conv_norm.norm), copy(f"{name}.3", last)
    return theirs


def test_the_authors_checkpoint_is_read(network, tmp_path):
    state = released(network)
    table = "module.encoder.layers.2.blocks.5.attn.relative_position_bias_table"
    assert state[table].shape == (169 + 3 * 6, 12)
    assert state["module.encoder.patch_embed.proj.weight"].shape == (96, 6, 4, 4)
    assert state["module.encoder.layers.1.downsample.reduction.weight"].shape == (384, 768)
    assert state["module.encoder.shortcut.5.0.module.weight_bar"].shape == (512, 768, 3, 3)
    assert state["module.decoder.refine_OS8.0.weight"].shape == (32, 128, 3, 3)
    torch.save({"state_dict": state, "iter": 1, "loss": {}}, tmp_path / "best_model.pth")
    read, header = convert(tmp_path / "best_model.pth")
    assert (header.network, header.preparation) == ("matteformer", "border-32")
    x = torch.rand(1, 4, 64, 96)
    with torch.no_grad():
        assert read(x).equal(network(x))


def test_finer_alphas_replace_uncertain_ones(network):
    x = torch.rand(1, 4, 64, 96)
    with torch.no_grad():
        encoded = network.encode(x)
        fine, middle, coarse = network.alphas(encoded)
        alpha, every = network.decode(encoded), network.train()(x)
    network.eval()
    where = uncertain(coarse, ellipse(15))
    second = torch.where(where, middle, coarse)
    assert alpha.equal(torch.where(uncertain(second, ellipse(7)), fine, second))
    assert every.shape == (1, 3, 64, 96)


def test_tiles_give_the_alpha_of_the_whole_image(network):
    """Nearly all that sees far is told of the whole image; the rest is less than a level of 8 bits."""
    random = np.random.default_rng(0)
    image = np.kron(random.random((2, 20, 3), np.float32), np.ones((32, 32, 1), np.float32))
    trimap = np.zeros((64, 640), np.float32)
    trimap[:, 400:], trimap[:, 260:400] = 1, 0.5
    x, unknown = network_input(image, trimap), trimap == 0.5
    fit = calibrated(deepcopy(network), x)
    whole, tiled = (
        Tiling(fit, "cpu", tile=tile)(lambda *window: x[:, :, *window], unknown)[unknown] for tile in ("off", 384)
    )
    assert whole.std() > 0.1
    assert np.abs(tiled - whole).mean() < 0.1 / 255 and np.quantile(np.abs(tiled - whole), 0.999) < 1 / 255
