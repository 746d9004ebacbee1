"""Trimaps of rough masks: how much of what is mixed they hold, how large they are, and the alphas that come of them.

GT01-GT09 of the alphamatting.com training set, or cut-outs (--renders) before photographs (--photos), with masks that
are the true alpha above 0.5, the same eroded, dilated and shifted by 5 pixels, and of 64x64 pixels enlarged. The band
that follows the picture stands beside bands of one radius, and beside the hand-made trimaps.

recall: share of mixed pixels (alpha 5..250 of 255) that are unknown. size: unknown pixels, as a multiple of those of
the hand-made trimap1; for renders, of the mixed pixels with 7 more around. SAD: over the whole picture, in thousands.

The band was developed on odd numbers (--half 1); even ones are held out (--half 0).

    python tests/benchmarks/bench_trimap_sources.py [--masks exact,blobby] [--radii 10,20,30] [--model NAME] [--no-sad]
    python tests/benchmarks/bench_trimap_sources.py --renders FOLDER --photos FOLDER [--every 3]
"""

import argparse
import os
import time
from collections import defaultdict
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from mattekit.imaging import io
from mattekit.models import registry
from mattekit.models.prediction import predict_alpha
from mattekit.trimap_sources.mask import adaptive_trimap

SHARED = Path(os.environ.get("MATTEKIT_SHARED", "../shared"))
MISTAKE = 5  # pixels of erosion, dilation and shift
SMALL = 64  # pixels of the side of a blobby mask


def masks_of(alpha: np.ndarray) -> dict[str, np.ndarray]:
    """Rough masks of a true alpha (H, W), by name."""
    exact = (alpha > 0.5).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * MISTAKE + 1,) * 2)
    move = np.float32([[1, 0, MISTAKE], [0, 1, MISTAKE]])
    small = cv2.resize(exact.astype(np.float32), (SMALL, SMALL), interpolation=cv2.INTER_AREA)
    made = {
        "exact": exact,
        "eroded": cv2.erode(exact, disc),
        "dilated": cv2.dilate(exact, disc),
        "shifted": cv2.warpAffine(exact, move, exact.shape[::-1], borderMode=cv2.BORDER_REPLICATE),
        "blobby": cv2.resize(small, exact.shape[::-1], interpolation=cv2.INTER_LINEAR),
    }
    return {name: mask.astype(np.float32) for name, mask in made.items() if mask.max() >= 0.5 > mask.min()}


def photographs(folder: Path, half: int | None):
    """Yield names, images, true alphas and hand-made trimaps of the alphamatting.com training set: all, or a half."""
    for path in sorted((folder / "image").iterdir()):
        if half is not None and int(path.stem[2:]) % 2 != half:
            continue
        alpha = io.read_alpha(folder / "alpha" / path.name).pixels
        yield path.stem, io.read_image(path).pixels, alpha, io.read_trimap(folder / "trimap1" / path.name)


def composites(folder: Path, photos: Path, half: int | None):
    """Yield names, images and alphas of cut-outs before photographs: all, or those of even or odd numbers."""
    behind = sorted(photos.iterdir())
    for path in sorted(folder.glob("*.png")):
        number = int(path.stem.split("_")[0])
        if half is not None and number % 2 != half:
            continue
        pixels = io.to_float(io.read_raw(path).pixels)
        fg, alpha = pixels[..., :3], np.ascontiguousarray(pixels[..., 3])
        bg = io.read_image(behind[number * 37 % len(behind)]).pixels
        bg = cv2.resize(bg, alpha.shape[::-1], interpolation=cv2.INTER_AREA)
        yield path.stem, alpha[..., None] * fg + (1 - alpha[..., None]) * bg, alpha, None


def main() -> None:
    """Print means, and each picture's figures before them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--masks", default="exact,eroded,dilated,shifted,blobby")
    parser.add_argument("--radii", default="10,20,30,40")
    parser.add_argument("--model", default="default")
    parser.add_argument("--no-sad", action="store_true")
    parser.add_argument("--renders", type=Path)
    parser.add_argument("--photos", type=Path, default=SHARED / "data/train/photos")
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take each Nth picture only")
    given = parser.parse_args()
    model = None if given.no_sad else registry.load(given.model)
    pictures = photographs(SHARED / "data/alphamatting-dev", given.half)
    if given.renders:
        pictures = composites(given.renders, given.photos, given.half)
    table = defaultdict(list)
    for name, image, alpha, hand_made in islice(pictures, 0, None, given.every):
        for key, figures in scores(image, alpha, hand_made, model, given.masks.split(","), given.radii.split(",")):
            table[key].append(figures)
            print(f"{name:14} {key[0]:8} {key[1]:9}", line(figures), flush=True)
    print("\nmean           mask     band      recall  size     SAD  CPU s   (without a model, of the trimap itself)")
    for key, rows in table.items():
        print(f"{'':14} {key[0]:8} {key[1]:9}", line(np.mean(rows, axis=0)))


def scores(image, alpha, hand_made, model, kinds, radii):
    """Yield the figures of each trimap of a picture under its mask and band."""
    mixed = (alpha >= 5 / 255) & (alpha <= 250 / 255)
    around = cv2.dilate(mixed.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    reference = np.count_nonzero(around if hand_made is None else hand_made == 0.5)

    def figures(trimap: np.ndarray, seconds: float = 0.0) -> list[float]:
        unknown = trimap == 0.5
        solved = trimap if model is None else predict_alpha(model, image, trimap)
        recall = np.count_nonzero(mixed & unknown) / mixed.sum()
        return [recall, np.count_nonzero(unknown) / reference, np.abs(solved - alpha).sum() / 1000, seconds]

    if hand_made is not None:
        yield ("-", "hand-made"), figures(hand_made)
    for kind, mask in masks_of(alpha).items():
        if kind in kinds:
            start = time.process_time()
            trimap, _ = adaptive_trimap(image, mask)
            yield (kind, "auto"), figures(trimap, time.process_time() - start)
            for radius in filter(None, radii):
                yield (kind, f"{radius} px"), figures(adaptive_trimap(image, mask, band=radius)[0])


def line(figures) -> str:
    """Return recall, size, SAD and seconds as text."""
    return "{:.4f} {:5.2f} {:7.3f} {:6.2f}".format(*figures)


if __name__ == "__main__":
    main()
