"""Layers that the default weights learn from and are validated on, drawn by seed and number.

A foreground is a render, a cut-out, foliage, smoke or a synthetic one; its colours may give way to a photograph's. A
background is a photograph. Every `HELD_OUT`th photograph is for validation alone, as are the renders that
`validation.py` names.
"""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from mattekit.imaging import io
from mattekit.samples.sample import Sample
from mattekit.samples.sources.synthetic import SyntheticSource

HELD_OUT = 9
SHARES = {"renders": 0.45, "cutouts": 0.15, "foliage-smoke": 0.17, "synthetic": 0.23}
SIZE = 448  # side of a sample: just above the size up to which estimates are made as on small pictures
TRANSPARENT = 1e-3  # alpha below which a stored colour means nothing


def photographs(data: Path, *, held_out: bool) -> list[Path]:
    """Return the photographs for validation, or those for training with the wallpapers."""
    photos = sorted((data / "photos").glob("*.webp")) + sorted((data / "photos").glob("*.jpg"))
    if held_out:
        return photos[::HELD_OUT]
    return [path for n, path in enumerate(photos) if n % HELD_OUT] + sorted((data / "backgrounds").glob("*.*p*"))


class Material:
    """Draws samples of `SIZE`: a foreground on a larger or smaller scale, and a background in its place.

    Parameters
    ----------
    data : folder with renders, cutouts, foliage-smoke, photos and backgrounds.
    more : further folders of renders.
    """

    def __init__(self, data: Path, more: tuple[Path, ...] = ()):
        self.files = {kind: sorted((data / kind).glob("*.*p*")) for kind in SHARES if kind != "synthetic"}
        self.files["renders"] += [path for folder in more for path in sorted(folder.glob("*.png"))]
        self.photos = photographs(data, held_out=False)
        self.synthetic = SyntheticSource(size=(SIZE, SIZE))

    def draw(self, rng: np.random.Generator) -> tuple[Sample, dict]:
        """Draw a sample, and what it is made of: "kind", "painted" (weight of a photograph's colours), "alike"."""
        kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        fg, alpha = self.foreground(rng, kind)
        tags = {"kind": kind, "painted": 0.0, "alike": False}
        own = self.photo(rng)
        if rng.random() < 0.35:
            tags["painted"] = float(rng.choice([1.0, rng.uniform(0.3, 1)]))
            fg = tags["painted"] * _excerpt(rng, own) + (1 - tags["painted"]) * fg
            tags["alike"] = bool(rng.random() < 0.3)
        bg = _excerpt(rng, own if tags["alike"] else self.photo(rng))
        sample = Sample(alpha=alpha, fg=fg.astype(np.float32), bg=bg, placed=True)
        sample.draw = lambda rng: self.foreground(rng, "renders")
        return sample, tags

    def foreground(self, rng: np.random.Generator, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Draw colours (S, S, 3) and alpha (S, S), S = `SIZE`, float32 in 0..1, of a kind of `SHARES`."""
        if kind == "synthetic":
            sample = self.synthetic.read(0, rng)
            return sample.fg, sample.alpha
        for _ in range(10):
            files = self.files[kind]
            pixels = read(files[rng.integers(len(files))])
            if kind == "foliage-smoke":  # its alpha is nearly binary at full size
                pixels = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
                tint = rng.random(3) ** 0.5
                pixels = pixels * np.float32([*(tint if pixels[..., :3].std() < 0.02 else np.ones(3)), 1])
            placed = _placed(rng, pixels)
            if 0.01 < placed[..., 3].mean() < 0.97:
                break
        return filled(placed), placed[..., 3].clip(0, 1)

    def photo(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a photograph (H, W, 3) float32 in 0..1."""
        return image(self.photos[rng.integers(len(self.photos))]).astype(np.float32) / 255


@lru_cache(maxsize=400)
def image(path: Path) -> np.ndarray:
    """Read a photograph as (H, W, 3) uint8."""
    return (io.read_image(path).pixels * 255).round().astype(np.uint8)


def read(path: Path) -> np.ndarray:
    """Read a cut-out (H, W, 4) float32, its colours premultiplied by alpha."""
    pixels = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA).astype(np.float32) / 255
    pixels[..., :3] *= pixels[..., 3:]
    return pixels


def filled(premultiplied: np.ndarray) -> np.ndarray:
    """Return straight colours (H, W, 3) of a premultiplied picture; where nothing is seen, those of what is nearby."""
    total, result = premultiplied, np.zeros_like(premultiplied[..., :3])
    missing = np.ones(total.shape[:2], bool)
    height, width = missing.shape
    while missing.any() and max(total.shape[:2]) > 1:
        level = cv2.resize(total, (width, height))
        take = missing & (level[..., 3] > TRANSPARENT)
        result[take] = level[take, :3] / level[take, 3:]
        missing &= ~take
        size = max(1, total.shape[1] // 2), max(1, total.shape[0] // 2)
        total = cv2.resize(total, size, interpolation=cv2.INTER_AREA)
    return result.clip(0, 1)


def _placed(rng: np.random.Generator, pixels: np.ndarray) -> np.ndarray:
    """Scale a premultiplied picture, turn it a little, and put it somewhere on a transparent square."""
    height, width = pixels.shape[:2]
    scale = min(SIZE * rng.uniform(0.7, 1.5) / max(height, width), 1.6)
    angle = np.deg2rad(rng.uniform(-30, 30))
    mirror = rng.choice([-1, 1])
    linear = scale * np.array([[np.cos(angle) * mirror, -np.sin(angle)], [np.sin(angle) * mirror, np.cos(angle)]])
    shift = rng.uniform(-0.2, 0.2, 2) * SIZE + (SIZE - 1) / 2 - linear @ [(width - 1) / 2, (height - 1) / 2]
    if scale < 0.75:  # so that thin things are not lost between samples
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.4 / scale)
    matrix = np.column_stack([linear, shift])
    return cv2.warpAffine(pixels, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def _excerpt(rng: np.random.Generator, photo: np.ndarray, size: int = SIZE) -> np.ndarray:
    """Cut a square out of a photograph (H, W, 3), on a random scale, and scale it to `size`."""
    height, width = photo.shape[:2]
    side = int(min(height, width, size * rng.uniform(0.8, 2.2)))
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    square = photo[top : top + side, left : left + side]
    if rng.random() < 0.5:
        square = square[:, ::-1]
    return cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR)
