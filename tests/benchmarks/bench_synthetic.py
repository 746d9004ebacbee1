"""How many synthetic foregrounds of 512 x 512 a core draws in a second, by kind, and backgrounds.

Usage: python tests/benchmarks/bench_synthetic.py [--size 512] [--count 12] [--repeats 3]

Kinds are interleaved; the rate is that of processor time in one thread, as in a worker of a loader. "As drawn" weighs
the kinds by how often they are drawn. Then the same strands are painted by OpenCV, every segment a filled polygon of
one colour at three times the resolution, without soft edges, and averaged: the plain way to do what `paint` does.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np

from mattekit.synthetic import KINDS, background, foreground, strands
from mattekit.synthetic.foregrounds import SHARES
from mattekit.synthetic.strands import Strands


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    size = (options.size, options.size)
    foreground(np.random.default_rng(0), (64, 64), "hair")  # compiles
    seconds: dict[str, list[float]] = {name: [] for name in (*KINDS, "background")}
    for seed in range(options.count):
        for name, times in seconds.items():
            times.append(clock(draw, name, seed, size))
    for name, times in seconds.items():
        print(f"{name:10} {1 / statistics.mean(times):6.1f} /s and core, slowest {1000 * max(times):.0f} ms")
    mean = sum(share * statistics.mean(seconds[kind]) for kind, share in SHARES.items()) / sum(SHARES.values())
    print(f"{'as drawn':10} {1 / mean:6.1f} /s and core (wanted 15)")
    compare(size, options.repeats)


def compare(size: tuple[int, int], repeats: int) -> None:
    rng = np.random.default_rng(0)
    roots = rng.uniform(0, 1, (2000, 2)) * size
    points = strands.grow(rng, roots, rng.uniform(0, 6.3, 2000), np.full(2000, size[0] / 3), joints=12, wave=0.3)
    colour = strands.shade_strands(rng, points, rng.uniform(0, 1, (2000, 3)))
    hairs = Strands(points, strands.taper(rng.uniform(0.7, 3, 2000), 12), colour, np.ones(2000))
    times: dict[str, list[float]] = {"paint": [], "plain": []}
    for _ in range(repeats):
        times["paint"].append(clock(strands.paint, hairs, size))
        times["plain"].append(clock(plain, hairs, size))
    paint, reference = (statistics.median(times[name]) for name in ("paint", "plain"))
    error = np.abs(strands.paint(hairs, size)[..., 3] - plain(hairs, size)[..., 3]).mean()
    text = f"2000 strands: {1000 * paint:.0f} ms, {reference / paint:.2f} x as fast as filled polygons"
    print(f"{text} ({1000 * reference:.0f} ms); mean difference of alpha {error:.4f}")


def plain(hairs: Strands, size: tuple[int, int], scale: int = 3) -> np.ndarray:
    canvas = np.zeros((size[0] * scale, size[1] * scale, 4), np.float32)
    for points, radius, colour in zip(hairs.points * scale, hairs.radius * scale, hairs.colour, strict=True):
        along = np.gradient(points, axis=0)
        across = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.linalg.norm(along, axis=1), 1e-6)[:, None]
        inner = np.maximum(radius - 0.5, 0)[:, None]  # OpenCV fills every pixel that the outline touches
        left, right = points + across * inner, points - across * inner
        for j in range(len(points) - 1):
            corners = np.stack([left[j], left[j + 1], right[j + 1], right[j]]) - 0.5
            fixed = np.rint(corners * 16).astype(np.int32)
            cv2.fillConvexPoly(canvas, fixed, (*colour[j].tolist(), 1.0), cv2.LINE_8, 4)
    return cv2.resize(canvas, size[::-1], interpolation=cv2.INTER_AREA)


def draw(name: str, seed: int, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    background(rng, size) if name == "background" else foreground(rng, size, name)


def clock(work: Callable, *arguments: object) -> float:
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


if __name__ == "__main__":
    main()
