"""Trimaps of a 3840x2160 alpha: the two shapes against scipy's distances and cv2's dilation by the whole kernel.

Run as `python tests/benchmarks/bench_trimap.py [--repeats N]`. Every row interleaves the candidates and prints
medians; a ratio above 1 says how many times faster mattekit is. The results are compared pixel by pixel first.
"""

import argparse
import time

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

from mattekit.imaging.trimap import from_alpha

SIZE = (2160, 3840)


def hair(size):
    """A soft body with fine strands around it."""
    height, width = size
    alpha = np.zeros(size, np.uint8)
    cv2.ellipse(alpha, (width // 2, height // 2), (width // 5, height // 4), 0, 0, 360, 255, -1)
    rng = np.random.default_rng(0)
    for angle in rng.uniform(0, 2 * np.pi, 400):
        direction = np.array([np.cos(angle) * width / 5, np.sin(angle) * height / 4])
        start = np.array([width // 2, height // 2]) + direction
        end = start + direction * rng.uniform(0.1, 0.7) + rng.normal(0, 40, 2)
        cv2.line(alpha, start.astype(int).tolist(), end.astype(int).tolist(), 255, 2, cv2.LINE_AA)
    return cv2.GaussianBlur(alpha, (0, 0), 2) / np.float32(255)


def scipy_distance(alpha, radius):
    trimap = np.full(alpha.shape, 0.5, np.float32)
    trimap[distance_transform_edt(alpha == 0) > radius] = 0
    trimap[distance_transform_edt(alpha == 1) > radius] = 1
    return trimap


def cv2_ellipse(alpha, radius):
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    trimap = np.full(alpha.shape, 0.5, np.float32)
    trimap[cv2.dilate((alpha > 0).astype(np.uint8), kernel) == 0] = 0
    trimap[cv2.erode((alpha == 1).astype(np.uint8), kernel) == 1] = 1
    return trimap


def seconds(function, *arguments, **options):
    start = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    alpha = hair(SIZE)
    print(f"{SIZE[1]}x{SIZE[0]}, medians of {repeats} interleaved runs, {cv2.getNumThreads()} OpenCV threads")
    for shape, reference in (("distance", scipy_distance), ("ellipse", cv2_ellipse)):
        for radius in (10, 25, 50, 100):
            options = {"erode": radius, "dilate": radius, "shape": shape}
            assert np.array_equal(from_alpha(alpha, **options), reference(alpha, radius))
            runs = [(seconds(from_alpha, alpha, **options), seconds(reference, alpha, radius)) for _ in range(repeats)]
            ours, theirs = np.median(runs, axis=0)
            name = reference.__name__.replace("_", " ")
            print(f"{shape:<9} {radius:>3} px  {ours:6.3f} s   {name} {theirs:6.3f} s   ratio {theirs / ours:5.2f}")


if __name__ == "__main__":
    main()
