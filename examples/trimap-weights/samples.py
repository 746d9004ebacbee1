"""Write what the band's network learns from: planes of composites under rough masks, with the class of each pixel."""

import argparse
from pathlib import Path

import cv2
import numpy as np
from composites import composite, rough, textured

from mattekit.trimap_sources import following
from mattekit.trimap_sources.band_network import planes_of
from mattekit.trimap_sources.mask_edge import MaskEdge
from mattekit.trimap_sources.strands import line_contrast

MASKS = 2  # of each composite


def main() -> None:
    """Draw composites and masks, and write their planes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--foregrounds", action="append", required=True, metavar="FOLDER=SHARE")
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--samples", type=int, default=600)
    parser.add_argument("--held-out", action="store_true", help="every tenth foreground and eighth photograph")
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    folders = [text.split("=") for text in given.foregrounds]
    lists = [(part(sorted(Path(folder).glob("*.*")), 10, given.held_out), float(share)) for folder, share in folders]
    photos = [path for path in given.photos.iterdir() if path.suffix in (".webp", ".jpg", ".png")]
    photos = part(sorted(photos), 8, given.held_out)
    busy = textured(photos)
    given.output.mkdir(parents=True, exist_ok=True)
    for number in range(given.first, given.first + given.samples):
        rng = np.random.default_rng((number, given.held_out))
        image, alpha = composite(lists, photos, busy, rng)
        for which in range(MASKS):
            made = sample(image, rough(alpha, rng), alpha)
            if made is not None:
                np.save(given.output / "unfinished", made)
                (given.output / "unfinished.npy").rename(given.output / f"{number:05}_{which}.npy")
        print(f"{number}", flush=True)


def part(paths: list[Path], every: int, held_out: bool) -> list[Path]:
    """Return the paths that are held out, or the others."""
    return [path for k, path in enumerate(paths) if (k % every == every - 1) == held_out]


def sample(image: np.ndarray, mask: np.ndarray, alpha: np.ndarray) -> np.ndarray | None:
    """Return (C + 2, h, w) uint8: the network's planes, the class of each pixel, and alpha; None for a bad mask."""
    if not mask.max() >= 0.5 > mask.min():
        return None
    size = following.reduced_size(mask.shape)
    small, likely, true = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (image, mask, alpha))
    planes = planes_of(small, line_contrast(image, true.shape), MaskEdge(likely))
    if planes is None:
        return None
    mixed = ((alpha >= 5 / 255) & (alpha <= 250 / 255)).astype(np.float32)
    classes = np.where(cv2.resize(mixed, size, interpolation=cv2.INTER_AREA) > 0, 1, np.where(true > 0.5, 2, 0))
    levels = np.rint(np.stack([*planes, true]) * 255).astype(np.uint8)
    return np.concatenate([levels[:-1], classes[None].astype(np.uint8), levels[-1:]])


if __name__ == "__main__":
    main()
