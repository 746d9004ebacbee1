"""How much half the digits change 8-bit alphas, and how much faster they are, for each of the authors' networks.

    python tests/benchmarks/bench_precision.py [--precision bf16] [--reduce 2] [NAME ...]

Needs the reference weights (MATTEKIT_SHARED). Images are reduced by a factor, as float16 is slow on most CPUs. The
first column is what `mattekit.networks.base.Row.rounding` has.
"""

import argparse
import statistics
import time

import cv2
import numpy as np
import reference_networks
import torch

from mattekit.imaging import io
from mattekit.inference.device import PRECISIONS
from mattekit.inference.network import network_input
from mattekit.inference.preparation import preparation
from mattekit.networks.inference_copy import inference_copy
from mattekit.networks.safetensors_file import load_network


def pictures(factor: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Images and trimaps, reduced."""
    pairs = []
    for image, trimap in reference_networks.images():
        image, trimap = io.read_image(image).pixels, io.read_trimap(trimap)
        size = trimap.shape[1] // factor, trimap.shape[0] // factor
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        pairs.append((image, cv2.resize(trimap, size, interpolation=cv2.INTER_NEAREST)))
    return pairs


def measure(name: str, precision: str, pairs: list) -> dict[str, list[float]]:
    """Of every picture: mean changes over unknown and over all pixels, in 1/255; time of fp32 over the other's."""
    network = load_network(reference_networks.file_of(name))
    rule = preparation(network.header.preparation)
    copies = [
        (inference_copy(network).to(dtype), dtype) for dtype in (torch.float32, getattr(torch, PRECISIONS[precision]))
    ]
    found: dict[str, list[float]] = {"unknown": [], "all": [], "ratio": []}
    for image, trimap in pairs:
        x, alphas, seconds = network_input(*rule.prepare(image, trimap)), [], []
        for copy, dtype in copies:
            with torch.inference_mode():
                start = time.perf_counter()
                y = copy.decode(copy.encode(x.to(dtype)))
                seconds.append(time.perf_counter() - start)
            alpha = rule.restore(y[0, 0].float().numpy(), trimap.shape).clip(0, 1)
            alphas.append(np.rint(255 * np.where(trimap == 0.5, alpha, trimap)))
        change = np.abs(alphas[1] - alphas[0])
        found["unknown"].append(change[trimap == 0.5].mean())
        found["all"].append(change.mean())
        found["ratio"].append(seconds[0] / seconds[1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=reference_networks.NAMES)
    parser.add_argument("--precision", default="bf16", choices=["bf16", "fp16"])
    parser.add_argument("--reduce", type=int, default=2)
    given = parser.parse_args()
    pairs = pictures(given.reduce)
    print(f"{given.precision} against fp32 on {len(pairs)} images reduced by {given.reduce}: mean change in 1/255")
    print(f"{'':28} largest of unknown   median   largest of all   times faster")
    for name in given.names:
        found = measure(name, given.precision, pairs)
        largest, median, all_ = max(found["unknown"]), statistics.median(found["unknown"]), max(found["all"])
        print(
            f"{name:28} {largest:18.3f} {median:8.3f} {all_:16.3f} {statistics.median(found['ratio']):14.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
