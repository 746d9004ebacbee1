"""Errors, times and costs of foreground estimation, beside pymatting and beside the authors' way in numpy.

Run as `python tests/benchmarks/bench_foreground.py [IMAGE ALPHA]`. The first table composes the renders of
`MATTEKIT_SHARED` over photographs and asks every method for the foreground; of the examples' own alphas nothing is
known. The second times them at 1920x1080; without files it makes a picture with soft hair. Every round times all
methods in turn; ratios are medians over rounds of time / time of pymatting's multilevel.
"""

import os
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from mattekit.baselines import FOREGROUND
from mattekit.baselines.by_pymatting import load
from mattekit.imaging import io
from mattekit.imaging.background import cover
from mattekit.imaging.lsa_foreground import cost

SIZE = 1920, 1080
PEER = "pymatting multilevel"
KINDS = ("fur", "hair", "net", "grass", "glass", "smoke")
CASES = ("true", "rough")
OFTEN = ("multilevel", "multiscale", "multigrid")


def main() -> None:
    """Print both tables."""
    shared = Path(os.environ.get("MATTEKIT_SHARED", "../shared")) / "data" / "train"
    if shared.is_dir():
        errors(shared)
    times(*(read(*sys.argv[1:3]) if len(sys.argv) > 2 else hairy()))


def errors(data: Path, each: int = 4) -> None:
    """Print errors in levels of 255 where alpha is between 0 and 1: of colours, weighed by alpha, and of composites."""
    rows = defaultdict(lambda: defaultdict(list))
    photos = sorted((data / "photos").glob("*.webp"))
    methods = {"image itself": lambda image, alpha: image, PEER: peer}
    methods |= {name: FOREGROUND[name].function for name in OFTEN}
    for kind in KINDS:
        for number, path in enumerate(sorted((data / "renders").glob(f"*_{kind}.webp"))[:each]):
            rgba = io.to_float(io.read_raw(path).pixels)
            fg, alpha = np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
            behind = cover(io.read_image(photos[(37 * number + len(kind)) % len(photos)]).pixels, alpha.shape)
            image = np.round((alpha[..., None] * fg + (1 - alpha[..., None]) * behind) * 255).astype(np.float32) / 255
            for case, given in (("true", alpha), ("rough", rough(alpha))):
                for name, method in methods.items():
                    rows[name][case, kind].append(judge(method(image, given), fg, alpha))
    print(f"{'of 255: colour / composite':<28}{'true alpha':>14}{'rough alpha':>14}   composite, true alpha: {KINDS}")
    for name, cases in rows.items():
        told = ""
        for case in CASES:
            colour, composite = np.mean([e for key, es in cases.items() if key[0] == case for e in es], 0)
            told += f"{f'{colour:.1f} / {composite:.1f}':>14}"
        kinds = " ".join(f"{np.mean(cases['true', kind], 0)[1]:6.1f}" for kind in KINDS)
        print(f"{name:<28}{told}   {kinds}")


def rough(alpha: np.ndarray) -> np.ndarray:
    """An alpha as a method would make it: a little blurred, with grain of 0.06 where it is soft."""
    grain = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 0.32, alpha.shape), (0, 0), 1.5).astype(np.float32)
    blurred = cv2.GaussianBlur(alpha, (0, 0), 0.7) + grain
    return np.where((alpha > 0) & (alpha < 1), blurred.clip(0, 1), alpha).astype(np.float32)


def judge(found: np.ndarray, fg: np.ndarray, alpha: np.ndarray) -> tuple[float, float]:
    """Mean absolute error of colours by alpha, and the root mean square by which any new composite is wrong."""
    soft = (alpha > 0) & (alpha < 1)
    off, weight = found[soft] - fg[soft], alpha[soft][:, None]
    colour = (weight * np.abs(off)).sum() / (3 * weight.sum())
    return 255 * float(colour), 255 * float(np.sqrt(((weight * off) ** 2).mean()))


