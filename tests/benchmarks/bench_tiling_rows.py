"""Every matting network in tiles against the whole image, with calibrated random weights, and the default's own.

python tests/benchmarks/bench_tiling_rows.py [-n all] [-i GT05] [-t 384,512,768] [--size 999x733]

Weights are He-normal, the norms know the statistics of four photographs, and raw alphas are shifted and scaled to 0.5
and 0.2 over the unknown pixels, where clipping hides little. Differences are over the unknown pixels, of 255; margin is
what `tiling.tiles.needed_margin` asks for, half of the overlap.
"""

import argparse
import os
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from mattekit.baselines.priors import PRIORS
from mattekit.imaging import io
from mattekit.inference.network import network_input
from mattekit.inference.preparation import preparation
from mattekit.networks import NETWORKS, build
from mattekit.networks.header import header_of
from mattekit.networks.inference_copy import inference_copy
from mattekit.networks.packaged import packaged
from mattekit.networks.safetensors_file import load_network
from mattekit.tiling.runner import Tiling
from mattekit.tiling.tiles import needed_margin

DATA = Path(os.environ.get("MATTEKIT_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data/alphamatting-dev"


def scene(image: str, size: tuple[int, int], rule: str, network: nn.Module) -> tuple[torch.Tensor, np.ndarray]:
    """Return the network's input for a photograph at a size (width, height), and the unknown pixels."""
    pixels = cv2.resize(io.read_image(DATA / f"image/{image}.png").pixels, size, interpolation=cv2.INTER_AREA)
    trimap = cv2.resize(io.read_trimap(DATA / f"trimap1/{image}.png"), size, interpolation=cv2.INTER_NEAREST)
    parts = preparation(rule).prepare(pixels.clip(0, 1), trimap)
    estimates = PRIORS[network.prior].estimate(*parts) if network.prior else None
    return network_input(*parts, estimates=estimates), parts[1] == 0.5


def calibrated(name: str) -> tuple[nn.Module, str]:
    """Return a network with random weights, and its preparation."""
    torch.manual_seed(0)
    network = build(name)
    rule = header_of(network).preparation
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    batch = torch.cat([scene(f"GT0{i}", (320, 256), rule, network)[0] for i in (1, 2, 3, 4)])
    with torch.no_grad():
        network.train()(batch)
    return network.eval(), rule


def measure(name: str, image: str, size: tuple[int, int], tiles: list[int]) -> None:
    """Print one line for each tile size."""
    network, rule = calibrated(name) if name in NETWORKS else (load_network(packaged()[name]), "reflect-32")
    x, unknown = scene(image, size, rule, network)
    network = inference_copy(network)
    margin = needed_margin(network, x[..., : 2 * network.stride, : 2 * network.stride])

    def window(rows: slice, columns: slice) -> torch.Tensor:
        return x[:, :, rows, columns]

    start = time.perf_counter()
    whole = Tiling(network, "cpu", tile="off")(window, unknown)[unknown]
    seconds = time.perf_counter() - start
    shift, scale = (whole.mean(), whole.std() / 0.2) if name in NETWORKS else (0.5, 1)
    for tile in tiles:
        start = time.perf_counter()
        tiled = Tiling(network, "cpu", tile=tile)(window, unknown)[unknown]
        longer = (time.perf_counter() - start) / seconds
        error = 255 * np.abs(np.subtract(*(((y - shift) / scale + 0.5).clip(0, 1) for y in (tiled, whole))))
        print(f"{name:32} margin {margin:3} tiles of {tile:4}: {error.mean():8.4f} {error.max():7.2f} {longer:5.1f}x")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", default="all")
    parser.add_argument("-i", default="GT05")
    parser.add_argument("-t", default="384,512,768")
    parser.add_argument("--size", default="999x733")
    chosen = parser.parse_args()
    every = ["default", *(name for name, row in NETWORKS.items() if row.task == "matting")]
    print("network; mean and largest difference of 255; time")
    for name in every if chosen.n == "all" else chosen.n.split(","):
        size = tuple(map(int, chosen.size.split("x")))
        measure(name, chosen.i, size, list(map(int, chosen.t.split(","))))


if __name__ == "__main__":
    main()
