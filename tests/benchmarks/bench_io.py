"""Cost of reading over bare OpenCV, and of the PNG codings, on a photo and its alpha at 1920x1080.

$ python tests/benchmarks/bench_io.py [IMAGE ALPHA]
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from mattekit.imaging import io
from mattekit.imaging.codecs.encode import encode

REPEATS = 15


def interleaved(*functions):
    """Median seconds of each function, measured in turns."""
    times = [[] for _ in functions]
    for _ in range(REPEATS):
        for taken, function in zip(times, functions, strict=True):
            start = time.perf_counter()
            function()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def pictures():
    """Photo (1080, 1920, 3) and alpha (1080, 1920), uint8 RGB; the given files, else smooth noise with grain."""
    if len(sys.argv) == 3:
        image, alpha = cv2.imread(sys.argv[1])[..., ::-1], cv2.imread(sys.argv[2], cv2.IMREAD_GRAYSCALE)
        return tuple(cv2.resize(p, (1920, 1080), interpolation=cv2.INTER_AREA) for p in (image, alpha))
    rng = np.random.default_rng(0)
    smooth = cv2.resize(rng.random((18, 32, 3), dtype=np.float32), (1920, 1080), interpolation=cv2.INTER_CUBIC)
    image = (smooth * 255 + rng.normal(0, 3, smooth.shape)).clip(0, 255).astype(np.uint8)
    return image, (255 * (smooth[..., 0] * 4 - 1.5).clip(0, 1)).astype(np.uint8)


def reading(name, pixels):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.png"
        io.write_raw(path, pixels)
        data = np.frombuffer(path.read_bytes(), np.uint8)

        def bare():
            return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)

        peer, raw, view = interleaved(bare, lambda: io.read_raw(path), lambda: io.read_image(path))
        print(f"{name:12} imdecode {peer * 1e3:6.1f} ms   read_raw {raw / peer:.3f}x   read_image {view / peer:.3f}x")


def writing(name, pixels):
    stored = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels
    level6 = [cv2.IMWRITE_PNG_COMPRESSION, 6]
    ways = {
        "OpenCV level 6": lambda: cv2.imencode(".png", stored, level6)[1].tobytes(),
        "OpenCV default": lambda: cv2.imencode(".png", stored)[1].tobytes(),
        "write_image": lambda: encode("x.png", pixels, ".png"),
        "fast=True": lambda: encode("x.png", pixels, ".png", fast=True),
    }
    seconds = interleaved(*ways.values())
    for (way, function), taken in zip(ways.items(), seconds, strict=True):
        print(f"{name:12} {way:15} {taken / seconds[1]:5.2f}x the time, {len(function()):8} bytes")


if __name__ == "__main__":
    image, alpha = pictures()
    print(f"OpenCV {cv2.__version__}, NumPy {np.__version__}, {REPEATS} interleaved repeats, medians")
    for name, pixels in (("photo", image), ("alpha", alpha), ("16-bit photo", image.astype(np.uint16) * 257)):
        reading(name, np.ascontiguousarray(pixels))
    for name, pixels in (("photo", image), ("alpha", alpha)):
        writing(name, np.ascontiguousarray(pixels))
