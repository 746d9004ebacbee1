"""Tiles against whole images: how alphas differ, how much longer it takes, how much memory it takes.

python tests/benchmarks/bench_tiling.py [-n a2u,indexnet,lsa] [-i GT01,GT05] [-t 512x256,384x192]

Networks have the reference weights of the tests' oracle, which are random: their raw alphas leave 0..1 for the most
part, so that differences are also given of raw alphas, in percent of their standard deviation. The last row of each
network leaves out the passes that find what the whole image says, and takes averages of a small picture, as a CPU does
for images over 4 megapixels. Memory is the most that tensors need at once, without inputs.
"""

import argparse
import os
import time
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from mattekit.imaging import io
from mattekit.inference import memory
from mattekit.inference.network import network_input
from mattekit.inference.preparation import preparation
from mattekit.inference.tiling import Tiling
from mattekit.networks import build
from mattekit.networks.fold import inference_copy
from mattekit.networks.released import a2u, indexnet, lsa

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("MATTEKIT_SHARED", ROOT.parent / "shared"))
NETWORKS = {  # reference file, what reads its names, how images are prepared
    "a2u": ("a2u_dynamic_cs_d_gn", a2u, "reflect-16"),
    "indexnet": ("indexnet_m2o_nl_c", indexnet, "resize-32"),
    "lsa": ("lsa_resnet50d", lsa, "lsa-ring"),
}


def network(name: str) -> nn.Module:
    """With the reference weights."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("conftest", ROOT / "tests/conftest.py")
    conftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conftest)
    file, released, _ = NETWORKS[name]
    state = conftest.Oracle(SHARED / f"oracle/networks/{file}.npz").state
    told = released.configuration(state)
    with torch.device("meta"):
        made = build(told[0], **told[1]) if isinstance(told, tuple) else build(name, **told)
    made.load_state_dict(released.rename(state), assign=True)
    return inference_copy(made.eval())


def scene(image: str, rule: str) -> SimpleNamespace:
    """What `Tiling` takes of a picture of the real set."""
    folder = SHARED / "data/alphamatting-dev"
    pixels = io.read_image(folder / f"image/{image}.png").pixels
    pixels, trimap = preparation(rule).prepare(pixels, io.read_trimap(folder / f"trimap1/{image}.png"))

    def picture(size: tuple[int, int]) -> Tensor:
        small = cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA)
        return network_input(small, cv2.resize(trimap, size[::-1], interpolation=cv2.INTER_NEAREST))

    return SimpleNamespace(
        window=lambda rows, columns: network_input(pixels[rows, columns], trimap[rows, columns]),
        picture=picture,
        unknown=trimap == 0.5,
    )


def measured(module: nn.Module, what: SimpleNamespace, **setting) -> tuple[np.ndarray, float, int]:
    """Raw alphas of unknown pixels, seconds, bytes."""
    run = Tiling(module, "cpu", **setting)
    start, found = time.perf_counter(), []
    peak = memory.peak_bytes(lambda: found.append(run(what.window, what.picture, what.unknown)))
    return found[0][what.unknown], time.perf_counter() - start, peak


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", default="a2u,indexnet,lsa")
    parser.add_argument("-i", default="GT01,GT05")
    parser.add_argument("-t", default="512x256,384x192")
    chosen = parser.parse_args()
    print("network   image  tiles            mean difference  largest  of raw spread   time  memory")
    for name in chosen.n.split(","):
        module = network(name)
        for image in chosen.i.split(","):
            what = scene(image, NETWORKS[name][2])
            whole, seconds, peak = measured(module, what, tile="off")
            inside = ((whole > 0) & (whole < 1)).mean()
            print(f"{name:9} {image:6} whole: {inside:.0%} of raw alphas within 0..1, {seconds:.1f} s, {peak >> 20} MB")
            for text in [*chosen.t.split(","), f"{chosen.t.split(',')[0]} small"]:
                tile, overlap = map(int, text.split()[0].split("x"))
                limit = 0 if "small" in text else 1 << 30
                with mock.patch("mattekit.inference.tiling.SURVEYED", limit):
                    tiled, longer, less = measured(module, what, tile=tile, overlap=overlap)
                error = 255 * np.abs(tiled.clip(0, 1) - whole.clip(0, 1))
                print(
                    f"{name:9} {image:6} {text:15} {error.mean():8.3f} of 255 {error.max():8.1f} "
                    f"{np.abs(tiled - whole).mean() / whole.std():12.2%} {longer / seconds:7.1f}x {less / peak:6.2f}x",
                    flush=True,
                )


if __name__ == "__main__":
    main()
