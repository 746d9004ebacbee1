"""Cost of networks at 1920x1080 with random weights: multiply-accumulates, memory, and processor time.

    python tests/benchmarks/bench_models.py default,indexnet,vitmatte-small

Each network runs once in a process of its own, on the whole picture, after a small one has warmed it up. The processor
time of all threads is added up, which other programs disturb less than the clock; memory is what the process took more
at its peak than with the network loaded.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from mattekit.inference.network import network_predictor
from mattekit.networks import build, find
from mattekit.networks.packaged import DEFAULT, packaged
from mattekit.networks.safetensors_file import load_network
from mattekit.networks.summary import GIGA, build_without_memory, count_macs, count_parameters

SIZE = (1080, 1920)
PADDED = (1088, 1920)


class Attention(TorchFunctionMode):
    """Counts the multiply-accumulates of attention: scores and weighted values."""

    total = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is F.scaled_dot_product_attention:
            query, key, value = args[:3]
            self.total += query.numel() * key.shape[-2] + query[..., 0].numel() * value.shape[-2] * value.shape[-1]
        return function(*args, **(kwargs or {}))


def scene(size):
    """Noise, and a trimap whose middle third is unknown."""
    image, trimap = np.random.default_rng(0).random((*size, 3), np.float32), np.zeros(size, np.float32)
    trimap[:, size[1] // 3 :], trimap[:, 2 * size[1] // 3 :] = 0.5, 1
    return image, trimap


def cost(name):
    """Return what one network takes."""
    row = find("mixing" if name == DEFAULT else name)
    empty = build_without_memory("mixing" if name == DEFAULT else name)
    with Attention() as attention:
        layers = count_macs(empty, PADDED, row.input.channels)
    torch.manual_seed(0)
    network = load_network(packaged()[name]) if name == DEFAULT else build(name).eval()
    predictor = network_predictor(network, row.preparation.format(stride=network.stride), tile="off")
    predictor(*scene((128, 128)))
    before, start, clock = peak(), time.process_time(), time.perf_counter()
    predictor(*scene(SIZE))
    return {
        "name": name,
        "parameters": count_parameters(empty),
        "macs": round((layers + attention.total) / GIGA, 1),
        "gigabytes": round((peak() - before) / 1e9, 2),
        "processor": round(time.process_time() - start, 1),
        "clock": round(time.perf_counter() - clock, 1),
        "threads": torch.get_num_threads(),
    }


def peak():
    """Return the most bytes that the process has taken."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names")
    parser.add_argument("--here", action="store_true")
    chosen = parser.parse_args()
    if chosen.here:
        print(json.dumps(cost(chosen.names)))
    else:
        for each in chosen.names.split(","):
            subprocess.run([sys.executable, __file__, each, "--here"], check=True)
