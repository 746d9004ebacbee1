"""Tiles against whole images: how alphas differ, how much longer it takes, how much memory it takes.

python tests/benchmarks/bench_tiling.py [-n a2u,lsa,b11] [-i GT01,GT05] [-t 512x256,1024x256] [--enlarge 3]

Networks have the reference weights of the tests' oracle, which are random: their raw alphas leave 0..1 for the most
part, so that differences are also given of raw alphas, in percent of their standard deviation. `--enlarge 3` has nine
times as many pixels. Memory is the most that tensors need at once, without inputs.
"""

import argparse
import os
import time
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import torch
from torch import nn

from mattekit.imaging import io
from mattekit.inference.network import network_input
from mattekit.inference.preparation import preparation
from mattekit.networks import build
from mattekit.networks.inference_copy import inference_copy
from mattekit.networks.released import a2u, indexnet, lsa
from mattekit.tiling import memory
from mattekit.tiling.runner import Tiling

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("MATTEKIT_SHARED", ROOT.parent / "shared"))
NETWORKS = {  # reference file, what reads its names, how images are prepared
    "a2u": ("a2u_dynamic_cs_d_gn", a2u, "reflect-16"),
    "indexnet": ("indexnet_m2o_nl_c", indexnet, "resize-32"),
    "lsa": ("lsa_resnet50d", lsa, "lsa-ring"),
    "deeplab": ("indexnet_b1_deeplab", indexnet, "resize-16+1"),
    "refinenet": ("indexnet_b2_refinenet", indexnet, "resize-32+1"),
    "vgg16": ("indexnet_b3_dim_vgg16", indexnet, "resize-32"),
    "b11": ("indexnet_unet_b11", indexnet, "resize-32"),
    "holistic": ("indexnet_holistic_nl_c", indexnet, "resize-32"),
    "a2u-channels": ("a2u_dynamic_cw_d_gn_unshare", a2u, "reflect-16"),
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
        made = build(told[0], **told[1]) if isinstance(told, tuple) else build(name.partition("-")[0], **told)
    made.load_state_dict(released.rename(state), assign=True)
    return inference_copy(made.eval())


def scene(image: str, rule: str, scale: int) -> SimpleNamespace:
    """What `Tiling` takes of a picture of the real set."""
    folder = SHARED / "data/alphamatting-dev"
    pixels = io.read_image(folder / f"image/{image}.png").pixels
    trimap = io.read_trimap(folder / f"trimap1/{image}.png")
    if scale > 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC).clip(0, 1)
        trimap = cv2.resize(trimap, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    pixels, trimap = preparation(rule).prepare(pixels, trimap)
    return SimpleNamespace(
        window=lambda rows, columns: network_input(pixels[rows, columns], trimap[rows, columns]),
        unknown=trimap == 0.5,
    )


def measured(module: nn.Module, what: SimpleNamespace, **setting) -> tuple[np.ndarray, float, int]:
    """Raw alphas of unknown pixels, seconds, bytes."""
    run = Tiling(module, "cpu", **setting)
    start, found = time.perf_counter(), []
    peak = memory.peak_bytes(lambda: found.append(run(what.window, what.unknown)))
    return found[0][what.unknown], time.perf_counter() - start, peak


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", default=",".join(NETWORKS))
    parser.add_argument("-i", default="GT01,GT05")
    parser.add_argument("-t", default="512x256,640x256")
    parser.add_argument("--enlarge", type=int, default=1)
    chosen = parser.parse_args()
    print("network   image  tiles            mean difference  largest  of raw spread   time  memory")
    for name in chosen.n.split(","):
        module = network(name)
        for image in chosen.i.split(","):
            what = scene(image, NETWORKS[name][2], chosen.enlarge)
            whole, seconds, peak = measured(module, what, tile="off")
            inside = ((whole > 0) & (whole < 1)).mean()
            print(f"{name:9} {image:6} whole: {inside:.0%} of raw alphas within 0..1, {seconds:.1f} s, {peak >> 20} MB")
            for text in chosen.t.split(","):
                tile, overlap = map(int, text.split("x"))
                tiled, longer, less = measured(module, what, tile=tile, overlap=overlap)
                error = 255 * np.abs(tiled.clip(0, 1) - whole.clip(0, 1))
                print(
                    f"{name:9} {image:6} {text:15} {error.mean():8.3f} of 255 {error.max():8.1f} "
                    f"{np.abs(tiled - whole).mean() / whole.std():12.2%} {longer / seconds:7.1f}x {less / peak:6.2f}x",
                    flush=True,
                )


if __name__ == "__main__":
    main()
