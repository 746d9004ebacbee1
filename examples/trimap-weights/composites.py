"""Composites of foregrounds before photographs, with their true alpha, and the rough masks that others make of it."""

from pathlib import Path

import cv2
import numpy as np

from mattekit.imaging import io
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb

LEAST = 180  # pixels of a foreground's side
SMALLEST, LARGEST = 80e3, 600e3  # pixels of a composite
DEFOCUS = 0.6, 14  # standard deviations of foregrounds that are blurred
TEXTURED = 0.3  # of composites: before one of the quarter of photographs with the most texture
BLURRED = 0.5  # of backgrounds, as by defocus
ALIKE = 0.2  # of backgrounds, whose mean colour is moved towards the foreground's


def textured(photos: list[Path]) -> list[Path]:
    """Return the quarter of photographs with the steepest slopes on the median of their blocks, as leaves and rocks."""

    def texture(path: Path) -> float:
        grey = cv2.resize(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), (512, 512), interpolation=cv2.INTER_AREA)
        slope = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
        return float(np.median(cv2.resize(slope, (16, 16), interpolation=cv2.INTER_AREA)))

    return sorted(photos, key=texture)[-len(photos) // 4 :]


def composite(
    lists: list[tuple[list[Path], float]], photos: list[Path], busy: list[Path], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Put a foreground before a photograph: image (H, W, 3) and alpha (H, W)."""
    while True:
        area, aspect = np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))), np.exp(rng.uniform(-0.4, 0.4))
        size = int((area * aspect) ** 0.5), int((area / aspect) ** 0.5)
        paths = lists[rng.choice(len(lists), p=[share for _, share in lists])][0]
        rgba = io.to_float(io.read_raw(paths[rng.integers(len(paths))]).pixels)
        if rgba.ndim == 3 and rgba.shape[2] == 4 and min(rgba.shape[:2]) >= LEAST:
            colours, alpha = placed(rgba, size, rng)
            mixed = ((alpha >= 5 / 255) & (alpha <= 250 / 255)).mean()
            if 0.05 < (alpha > 0.5).mean() < 0.8 and 0.003 < mixed < 0.4:
                break
    if rng.random() < 0.25:
        colours = cropped(photos, size, rng)  # textured inside
    behind = cropped(busy if rng.random() < TEXTURED else photos, size, rng)
    if rng.random() < BLURRED:
        behind = cv2.GaussianBlur(behind, (0, 0), np.exp(rng.uniform(-0.5, 2.2)))
    share = alpha[..., None]
    if rng.random() < ALIKE:
        mean = (colours * share).sum((0, 1)) / share.sum()
        behind = (behind + rng.uniform(0.4, 1) * (mean - behind.mean((0, 1)))).clip(0, 1).astype(np.float32)
    if rng.random() < 0.5:
        image = encode_srgb(share * decode_srgb(colours.clip(0, 1)) + (1 - share) * decode_srgb(behind))
    else:
        image = share * colours + (1 - share) * behind
    return stored(image, rng), alpha


def placed(rgba, size, rng) -> tuple[np.ndarray, np.ndarray]:
    """Scale, turn, tint, blur and move a foreground on a canvas (height, width): colours and alpha."""
    rgba = np.ascontiguousarray(np.rot90(rgba, rng.integers(4) if rng.random() < 0.4 else 0)[:, :: rng.choice((-1, 1))])
    tint = np.exp(rng.normal(0, 0.12, 3) + rng.normal(0, 0.15))
    colours = (rgba[..., :3].clip(0, 1) ** np.exp(rng.normal(0, 0.2)) * tint).clip(0, 1)
    lit = np.concatenate([colours * rgba[..., 3:], rgba[..., 3:]], axis=2).astype(np.float32)
    scale = min(2.2, min(size[0] / rgba.shape[0], size[1] / rgba.shape[1]) * rng.uniform(0.75, 1.5))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    lit = cv2.resize(lit, None, fx=scale, fy=scale, interpolation=how).clip(0, 1)
    if rng.random() < 0.35:
        lit = cv2.GaussianBlur(lit, (0, 0), np.exp(rng.uniform(*np.log(DEFOCUS))))
    shift = [round(rng.uniform(-0.15, 0.15) * side + (side - own) / 2)
             for side, own in zip(size, lit.shape[:2], strict=True)]  # fmt: skip
    lit = cv2.warpAffine(lit, np.float32([[1, 0, shift[1]], [0, 1, shift[0]]]), size[::-1], flags=cv2.INTER_NEAREST)
    return lit[..., :3] / np.maximum(lit[..., 3:], 1e-3), np.ascontiguousarray(lit[..., 3])


def cropped(photos, size, rng) -> np.ndarray:
    """Cut a part of a size (height, width) out of a photograph."""
    photo = io.read_image(photos[rng.integers(len(photos))]).pixels
    scale = max(size[0] / photo.shape[0], size[1] / photo.shape[1]) * rng.uniform(1, 1.6)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    wide = [max(side, round(own * scale)) for side, own in zip(size, photo.shape[:2], strict=True)]
    photo = cv2.resize(photo, wide[::-1], interpolation=how)
    top, left = (rng.integers(side - own + 1) for side, own in zip(wide, size, strict=True))
    return np.ascontiguousarray(photo[top : top + size[0], left : left + size[1]])


def stored(image, rng) -> np.ndarray:
    """Add noise to most pictures, round to 8 bits, and compress some."""
    image = image + rng.normal(0, 1, image.shape) * rng.uniform(0, 4) / 255 * (rng.random() < 0.6)
    levels = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.4:
        packed = cv2.imencode(".jpg", levels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 96))])[1]
        levels = cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1]
    return io.to_float(np.ascontiguousarray(levels))


def rough(alpha, rng) -> np.ndarray:
    """Return one of the masks (H, W) that people and networks make of a true alpha."""
    mask, short = (alpha > rng.choice([0.3, 0.5, 0.5, 0.5, 0.7])).astype(np.uint8), min(alpha.shape)
    size = alpha.shape[::-1]

    def disc(radius):
        return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * int(radius) + 1,) * 2)

    def blobs():
        side = int(rng.choice([48, 64, 64, 64, 96, 128]))
        small = cv2.resize(mask.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)

    def blurred(most):
        return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), rng.uniform(2, most * short))

    move = np.float32([[1, 0, rng.integers(-7, 8)], [0, 1, rng.integers(-7, 8)]])
    ways = {
        "exact": (0.22, lambda: mask),
        "eroded": (0.09, lambda: cv2.erode(mask, disc(rng.integers(2, 9)))),
        "dilated": (0.12, lambda: cv2.dilate(mask, disc(rng.integers(2, 9)))),
        "shifted": (0.1, lambda: cv2.warpAffine(mask, move, size, borderMode=cv2.BORDER_REPLICATE)),
        "blobby": (0.17, blobs),
        "hard blobs": (0.06, lambda: blobs() > 0.5),
        "smooth": (0.07, lambda: blurred(0.02) > 0.5),
        "opened": (0.07, lambda: cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc(rng.uniform(0.01, 0.035) * short))),
        "closed": (0.04, lambda: cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc(rng.uniform(0.01, 0.025) * short))),
        "soft": (0.06, lambda: 1 / (1 + np.exp(-rng.uniform(6, 16) * (blurred(0.015) - 0.5)))),
    }
    name = rng.choice(list(ways), p=[share for share, _ in ways.values()])
    return np.asarray(ways[name][1](), np.float32)
