"""A2U's reassembly against bilinear interpolation plus a 3x3 convolution, and against unfold, multiply and sum.

    python tests/benchmarks/bench_reassembly.py [--size 136 240] [--channels 64]

Two threads; every method runs in turn, several times over, and medians are compared. Peak memory is what a fresh
process adds to its resident size while it runs one method once.
"""

import argparse
import statistics
import subprocess
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from mattekit.operators import gather, spread


def unfolded_up(y, kernel):
    k = round(kernel.shape[2] ** 0.5)
    z = F.unfold(y, k, padding=k // 2).unflatten(2, y.shape[-2:])
    z = F.interpolate(z, scale_factor=2, mode="nearest").unflatten(1, (y.shape[1], -1))  # (N, C, K, 2h, 2w)
    return (z * kernel).sum(2)


def unfolded_down(x, kernel):
    k = round(kernel.shape[2] ** 0.5)
    z = F.unfold(x, k, padding=k // 2 - 1, stride=2)
    return (z.unflatten(2, kernel.shape[-2:]).unflatten(1, (x.shape[1], -1)) * kernel).sum(2)


def methods(direction, channels, h, w):
    """Name -> (function, its tensors); all give the same size, and all their tensors want gradients."""
    torch.manual_seed(0)
    low, high = torch.randn(1, channels, h, w), torch.randn(1, channels, 2 * h, 2 * w)
    conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
    if direction == "up":
        kernel = torch.randn(1, 1, 9, 2 * h, 2 * w).softmax(2)
        peer = lambda y: conv(F.interpolate(y, scale_factor=2, mode="bilinear"))  # noqa: E731
        ours, unfold, feature = spread, unfolded_up, low
    else:
        kernel = torch.randn(1, 1, 36, h, w).softmax(2)
        peer = lambda x: conv(F.interpolate(x, scale_factor=0.5, mode="bilinear"))  # noqa: E731
        ours, unfold, feature = gather, unfolded_down, high
    feature.requires_grad_()
    kernel.requires_grad_()
    return {
        "mattekit": (ours, (feature, kernel)),
        "interpolation + convolution": (peer, (feature,)),
        "unfold-multiply-sum": (unfold, (feature, kernel)),
    }


def run(function, tensors, backward):
    """Seconds of one pass."""
    start = time.perf_counter()
    if backward:
        function(*tensors).sum().backward()
    else:
        with torch.no_grad():
            function(*tensors)
    return time.perf_counter() - start


def peak(direction, name, backward, channels, h, w):
    """MB that one pass adds to a fresh process."""
    code = (
        "import runpy, torch; torch.set_num_threads(2);"
        f"m = runpy.run_path({__file__!r});"
        f"f, tensors = m['methods']({direction!r}, {channels}, {h}, {w})[{name!r}];"
        "before = m['highest']();"
        f"m['run'](f, tensors, {backward});"
        "print(m['highest']() - before)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return float(out)


def highest():
    """The most memory this process has held so far, in MB (Linux)."""
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=2, default=(136, 240), help="of the smaller map")
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    for direction in ("up", "down"):
        cases = methods(direction, arguments.channels, *arguments.size)
        for backward in (False, True):
            times = {name: [] for name in cases}
            for _ in range(arguments.repeats + 1):  # the first of each warms up
                for name, case in cases.items():
                    times[name].append(run(*case, backward))
            report(direction, backward, {name: values[1:] for name, values in times.items()}, arguments)


def report(direction, backward, times, arguments):
    median = {name: statistics.median(values) for name, values in times.items()}
    memory = {name: peak(direction, name, backward, arguments.channels, *arguments.size) for name in times}
    print(f"{direction}, {'forward and backward' if backward else 'forward'}:")
    for name in times:
        print(f"  {name:28} {1000 * median[name]:8.1f} ms {memory[name]:8.0f} MB")
    ours = median["mattekit"]
    print(f"  time over interpolation + convolution: {ours / median['interpolation + convolution']:.2f}")
    print(f"  times faster than unfold-multiply-sum: {median['unfold-multiply-sum'] / ours:.1f}")
    print(f"  memory over unfold-multiply-sum:       {memory['mattekit'] / memory['unfold-multiply-sum']:.2f}")


if __name__ == "__main__":
    main()
