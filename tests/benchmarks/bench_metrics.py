"""Conn beside plain labellings of its ten levels, and all four metrics, on object mattes of 1920 x 1080.

$ python tests/benchmarks/bench_metrics.py [REPEATS]

Prints CPU milliseconds per megapixel on one core (medians of interleaved repeats) and the ratios. The mattes are the
real pairs of the reference data where MATTEKIT_SHARED (default: ../shared) has them, enlarged; else rendered ones.
"""

import os
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from mattekit.metrics import conn, grad, mse, sad, score

SIZE = (1920, 1080)
SHARED = Path(os.environ.get("MATTEKIT_SHARED", Path(__file__).resolve().parents[3] / "shared"))


def plain_conn(alpha, truth, unknown, largest):
    """Conn step by step, as Python scorers do it; `largest` finds the largest component of a mask."""
    p, g = (image.astype(np.float32) / np.float32(255) for image in (alpha, truth))
    left = np.full(p.shape, -1, np.float32)
    for k in range(1, 11):
        level = np.float32(k / 10)
        mask = (p >= level) & (g >= level)
        if mask.any():
            left[(left == -1) & ~largest(mask)] = (k - 1) / 10
    left[left == -1] = 1
    phis = [1 - np.where(v - left >= 0.15 - 1e-6, v - left, 0) for v in (p, g)]
    return np.abs(phis[0] - phis[1])[unknown].sum(dtype=np.float64) / 1000


def largest_by_opencv(mask):
    labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=4)[1]
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return labels == sizes.argmax()


def largest_by_skimage(mask):
    from skimage.measure import label, regionprops

    labels = label(mask, connectivity=1)
    return labels == max(regionprops(labels), key=lambda region: region.area).label


def largest_by_skimage_with_distances(mask):
    """As IndexNet's and AIM's scorers: they also compute, and do not use, the distances to the component."""
    from scipy.ndimage import distance_transform_edt

    found = largest_by_skimage(mask)
    distance_transform_edt(~found)
    return found


def real_mattes():
    folder = SHARED / "oracle" / "metrics" / "pairs"
    for prediction in sorted(folder.glob("r*_pred.png")):
        stem = prediction.name.removesuffix("_pred.png")
        alpha, truth = (
            cv2.resize(cv2.imread(str(folder / f"{stem}_{kind}.png"), 0), SIZE, interpolation=cv2.INTER_LINEAR)
            for kind in ("pred", "gt")
        )
        trimap = cv2.resize(cv2.imread(str(folder / f"{stem}_trimap.png"), 0), SIZE, interpolation=cv2.INTER_NEAREST)
        yield stem, alpha, truth, trimap == 128


def rendered_mattes():
    """A disc with soft edge and hairs, predicted with blur and grain in the unknown band."""
    rng = np.random.default_rng(0)
    for hairs in (0, 400, 4000):
        canvas = np.zeros(SIZE[::-1], np.uint8)
        cv2.circle(canvas, (960, 540), 330, 255, -1)
        for angle, length in zip(rng.uniform(0, 2 * np.pi, hairs), rng.uniform(340, 500, hairs), strict=True):
            end = (int(960 + length * np.cos(angle)), int(540 + length * np.sin(angle)))
            cv2.line(canvas, (960, 540), end, 255, 1, cv2.LINE_AA)
        truth = cv2.GaussianBlur(canvas, (0, 0), 1.2)
        grain = cv2.GaussianBlur(rng.normal(0, 40, truth.shape).astype(np.float32), (0, 0), 2)
        alpha = np.clip(cv2.GaussianBlur(truth, (0, 0), 2) + grain, 0, 255).astype(np.uint8)
        kernel = np.ones((15, 15), np.uint8)
        unknown = (cv2.dilate(truth, kernel) > 0) & (cv2.erode(truth, kernel) < 255)
        yield f"{hairs} hairs", np.where(unknown, alpha, truth), truth, unknown


def measure(functions, repeats):
    """CPU milliseconds per megapixel of each function, interleaved; medians."""
    times = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            start = time.process_time()
            function()
            times[name].append(time.process_time() - start)
    return {name: 1000 * statistics.median(t) / (SIZE[0] * SIZE[1] / 1e6) for name, t in times.items()}


def main(repeats=5):
    cv2.setNumThreads(1)
    finders = {"opencv": largest_by_opencv}
    try:
        largest_by_skimage(np.ones((2, 2), bool))
        finders |= {"skimage": largest_by_skimage, "skimage, with distances": largest_by_skimage_with_distances}
    except ImportError:
        print("scikit-image is not installed: its rows are left out")
    for name, alpha, truth, unknown in list(real_mattes()) or rendered_mattes():
        images = (alpha, truth, unknown)
        functions = {
            "sad": lambda i=images: sad(*i),
            "mse": lambda i=images: mse(*i),
            "grad": lambda i=images: grad(*i),
            "conn": lambda i=images: conn(*i),
            "all four": lambda i=images: score(*i, metrics=("sad", "mse", "grad", "conn")),
        }
        for peer, largest in finders.items():
            functions[f"conn by {peer}"] = lambda i=images, find=largest: plain_conn(*i, find)
        exact = conn(*images)
        for function in list(functions)[5:]:
            assert abs(functions[function]() - exact) < 1e-5 * max(exact, 1e-3), (name, function)
        times = measure(functions, repeats)
        print(f"{name} ({unknown.mean():.0%} unknown), CPU ms per megapixel on one core")
        for function, milliseconds in times.items():
            ratio = f"   {milliseconds / times['conn']:5.1f} x conn" if " by " in function else ""
            print(f"  {function:<30}{milliseconds:8.2f}{ratio}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