def peer(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Pymatting's own multi-level estimation."""
    return load().estimate_foreground_ml(image, alpha)


def times(image: np.ndarray, alpha: np.ndarray) -> None:
    """Print seconds, ratios and costs."""
    often = {PEER: lambda: peer(image, alpha)}
    often |= {name: lambda name=name: FOREGROUND[name].function(image, alpha) for name in OFTEN}
    once = {
        "plain numpy, double": lambda: plain(image.astype(np.float64), alpha.astype(np.float64)),
        "pymatting closed-form": lambda: FOREGROUND["closed-form"].function(image, alpha),
    }
    answers = {name: method() for name, method in often.items()}  # compiles, too
    rounds = [{name: seconds(method) for name, method in often.items()} for _ in range(15)]
    for name, method in once.items():
        start = time.perf_counter()
        answers[name] = method()
        taken, beside = time.perf_counter() - start, seconds(often[PEER])
        rounds[0] |= {name: taken, f"{PEER} beside {name}": beside}
    print(f"{SIZE[0]}x{SIZE[1]}, cost C of the image itself {cost(image, image, alpha):.4g}")
    print(f"{'method':<24}{'seconds':>9}{'/ multilevel':>14}{'cost C':>10}")
    for name in [*often, *once]:
        took = statistics.median(r[name] for r in rounds if name in r)
        ratio = statistics.median(r[name] / r.get(f"{PEER} beside {name}", r[PEER]) for r in rounds if name in r)
        print(f"{name:<24}{took:>9.3f}{ratio:>14.2f}{cost(answers[name], image, alpha):>10.4g}")
    difference = np.abs(answers["multiscale"] - answers["plain numpy, double"]).max()
    print(f"multiscale (float32) differs from plain numpy (double) by at most {difference:.1e}")


def seconds(method) -> float:
    """Time of one call."""
    start = time.perf_counter()
    method()
    return time.perf_counter() - start


def plain(fg: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """LSA's Algorithms 1 and 2 with whole-array operations, weights computed once per scale."""
    height, width = alpha.shape
    estimate, premultiplied = fg, alpha[..., None] * fg
    for s in reversed(range(6)):
        size = max(width >> s, 1), max(height >> s, 1)
        opacity = cv2.resize(alpha, size) if s else alpha
        pull = opacity[..., None] * (cv2.resize(premultiplied, size) if s else premultiplied)
        estimate = cv2.resize(estimate, size)
        smooth = (1 - opacity) ** 2
        weights = [(smooth + side)[..., None] for side in neighbours(smooth)]
        total = opacity[..., None] ** 2 + sum(weights)
        for _ in range(20 * 2**s):
            around = sum(w * side for w, side in zip(weights, neighbours(estimate), strict=True))
            estimate = (pull + around) / total
    return estimate


def neighbours(array: np.ndarray) -> list[np.ndarray]:
    """The pixels above, below, left and right, mirrored at borders."""
    padded = np.pad(array, [(1, 1), (1, 1)] + [(0, 0)] * (array.ndim - 2), mode="reflect")
    return [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]


def read(image: str, alpha: str) -> tuple[np.ndarray, np.ndarray]:
    """Enlarge a photograph and its alpha."""
    pictures = io.read_image(Path(image)).pixels, io.read_alpha(Path(alpha)).pixels
    return tuple(cv2.resize(p, SIZE, interpolation=cv2.INTER_CUBIC).clip(0, 1) for p in pictures)


def hairy() -> tuple[np.ndarray, np.ndarray]:
    """Compose a textured disc with a thousand drawn hairs before a smooth background."""
    rng = np.random.default_rng(0)
    alpha = np.zeros(SIZE[::-1], np.uint8)
    cv2.circle(alpha, (960, 600), 380, 255, -1, cv2.LINE_AA)
    for angle, length in zip(rng.uniform(0, 2 * np.pi, 1000), rng.uniform(380, 560, 1000), strict=True):
        end = 960 + length * np.cos(angle), 600 + length * np.sin(angle)
        cv2.line(alpha, (960, 600), tuple(map(int, end)), int(rng.integers(60, 255)), 1, cv2.LINE_AA)
    opacity = cv2.GaussianBlur(alpha, (0, 0), 0.8).astype(np.float32)[..., None] / 255
    grain = cv2.GaussianBlur(rng.random((*SIZE[::-1], 3)).astype(np.float32), (0, 0), 3)
    fg, bg = 0.3 + 0.5 * grain, cv2.resize(rng.random((6, 9, 3)).astype(np.float32), SIZE)
    return opacity * fg + (1 - opacity) * bg, opacity[..., 0]


if __name__ == "__main__":
    main()
