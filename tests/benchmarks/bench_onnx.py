"""Export networks, then time onnxruntime against PyTorch on one picture: seconds, ratio, largest difference.

python tests/benchmarks/bench_onnx.py [NAME ...] [--size 512] [--repeats 3]

Weights are random; networks of every family are taken if none is named, and those that cannot be exported say why.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from mattekit.errors import MattekitError
from mattekit.inference import onnx_export
from mattekit.inference.network import network_predictor
from mattekit.models.onnx import OnnxModel
from mattekit.networks import build
from mattekit.networks.safetensors_file import header_of

FAMILIES = (
    *("indexnet", "indexnet-b1", "indexnet-b2", "indexnet-b11", "indexnet-hmi", "indexnet-o2o-nonlinear-context"),
    *("a2u", "a2u-unshare", "a2u-hybrid-cw", "a2u-static-pw-cw", "a2u-carafe", "a2u-indexnet", "a2u-bilinear"),
    *("dim", "lsa"),
)


def measure(name: str, folder: Path, size: int, repeats: int) -> str:
    """One line of the table."""
    torch.manual_seed(0)
    network = build(name).eval()
    header = header_of(network)
    start = time.perf_counter()
    compared = onnx_export.export(folder / "n.onnx", network, header)
    recorded = time.perf_counter() - start
    random = np.random.default_rng(0)
    image, trimap = random.random((size, size, 3), np.float32), np.full((size, size), 0.5, np.float32)
    methods = [network_predictor(network, header.preparation), OnnxModel(folder / "n.onnx", device="cpu").alpha]
    seconds = [[], []]
    for _ in range(repeats + 1):
        for method, spent in zip(methods, seconds, strict=True):
            start = time.perf_counter()
            method(image, trimap)
            spent.append(time.perf_counter() - start)
    ours, theirs = (statistics.median(spent[1:]) for spent in seconds)
    difference = max(c.difference for c in compared)
    return f"{name:<32} {recorded:7.1f} {ours:9.2f} {theirs:9.2f} {theirs / ours:7.2f} {difference:11.1e}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=FAMILIES)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    print(f"{given.size}x{given.size}, {torch.get_num_threads()} threads, seconds")
    print(f"{'network':<32} {'export':>7} {'PyTorch':>9} {'ONNX':>9} {'ratio':>7} {'difference':>11}")
    for name in given.names:
        with tempfile.TemporaryDirectory() as folder:
            try:
                print(measure(name, Path(folder), given.size, given.repeats), flush=True)
            except MattekitError as error:
                print(f"{name:<32} {error}", flush=True)


if __name__ == "__main__":
    main()
