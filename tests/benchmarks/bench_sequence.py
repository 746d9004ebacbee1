"""Trimaps of key frames carried along a shot, against exact trimaps of every frame and a still one.

    python tests/benchmarks/bench_sequence.py SET [--pictures GT04,GT01] [--frames 16] [--model default]

SET is a folder with image/, trimap1/ and alpha/, as alphamatting.com's training set. Each picture's foreground moves
over another picture: shifted, turned and enlarged, bent as by wind, or both layers apart. Prints the SAD (thousands,
whole frame) of the middle frame with each trimap, and ratios to the exact trimap's; then seconds per frame of 1080p.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from mattekit.imaging import background, io
from mattekit.imaging.multilevel_foreground import multilevel_foreground
from mattekit.metrics import sad
from mattekit.models import registry
from mattekit.models.prediction import predict_alpha
from mattekit.sequences import flow
from mattekit.sequences.propagation import FlowToKey, merged, warped, widened

MOTIONS = ("shift", "turn", "wind", "parallax")


def places(motion: str, t: int, size: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """Return where each pixel of frame t lies in the foreground's picture and in the background's: x, y, x, y."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    if motion == "shift":
        return x - 2.5 * t, y - 1.2 * t, x, y
    if motion == "parallax":
        return x - 3 * t, y, x + 1.5 * t, y
    if motion == "wind":
        fade = min(1, t)
        return x + fade * 3 * np.sin(y / 23 + 0.6 * t), y + fade * 2 * np.sin(x / 31 + 0.45 * t), x, y
    angle, scale = np.deg2rad(0.7 * t), 1 / (1 + 0.006 * t)
    u, v = scale * (x - size[1] / 2), scale * (y - 0.9 * size[0])
    turned = np.cos(angle) * u + np.sin(angle) * v + size[1] / 2, np.cos(angle) * v - np.sin(angle) * u + 0.9 * size[0]
    return *turned, x + 0.5 * t, y


def shot(folder: Path, name: str, behind: str, motion: str, count: int) -> list[tuple[np.ndarray, ...]]:
    """Return the frames of a shot: image, alpha and exact trimap."""
    image, other = (io.read_image(folder / f"image/{each}.png").pixels for each in (name, behind))
    alpha, trimap = io.read_alpha(folder / f"alpha/{name}.png").pixels, io.read_trimap(folder / f"trimap1/{name}.png")
    fg, bg = multilevel_foreground(image, alpha), background.cover(other, alpha.shape)
    rng, frames = np.random.default_rng(0), []
    for t in range(count):
        x, y, bx, by = (place.astype(np.float32) for place in places(motion, t, alpha.shape))
        moved, over, under = (
            cv2.remap(layer, *at, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).clip(0, 1)
            for layer, at in ((alpha, (x, y)), (alpha[..., None] * fg, (x, y)), (bg, (bx, by)))
        )
        noise = rng.normal(0, 0.005, image.shape).astype(np.float32)
        frame = np.rint((over + (1 - moved[..., None]) * under + noise).clip(0, 1) * 255) / np.float32(255)
        exact = cv2.remap(trimap, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        exact[((exact == 0) & (moved > 0.004)) | ((exact == 1) & (moved < 0.996))] = 0.5
        frames.append((frame.astype(np.float32), moved, exact))
    return frames


def flow_to_key(frames: list[tuple[np.ndarray, ...]]) -> FlowToKey:
    """Return the flow from the last of the frames to the first."""
    greys = [flow.grey(frame[0]) for frame in frames]
    found = FlowToKey.of_key(greys[0].shape)
    for before, after in zip(greys, greys[1:], strict=False):
        found = found.extended(flow.motion(after, before))
    return found


def trimaps(frames: list[tuple[np.ndarray, ...]], middle: int) -> dict[str, np.ndarray]:
    """Return the trimaps of the middle frame: exact, of the first frame, and carried from one key and from two."""
    ahead, back = flow_to_key(frames[: middle + 1]), flow_to_key(frames[: middle - 1 : -1])
    first, last = warped(frames[0][2], ahead), warped(frames[-1][2], back)
    return {
        "exact": frames[middle][2],
        "still": frames[0][2],
        "one key": widened(first, ahead.uncertainty),
        "two keys": widened(*merged(first, ahead.uncertainty, last, back.uncertainty)),
    }


def seconds_at_1080p() -> float:
    """Seconds for one frame of 1920x1080: both flows and the trimap."""
    rng = np.random.default_rng(0)
    wide = cv2.GaussianBlur(rng.integers(0, 255, (1080, 1960)).astype(np.uint8), (0, 0), 3)
    one, other = np.ascontiguousarray(wide[:, 20:1940]), np.ascontiguousarray(wide[:, 12:1932])
    y, x = np.mgrid[:1080, :1920]
    distance = np.hypot(y - 540, x - 960)
    key = np.where(distance < 300, 1, np.where(distance > 360, 0, 0.5)).astype(np.float32)
    rounds = []
    for _ in range(3):
        start = time.perf_counter()
        found = FlowToKey.of_key(one.shape).extended(flow.motion(other, one))
        widened(warped(key, found), found.uncertainty)
        rounds.append(time.perf_counter() - start)
    return min(rounds)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("--pictures", default="GT04,GT01,GT08")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--model", default="default")
    given = parser.parse_args()
    model, names = registry.load(given.model), given.pictures.split(",")
    all_names = sorted(path.stem for path in (given.set / "image").iterdir())
    ratios: dict[str, list[float]] = {}
    for name in names:
        behind = all_names[(all_names.index(name) + 4) % len(all_names)]
        for motion in MOTIONS:
            frames = shot(given.set, name, behind, motion, given.frames)
            middle = given.frames // 2
            image, truth, exact = frames[middle]
            scores = {}
            for kind, trimap in trimaps(frames, middle).items():
                levels = [np.rint(a * 255).astype(np.uint8) for a in (predict_alpha(model, image, trimap), truth)]
                scores[kind] = sad(*levels, np.ones(truth.shape, bool))
                ratios.setdefault(kind, []).append(scores[kind] / scores["exact"])
                size = (trimap == 0.5).sum() / (exact == 0.5).sum()
                mixed = (truth > 0.02) & (truth < 0.98)
                recall = (trimap == 0.5)[mixed].mean()
                print(
                    f"{name} {motion:8} {kind:8} SAD {scores[kind]:6.2f}  unknown {size:.2f}  recall {recall:.3f}",
                    flush=True,
                )
    for kind, values in ratios.items():
        print(f"{kind}: SAD {np.exp(np.mean(np.log(values))):.2f} times the exact trimap's (geometric mean)")
    print(f"1920x1080: {seconds_at_1080p():.2f} s a frame (flows both ways and the trimap)")


if __name__ == "__main__":
    main()
