"""How fast `mattekit composite --preset` writes images, and how much of the time goes into scaling and blending.

Usage: python tests/benchmarks/bench_composite.py [--images N] [--repeats N] [--foregrounds DIR --backgrounds DIR]

Foregrounds are scaled to 2 megapixels, backgrounds stay as photographs come (at most 1280 x 960, so that every one
has to be enlarged). Without folders, both are made of noise with the spectrum of photographs. The command runs as a
user runs it, two processes, PNG; then each step of one image is timed alone in this process, interleaved. On a
machine that others use too, the rate per processor time tells what two free cores would give. The reference is the
published rule as one would write it with Pillow and numpy, with Pillow's PNG, and without trimaps and hashes.
"""

import argparse
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from PIL import Image

from mattekit.datasets import manifest
from mattekit.datasets.records import read
from mattekit.imaging import io
from mattekit.imaging.integer_compositing import Cutout, enlarge, opacity_of, read_integers
from mattekit.imaging.trimap import to_levels
from mattekit.imaging.trimap_random import generator, random_from_alpha

SIZE = (1184, 1776)  # 2.1 megapixels, the proportions of a photograph
COUNT = 20  # backgrounds per foreground, as Composition-1k


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=120)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--foregrounds", type=Path)
    parser.add_argument("--backgrounds", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepare(root, options.images // COUNT, options.images, options.foregrounds, options.backgrounds)
        rates = [run(root, repeat, options.images) for repeat in range(options.repeats)]
        for rate, name in zip(zip(*rates, strict=True), ("by the clock", "by processor time / 2"), strict=True):
            runs = " ".join(f"{value:.1f}" for value in rate)
            print(f"--jobs 2, {name}: {statistics.median(rate):.1f} images/s (wanted 6), runs {runs}")
        steps(root, options.repeats)


def prepare(root: Path, foregrounds: int, backgrounds: int, cutouts: Path | None, photos: Path | None) -> None:
    rng = np.random.default_rng(0)
    for i in range(foregrounds):
        rgba = enlarged_cutout(sorted(cutouts.iterdir())[i * 7]) if cutouts else noise_cutout(rng)
        io.write_raw(root / "fg" / f"{i:02}.png", np.ascontiguousarray(rgba[..., :3]))
        io.write_raw(root / "alpha" / f"{i:02}.png", np.ascontiguousarray(rgba[..., 3]))
    (root / "bg").mkdir()
    found = sorted(photos.iterdir()) if photos else []
    for i in range(backgrounds):
        if found:
            (root / "bg" / f"{i:04}.jpg").write_bytes(found[i % len(found)].read_bytes())
        else:
            io.write_raw(root / "bg" / f"{i:04}.jpg", texture(rng, (480, 640)))


def enlarged_cutout(path: Path) -> np.ndarray:
    return cv2.resize(io.read_raw(path).pixels, SIZE[::-1], interpolation=cv2.INTER_CUBIC)


def noise_cutout(rng: np.random.Generator) -> np.ndarray:
    rows, columns = np.ogrid[-1 : 1 : SIZE[0] * 1j, -1 : 1 : SIZE[1] * 1j]
    edge = 0.5 + 0.15 * (texture(rng, SIZE)[..., 0] / 127.5 - 1)
    alpha = np.clip((edge - rows**2 - columns**2) * 8 + 0.5, 0, 1)
    return np.dstack([texture(rng, SIZE), np.rint(alpha * 255).astype(np.uint8)])


def texture(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Noise whose amplitude falls as 1 / frequency, like that of photographs, with a little sensor noise."""
    waves = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None]) + 1 / max(size)
    planes = [np.fft.irfft2(np.fft.rfft2(rng.standard_normal(size)) / waves, size) for _ in range(3)]
    picture = np.dstack([127.5 + 50 * plane / plane.std() for plane in planes]) + rng.normal(0, 1.5, (*size, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def run(root: Path, repeat: int, images: int) -> tuple[float, float]:
    out = root / f"out{repeat}"
    command = [sys.executable, "-m", "mattekit", "composite", "--preset", "composition-1k", "-q", "--jobs", "2"]
    folders = [f"--foregrounds={root / 'fg'}", f"--alphas={root / 'alpha'}", f"--backgrounds={root / 'bg'}"]
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    start, before = time.perf_counter(), processor_time()
    subprocess.run([*command, *folders, "-o", str(out)], check=True, env=environment)
    seconds, busy = time.perf_counter() - start, processor_time() - before
    assert len(read(out)) == images
    return images / seconds, 2 * images / busy


def processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def steps(root: Path, repeats: int) -> None:
    """Time each step of composing one image, over several foregrounds and backgrounds."""
    cv2.setNumThreads(1)
    spent: dict[str, list[float]] = {}
    plain: dict[str, list[float]] = {}
    for fg in sorted((root / "fg").iterdir())[:4]:
        alpha = io.read_alpha(root / "alpha" / fg.name).pixels
        cutout = Cutout(read_integers(fg), opacity_of(alpha, "8"), truncate=True)
        backgrounds = sorted((root / "bg").iterdir())[: 4 * repeats]
        one(cutout, alpha, backgrounds[0], root / "step.png", {})  # the first call loads compiled loops
        for bg in backgrounds:
            one(cutout, alpha, bg, root / "step.png", spent)
            timed(plain, "plain script", lambda bg=bg, cutout=cutout: by_hand(cutout, bg, root / "plain.png"))
    total = sum(map(sum, spent.values()))
    for name, seconds in spent.items():
        print(f"  {name:<22}{1e3 * statistics.median(seconds):7.1f} ms {100 * sum(seconds) / total:5.1f} %")
    print(f"  {'plain script':<22}{1e3 * statistics.median(plain['plain script']):7.1f} ms")
    print(f"mattekit, with trimap and hashes, takes 1 / {sum(plain['plain script']) / total:.1f} of the plain script")
    share = (sum(spent["enlarge"]) + sum(spent["blend"])) / total
    print(f"scaling and blending: {100 * share:.0f} % of the time of an image (wanted: under 33 %)")


def one(cutout: Cutout, alpha: np.ndarray, bg: Path, target: Path, spent: dict[str, list[float]]) -> None:
    pixels = timed(spent, "read background", lambda: read_integers(bg))
    cut = timed(spent, "enlarge", lambda: enlarge(pixels, cutout.size))
    image = timed(spent, "blend", lambda: cutout.over(cut))
    timed(spent, "write image", lambda: io.write_raw(target, image, fast=True))
    trimap = timed(spent, "make trimap", lambda: to_levels(random_from_alpha(alpha, generator(0, bg.name), "dim")))
    timed(spent, "write trimap", lambda: io.write_raw(target, trimap, fast=True))
    timed(spent, "hash", lambda: (manifest.sha256(target), manifest.facts(bg)))


def by_hand(cutout: Cutout, source: Path, target: Path) -> None:
    height, width = cutout.size
    bg = Image.open(source).convert("RGB")
    ratio = max(width / bg.width, height / bg.height)
    if ratio > 1:
        bg = bg.resize((math.ceil(bg.width * ratio), math.ceil(bg.height * ratio)), Image.Resampling.BICUBIC)
    behind = np.asarray(bg.crop((0, 0, width, height)))
    opacity = cutout.opacity[..., None]
    Image.fromarray((opacity * cutout.fg + (1 - opacity) * behind).astype(np.uint8)).save(target)


def timed(spent: dict[str, list[float]], name: str, function: Callable[[], Any]) -> Any:
    start = time.process_time()
    value = function()
    spent.setdefault(name, []).append(time.process_time() - start)
    return value


if __name__ == "__main__":
    main()
