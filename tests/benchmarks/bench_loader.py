"""How many samples a second the loader makes, beside a plain implementation of the same steps.

Usage: python tests/benchmarks/bench_loader.py [--recipe a2u|lsa|indexnet] [--samples N] [--repeats N] [--data DIR]

Foregrounds have 2 megapixels and are PNG files, as their alphas; backgrounds are JPEG files of 640 x 480. Both are
generated unless `--data` holds folders fg, alpha and bg. "plain" decodes every file anew, takes each step on whole
float pictures by OpenCV's own functions, and hands float32 batches over; it, too, runs in two workers. Samples per
processor time tell what two free cores would give on a machine that others use too. Repeats are interleaved.
"""

import argparse
import atexit
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
import torch
from plain_augmentation import PlainSamples

from mattekit.samples.augment import check_steps
from mattekit.samples.dataset import Samples
from mattekit.samples.loader import loader
from mattekit.samples.sources import open_sources
from mattekit.synthetic import background, foreground

SIZE = (1250, 1600)
WORKERS, BATCH = 2, 8
RECIPES = {
    "a2u": [
        ("merge", 0.5, {}),
        ("resize", 0.25, {"size": 640}),
        ("affine", 1, {}),
        ("flip", 0.5, {}),
        ("trimap", 1, {"rule": "a2u"}),
        ("background", 1, {"rule": "a2u"}),
        ("crop", 1, {"rule": "a2u", "size": 512, "interpolation": "nearest"}),
        ("hsv", 1, {}),
        ("compose", 1, {}),
    ],
    "lsa": [
        ("border", 1, {"size": 512}),
        ("background", 1, {"rule": "lsa"}),
        ("rotate", 0.5, {}),
        ("crop", 1, {"rule": "lsa", "size": 512}),
        ("flip", 0.5, {"of": "foreground"}),
        ("flip", 0.5, {"of": "background"}),
        ("gamma", 0.3, {}),
        ("fade", 0.3, {}),
        ("invert", 0.3, {}),
        ("permute", 0.3, {}),
        ("trimap", 1, {"rule": "lsa"}),
        ("compose", 1, {}),
    ],
    "indexnet": [
        ("background", 1, {}),
        ("trimap", 1, {}),
        ("compose", 1, {}),
        ("crop", 1, {"size": 512}),
        ("flip", 0.5, {}),
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", choices=RECIPES, default="a2u")
    parser.add_argument("--samples", type=int, default=160)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = options.data or Path(temporary) / "data"
        if options.data is None:
            prepare(root)
        measure(options, root, Path(temporary) / "cache")


def measure(options: argparse.Namespace, root: Path, cache: Path) -> None:
    ways = {
        "cached": ours(options.recipe, root, cache),
        "decoding": ours(options.recipe, root, None),
        "plain": plain(options.recipe, root),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(options.repeats):
        for name, batches in ways.items():
            found[name].append(timed(batches, options.samples))
    medians = {
        name: [statistics.median(column) for column in zip(*rates, strict=True)] for name, rates in found.items()
    }
    print(f"{options.recipe}: samples/s of 512 x 512 from 2 megapixels, {WORKERS} workers, median of {options.repeats}")
    for name, (clock, processor) in medians.items():
        runs = " ".join(f"{rate:.1f}" for rate, _ in found[name])
        ratio = medians["plain"][1] and processor / medians["plain"][1]
        print(f"{name:9} {clock:6.1f}/s ({runs}), {processor:6.1f} per 2 s of processor, {ratio:.1f}x plain")


def ours(recipe: str, root: Path, cache: Path | None) -> Callable[[], Iterator]:
    sources = open_sources([str(root)], backgrounds=[root / "bg"], cache=cache)
    samples = Samples(sources, check_steps(RECIPES[recipe]))
    return lambda: loader(samples, batch=BATCH, steps_per_epoch=1000, workers=WORKERS)


def plain(recipe: str, root: Path) -> Callable[[], Iterator]:
    samples = PlainSamples(root, recipe, 512)
    return lambda: iter(
        torch.utils.data.DataLoader(
            samples, batch_size=BATCH, num_workers=WORKERS, multiprocessing_context="spawn", worker_init_fn=one_thread
        )
    )


def one_thread(number: int) -> None:
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    atexit.register(os._exit, 0)  # as in `data.loader`


def timed(start: Callable[[], Iterator], samples: int) -> tuple[float, float]:
    """Samples a second by the clock, once the workers are warm, and per two seconds of processor time of one."""
    batches = start()
    for _ in range(2 * WORKERS):  # what was made ahead must not count
        next(batches)
    begin, before = time.perf_counter(), processor_seconds()
    for _ in range(samples // BATCH):
        next(batches)
    seconds, used = time.perf_counter() - begin, processor_seconds() - before
    del batches
    return samples / seconds, 2 * samples / used


def processor_seconds() -> float:
    """Used so far by this process and its running workers."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    total = own.ru_utime + own.ru_stime
    for process in torch.multiprocessing.active_children():
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def prepare(root: Path, count: int = 12, backgrounds: int = 40) -> None:
    """Generate foregrounds with alpha, and backgrounds as they come in photo collections."""
    for name in ("fg", "alpha", "bg"):
        (root / name).mkdir(parents=True)
    kinds = ("fur", "net", "grass", "smoke", "sharp", "lace")
    for i in range(count):
        fg, alpha = foreground(np.random.default_rng(i), SIZE, kinds[i % len(kinds)])
        cv2.imwrite(str(root / f"fg/{i}.png"), np.rint(fg[..., ::-1] * 255).astype(np.uint8))
        cv2.imwrite(str(root / f"alpha/{i}.png"), np.rint(alpha * 255).astype(np.uint8))
    for i in range(backgrounds):
        picture = background(np.random.default_rng([1, i]), (480, 640))
        cv2.imwrite(str(root / f"bg/{i}.jpg"), np.rint(picture[..., ::-1] * 255).astype(np.uint8))


if __name__ == "__main__":
    main()
