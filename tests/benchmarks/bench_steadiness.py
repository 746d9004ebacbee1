"""`predict --sequence` against single frames: errors and their changes, seconds a frame, peak memory.

    python tests/benchmarks/bench_steadiness.py SET [--pictures GT04,GT01] [--frames 24] [--middle 6] [--scale 0.68]

SET and the shots are those of bench_sequence.py, reduced by `--scale`. Prints SAD, MSE, dtSSD and MESSDdt of the
unknown pixels of the frames in the middle, the ratios of steadied alphas to single ones, and the CPU's seconds for a
frame of the shot and of 1080p: motion there and back over one frame and several, and the two layers.
"""

import argparse
import resource
import time
from pathlib import Path

import cv2
import numpy as np
from bench_sequence import MOTIONS, shot

from mattekit.imaging.trimap import reduced, to_levels
from mattekit.metrics import sad
from mattekit.metrics.temporal import Frame, dtssd, messddt
from mattekit.models import registry
from mattekit.models.prediction import predict_alpha
from mattekit.sequences.layer_motion import motion_between, view
from mattekit.sequences.stabilisation import HOP, REACH, MattedFrame, stabilised

NAMES = ("SAD", "MSE", "dtSSD", "MESSDdt")


def smaller(frame: tuple[np.ndarray, ...], scale: float) -> tuple[np.ndarray, ...]:
    """Return image, alpha and trimap at a smaller size."""
    size = tuple(int(side * scale) for side in frame[1].shape[::-1])
    image, alpha = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in frame[:2])
    return image, alpha, reduced(frame[2], size)


def window(frames: list[tuple[np.ndarray, ...]], alphas: list[np.ndarray]) -> tuple[dict, dict]:
    """Return the frames as `stabilised` takes them, and the motions between them."""
    shown, views, motions = {}, {}, {}
    for t, ((image, _, trimap), alpha) in enumerate(zip(frames, alphas, strict=True)):
        levels = to_levels(trimap)
        shown[t] = MattedFrame(np.rint(image * 65535).astype(np.uint16), levels, alpha)
        views[t] = view(image, alpha, levels)
        for other in (t - 1, t - HOP):
            if other in views and (found := motion_between(views[other], views[t])):
                motions[other, t], motions[t, other] = found
    return shown, motions


def scores(frames: list[tuple[np.ndarray, ...]], alphas: dict[int, np.ndarray]) -> np.ndarray:
    """Return the means of NAMES over the given frames but the first."""
    rows, before = [], None
    for t, alpha in alphas.items():
        levels, truth = (np.rint(each * 255).astype(np.uint8) for each in (alpha, frames[t][1]))
        now = Frame(levels, truth, frames[t][2] == 0.5)
        if before:
            square = float(((levels / 255.0 - truth / 255.0)[now.region] ** 2).mean())
            rows.append((sad(*now), square, dtssd(now, before), messddt(now, before)))
        before = now
    return np.mean(rows, 0)


def seconds_at_1080p(frames: list[tuple[np.ndarray, ...]], alphas: list[np.ndarray]) -> tuple[float, float]:
    """CPU seconds for one frame of 1920x1080: its motions, and its layers in a whole window."""
    frames, alphas = frames[: 2 * REACH + 1], alphas[: 2 * REACH + 1]
    large = [tuple(cv2.resize(each, (1920, 1080)) for each in frame[:2]) for frame in frames]
    large = [
        (*pair, cv2.resize(frame[2], (1920, 1080), interpolation=cv2.INTER_NEAREST))
        for pair, frame in zip(large, frames, strict=True)
    ]
    start = time.process_time()
    shown, motions = window(large, [cv2.resize(alpha, (1920, 1080)) for alpha in alphas])
    middle = time.process_time()
    stabilised(shown, motions, len(large) // 2)
    return (middle - start) / len(large), time.process_time() - middle


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("--pictures", default="GT04,GT01,GT08")
    parser.add_argument("--motions", default=",".join(MOTIONS))
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--middle", type=int, default=6)
    parser.add_argument("--scale", type=float, default=0.68)
    parser.add_argument("--model", default="default")
    parser.add_argument("--hd", action="store_true", help="Time one frame of 1920x1080, too.")
    given = parser.parse_args()
    model, ratios = registry.load(given.model), []
    all_names = sorted(path.stem for path in (given.set / "image").iterdir())
    for name in given.pictures.split(","):
        behind = all_names[(all_names.index(name) + 4) % len(all_names)]
        for motion in given.motions.split(","):
            frames = [smaller(each, given.scale) for each in shot(given.set, name, behind, motion, given.frames)]
            alphas = [predict_alpha(model, image, trimap) for image, _, trimap in frames]
            start = time.process_time()
            shown, motions = window(frames, alphas)
            first = max(0, (given.frames - given.middle) // 2)
            ours = {t: stabilised(shown, motions, t) for t in range(first, min(first + given.middle, given.frames))}
            spent = time.process_time() - start
            single = scores(frames, {t: alphas[t] for t in ours})
            ratios.append(scores(frames, ours) / single)
            reliable = "  ".join(
                f"{each} {a:.4g} x {b:.2f}" for each, a, b in zip(NAMES, single, ratios[-1], strict=True)
            )
            print(f"{name} {motion:8} {reliable}  ({spent:.0f} s)", flush=True)
    means = "  ".join(f"{each} x {ratio:.2f}" for each, ratio in zip(NAMES, np.mean(ratios, 0), strict=True))
    print(f"mean of {len(ratios)} shots: {means}")
    if given.hd:
        print("1920x1080: {:.1f} s of motion and {:.1f} s of layers a frame".format(*seconds_at_1080p(frames, alphas)))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
