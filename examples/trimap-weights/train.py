"""Train the network of the band that follows a picture, on what `samples.py` wrote: see README.md beside this file."""

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mattekit.trimap_sources.band_network import STEP

WIDTHS = 24, 32, 48, 64  # channels of a picture 2, 4, 8 and 16 times smaller
FULL = 12  # and of the picture itself
CROP, BATCH, RATE = 192, 6, 3e-3
CLASS, DISTANCE = -2, 17  # planes
MIXED = 2.0  # weight of mixed pixels
WARM = 0.1  # share of the time in which the rate rises


class BandNetwork(nn.Module):
    """From planes (N, C, H, W) to logits (N, 3, H, W) of background, mixed and foreground; sides of multiples of 16.

    Its convolutions are followed by batch normalisation, or have it in their weights, as in a file.
    """

    def __init__(self, planes: int, *, normalised: bool = True):
        super().__init__()
        layer = partial(convolution, normalised=normalised)
        self.first = layer(planes, WIDTHS[0], 2)
        pairs = list(zip(WIDTHS[:-1], WIDTHS[1:], strict=True))
        self.down = nn.ModuleList(nn.Sequential(layer(a, b, 2), layer(b, b)) for a, b in pairs)
        self.up = nn.ModuleList(layer(a + b, a) for a, b in reversed(pairs))
        self.twice = nn.Upsample(scale_factor=2, mode="nearest")
        self.seen = nn.Conv2d(planes, FULL, 1)
        self.from_half = nn.Conv2d(WIDTHS[0], FULL, 1)
        self.last = nn.Sequential(layer(2 * FULL, FULL), nn.Conv2d(FULL, 3, 1))

    def forward(self, planes: Tensor) -> Tensor:
        """Return the logits."""
        features = [self.first(planes)]
        for down in self.down:
            features.append(down(features[-1]))
        x = features.pop()
        for up in self.up:
            x = up(torch.cat([self.twice(x), features.pop()], 1))
        x = torch.cat([self.twice(self.from_half(x)), self.seen(planes)], 1)
        return self.last(x)


def convolution(inputs: int, outputs: int, stride: int = 1, *, normalised: bool) -> nn.Sequential:
    """Convolution of 3x3 pixels, batch normalisation if wanted, and ReLU."""
    normalisation = [nn.BatchNorm2d(outputs)] if normalised else []
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=not normalised), *normalisation, nn.ReLU(inplace=True)
    )


def read(path: Path, planes: int) -> BandNetwork:
    """Return the network of a file that `export` wrote, batch normalisation in its weights."""
    network = BandNetwork(planes, normalised=False)
    ran = []
    hooks = [each.register_forward_hook(lambda *call: ran.append(call[0]))
             for each in network.modules() if isinstance(each, nn.Conv2d)]  # fmt: skip
    network(torch.zeros(1, planes, STEP, STEP))
    graph = onnx.load(path).graph
    stored = {each.name: torch.from_numpy(onnx.numpy_helper.to_array(each).copy()) for each in graph.initializer}
    nodes = [node for node in graph.node if node.op_type == "Conv"]
    for node, each in zip(nodes, ran, strict=True):
        each.weight.data, each.bias.data = (stored[name] for name in node.input[1:])
    for hook in hooks:
        hook.remove()
    return network


def main() -> None:
    """Train for some minutes, and write the network with its probabilities as ONNX."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--start", type=Path, help="a network to go on with, at a tenth of the rate")
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    paths = sorted(given.samples.glob("*_*.npy"))
    planes = len(np.load(paths[0], mmap_mode="r")) - 2
    network = read(given.start, planes) if given.start else BandNetwork(planes)
    network, rate = network.to(memory_format=torch.channels_last), RATE / 10 if given.start else RATE
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2)
    mean, step, start = 0.0, 0, time.monotonic()
    while (passed := (time.monotonic() - start) / (60 * given.minutes)) < 1:
        if step % 50 == 0:
            paths = sorted(given.samples.glob("*_*.npy"))  # more may have come
            print(f"{step} steps, {passed:.0%}, {len(paths)} samples: {mean:.4f}", flush=True)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(passed / WARM, (1 + np.cos(np.pi * passed)) / 2 + 0.002)
        loss = loss_of(network, torch.from_numpy(np.stack([crop(paths, rng) for _ in range(BATCH)])))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        mean += (loss.item() - mean) / min(step, 100)
        if step % 500 == 0:
            export(network, given.output)
    export(network, given.output)


def crop(paths: list[Path], rng: np.random.Generator) -> np.ndarray:
    """Return a part (C + 2, CROP, CROP) uint8 of a sample around a judged pixel, turned and mirrored."""
    planes = np.load(paths[rng.integers(len(paths))], mmap_mode="r")
    rows, columns = np.nonzero(planes[DISTANCE] < 255)
    at = rng.integers(len(rows))
    corner = [int(np.clip(centre - CROP // 2 + rng.integers(-60, 61), 0, max(0, side - CROP)))
              for centre, side in zip((rows[at], columns[at]), planes.shape[1:], strict=True)]  # fmt: skip
    part = np.asarray(planes[:, corner[0] : corner[0] + CROP, corner[1] : corner[1] + CROP])
    missing = [(0, 0)] + [(0, CROP - side) for side in part.shape[1:]]
    part = np.pad(part, missing, mode="edge")
    part = np.rot90(part, rng.integers(4), (1, 2))[:, :, :: rng.choice((-1, 1))]
    return np.ascontiguousarray(part)


def loss_of(network: BandNetwork, batch: Tensor) -> Tensor:
    """Cross-entropy of the judged pixels, those that are mixed weighing more."""
    planes, classes = batch[:, :CLASS].float() / 255, batch[:, CLASS].long()
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(planes.to(memory_format=torch.channels_last)).float()
    weights = (batch[:, DISTANCE] < 255).float() * torch.where(classes == 1, MIXED, 1.0)
    return (cross_entropy(logits, classes, reduction="none") * weights).sum() / weights.sum()


def export(network: BandNetwork, path: Path) -> None:
    """Write the network, batch normalisation folded in, as ONNX for pictures of any size."""
    network.eval()
    planes = torch.zeros(1, network.seen.in_channels, 4 * STEP, 6 * STEP)
    torch.onnx.export(
        nn.Sequential(network, nn.Softmax(1)), (planes,), str(path), input_names=["planes"],
        output_names=["probabilities"], dynamic_axes={"planes": {2: "height", 3: "width"}}, dynamo=False,
    )  # fmt: skip
    network.train()


if __name__ == "__main__":
    main()
