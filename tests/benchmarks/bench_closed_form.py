"""Closed-form matting against pymatting's `estimate_alpha_cf`: same input, alternating runs, medians, one ratio a row.

Run as `python tests/benchmarks/bench_closed_form.py [--images FOLDER] [--repeats N]`. FOLDER holds image/, trimap1/,
trimap2/ and alpha/ with GT01.png and so on, as the training set of alphamatting.com does; the default is
data/alphamatting-dev in $MATTEKIT_SHARED, or in ../shared. Each picture is measured with its own two trimaps, and
enlarged to 1920x1080 with a thin unknown band, the soft pixels of its true alpha dilated by 10 px. Differences of the
alphas are means over the unknown pixels, in units of 1/255.
"""

import argparse
import os
import time
from pathlib import Path

import cv2
import numpy as np

from mattekit.baselines import ALPHA
from mattekit.baselines.access import load, quiet_stdout
from mattekit.imaging.io import read_alpha, read_image, read_trimap

SHARED = Path(os.environ.get("MATTEKIT_SHARED", Path(__file__).resolve().parents[3] / "shared"))


def thin_band(image, alpha):
    """The picture and its alpha stretched over 1920x1080, and a trimap unknown within 10 px of what is soft."""
    image, alpha = (np.clip(cv2.resize(x, (1920, 1080), interpolation=cv2.INTER_CUBIC), 0, 1) for x in (image, alpha))
    soft = ((alpha > 0.02) & (alpha < 0.98)).astype(np.uint8)
    unknown = cv2.dilate(soft, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (21, 21))) > 0
    return image, np.where(unknown, 0.5, np.round(alpha)).astype(np.float32)


def seconds(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def compare(name, image, trimap, repeats):
    """Print one row: both times, their ratio and how far the alphas are apart."""
    doubles, runs = (image.astype(np.float64), trimap.astype(np.float64)), []  # what pymatting takes; not timed
    for _ in range(repeats):
        with quiet_stdout():
            theirs, expected = seconds(load().estimate_alpha_cf, *doubles)
        ours, alpha = seconds(ALPHA["closed-form"], image, trimap)
        runs.append((ours, theirs))
    return row(name, trimap == 0.5, runs, alpha, expected)


def row(name, unknown, runs, alpha, expected):
    """Print medians of runs (ours, theirs), their ratio, which is returned, and how far the alphas are apart."""
    ours, theirs = np.median(runs, axis=0)
    apart = 255 * np.abs(alpha - expected)[unknown].mean()
    print(
        f"{name:<16} {unknown.mean():6.1%} unknown  mattekit {ours:6.3f} s  pymatting {theirs:6.3f} s  "
        f"ratio {theirs / ours:5.2f}  apart {apart:.5f}/255",
        flush=True,
    )
    return theirs / ours


def main(compare):
    """Call `compare(name, image, trimap, repeats)` for the pictures that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=Path, default=SHARED / "data" / "alphamatting-dev")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("names", nargs="*", help="such as GT01; all by default")
    options = parser.parse_args()
    ratios = {"trimap1": [], "trimap2": [], "1920x1080": []}
    for path in sorted((options.images / "image").glob("*.png")):
        if options.names and path.stem not in options.names:
            continue
        image = read_image(path).pixels
        inputs = {t: (image, read_trimap(options.images / t / path.name)) for t in ("trimap1", "trimap2")}
        inputs["1920x1080"] = thin_band(image, read_alpha(options.images / "alpha" / path.name).pixels)
        for kind, (picture, trimap) in inputs.items():
            ratios[kind].append(compare(f"{path.stem} {kind}", picture, trimap, options.repeats))
    for kind, values in ratios.items():
        print(f"{kind}: ratio {min(values):.2f} at least, {np.median(values):.2f} in the median")


if __name__ == "__main__":
    main(compare)
