"""Whole-image forward of the networks: copies for inference against the same network, layer by layer in float32.

    python tests/benchmarks/bench_networks.py [NAME ...] [--size 1088x1920] [--rounds 3] [--threads 2]

Every measurement is a process of its own, whose peak memory is its own; variants take turns, medians are shown. The
plain network is run as it is built, in eval mode under no_grad. Processor time is shown beside the wall's: on a machine
that others use too, its ratio is the steadier one. Weights are random, seeded, with norms that do something.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

NAMES = ["indexnet", "a2u", "lsa"]
VARIANTS = ["plain", "lean", "lean-bfloat16"]


def prepared(name, variant, size):
    """The network and its input."""
    import torch

    from mattekit.networks import build
    from mattekit.networks.inference_copy import inference_copy

    torch.manual_seed(0)
    network = build(name).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.8, 1.4)
            module.bias.data.normal_(0.2, 0.2)
    x = torch.randn(1, 4, *size)
    if variant == "plain":
        return network, x
    dtype = torch.bfloat16 if variant.endswith("bfloat16") else torch.float32
    return inference_copy(network).to(dtype), x.to(dtype)


def measure(name, variant, size, threads):
    """Wall and processor seconds of one forward after a small one, and the process's peak memory in MB."""
    import torch

    torch.set_num_threads(threads)
    network, x = prepared(name, variant, size)
    with torch.no_grad():
        network(x[..., :128, :128])
        start = time.perf_counter(), time.process_time()
        network(x)
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    return {"wall": wall, "cpu": cpu, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def difference(name, size, threads):
    """Largest difference from the plain network's alpha, in 1/255; raw outputs are stretched to fill 0..1 first."""
    import torch

    torch.set_num_threads(threads)
    alphas = {}
    for variant in VARIANTS:
        network, x = prepared(name, variant, size)
        with torch.no_grad():
            alphas[variant] = network(x).float()
    low, high = alphas["plain"].flatten()[::97].quantile(torch.tensor([0.01, 0.99]))
    alphas = {variant: ((raw - low) / (high - low)).clip(0, 1) for variant, raw in alphas.items()}
    return {v: float(255 * (alphas[v] - alphas["plain"]).abs().max()) for v in VARIANTS}


def child(*task):
    """Run a function of this file in a process of its own."""
    # Waiting threads sleep, so that processor time is work.
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
    command = [sys.executable, __file__, "--task", json.dumps(task)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--size", default="1088x1920")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        function, *arguments = json.loads(options.task)
        print(json.dumps({"measure": measure, "difference": difference}[function](*arguments)))
        return
    size = [int(side) for side in options.size.split("x")]
    print(f"{options.size}, {options.threads} threads, median of {options.rounds}")
    for name in options.names:
        runs = {variant: [] for variant in VARIANTS}
        for _ in range(options.rounds):
            for variant, results in runs.items():
                results.append(child("measure", name, variant, size, options.threads))
        apart = child("difference", name, size, options.threads)
        medians = {v: {k: statistics.median(r[k] for r in rs) for k in rs[0]} for v, rs in runs.items()}
        for variant, found in medians.items():
            ratios = {key: medians["plain"][key] / found[key] for key in found}
            print(
                f"{name:9} {variant:14} wall {found['wall']:6.2f} s ({ratios['wall']:4.2f}x)"
                f"  processor {found['cpu']:6.2f} s ({ratios['cpu']:4.2f}x)"
                f"  peak {found['peak']:5.0f} MB ({1 / ratios['peak']:4.2f})  difference {apart[variant]:.3f}/255",
                flush=True,
            )


if __name__ == "__main__":
    main()
