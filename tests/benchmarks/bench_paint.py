"""A stroke of `mattekit paint`: from paint to the alpha that is shown first, against solving the whole picture.

    python tests/benchmarks/bench_paint.py IMAGE TRIMAP [--megapixels 2] [--strokes 8]

The picture is scaled to so many megapixels. Prints seconds of the coarse alpha after each stroke and of the first fine
window, and their ratio to the time of the default model on the whole picture.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mattekit.imaging import io
from mattekit.imaging.trimap import to_levels
from mattekit.models import registry
from mattekit.web.painting import Painting
from mattekit.web.windows import Window


def timed(work: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """Return the result of some work, and its seconds."""
    start = time.perf_counter()
    result = work(*arguments)
    return result, time.perf_counter() - start


def stroke(levels: np.ndarray, rng: np.random.Generator, radius: int) -> tuple[Window, np.ndarray]:
    """Return the window and the painted levels of a straight stroke that begins in the unknown region."""
    ys, xs = np.nonzero(levels == 128)
    place, angle, length = rng.integers(len(ys)), rng.uniform(0, 2 * np.pi), rng.uniform(80, 250)
    x, y = int(xs[place]), int(ys[place])
    mask = np.zeros(levels.shape, np.uint8)
    cv2.line(mask, (x, y), (int(x + length * np.cos(angle)), int(y + length * np.sin(angle))), 1, 2 * radius)
    window = Window(*cv2.boundingRect(mask))
    patch = levels[window.slices].copy()
    patch[mask[window.slices] > 0] = rng.choice([0, 128, 255])
    return window, patch


def main() -> None:
    """Print a line per stroke, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("trimap", type=Path)
    parser.add_argument("--megapixels", type=float, default=2.0)
    parser.add_argument("--strokes", type=int, default=8)
    given = parser.parse_args()
    image, trimap = io.read_image(given.image).pixels, io.read_trimap(given.trimap)
    scale = (given.megapixels * 1e6 / trimap.size) ** 0.5
    size = round(trimap.shape[1] * scale), round(trimap.shape[0] * scale)
    image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC).clip(0, 1)
    trimap = cv2.resize(trimap, size, interpolation=cv2.INTER_NEAREST)
    model = registry.load(registry.default_name())
    model.alpha(image, trimap)  # compiles
    _, whole = timed(model.alpha, image, trimap)
    print(f"{size[0]}x{size[1]}, {(trimap == 0.5).mean():.0%} unknown: the whole picture takes {whole:.2f} s")
    painting, rng, rows = (
        Painting(io.Picture(image, "8"), to_levels(trimap), registry.default_name()),
        np.random.default_rng(0),
        [],
    )
    painting.coarse()
    while painting.fine():
        pass
    while len(rows) < given.strokes:
        changed = painting.paint(*stroke(painting.levels, rng, int(rng.choice([10, 20, 40]))))
        if changed is None:
            continue
        _, coarse = timed(painting.coarse, changed)
        _, fine = timed(painting.fine)
        while painting.fine():
            pass
        rows.append((coarse, fine))
        print(
            f"stroke {len(rows)}: coarse {coarse:.2f} s ({coarse / whole:.2f}), first fine window {fine:.2f} s",
            flush=True,
        )
    coarse, fine = np.median(rows, axis=0)
    print(f"medians: coarse {coarse:.2f} s, {coarse / whole:.2f} of the whole picture's time; fine window {fine:.2f} s")


if __name__ == "__main__":
    main()
