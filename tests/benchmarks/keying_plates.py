"""Plates in front of a screen with exact truth, made from straight RGBA foregrounds: what `bench_key.py` keys.

The light of foreground and screen is mixed, not the numbers that stand for it, as a camera does. Everything about a
plate follows from its file's name and the number of the take.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mattekit.imaging import io
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb

STORED = ("8 bits", "JPEG", "float")
GREEN, BLUE = (0.22, 0.68, 0.24), (0.14, 0.28, 0.72)  # sRGB values of a lit screen


@dataclass(frozen=True)
class Plate:
    """A plate and its truth, sRGB-coded unless it says otherwise.

    Attributes
    ----------
    image : (H, W, 3) float32; of a "float" plate above 1 in places
    alpha : (H, W) float32
    foreground : (H, W, 3) float32, without spill
    clean : (H, W, 3) float32, the screen alone
    screen : "green" or "blue"
    stored : one of STORED
    blurred : bool
        Whether the foreground moved while the shutter was open.
    """

    name: str
    image: np.ndarray
    alpha: np.ndarray
    foreground: np.ndarray
    clean: np.ndarray
    screen: str
    stored: str
    blurred: bool


def plate(path: Path, take: int = 0) -> Plate:
    """Make a plate of a file with a straight RGBA foreground; other takes turn it, and differ in all else."""
    rng = np.random.default_rng(zlib.crc32(path.stem.encode()) + 7919 * take)
    rgba = np.ascontiguousarray(np.rot90(io.to_float(io.read_raw(path).pixels), take))
    stored = STORED[rng.integers(len(STORED))]
    light, alpha = decode_srgb(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
    if stored == "float":
        light = light * np.float32(rng.uniform(1, 2.5))
    if blurred := bool(rng.random() < 0.3):
        light, alpha = moved(light, alpha, rng)
    screen = _screen(light, alpha, rng)
    behind = uneven(decode_srgb(np.float32({"green": GREEN, "blue": BLUE}[screen])), alpha.shape, rng)
    lit = light + spill(alpha, rng)[..., None] * behind
    mixed = alpha[..., None] * lit + (1 - alpha[..., None]) * behind
    image, clean = (_stored(picture, stored, rng) for picture in (mixed, behind))
    return Plate(f"{path.stem}/{take}", image, alpha, encode_srgb(light), clean, screen, stored, blurred)


def moved(light: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Blur a foreground along a straight line of 7 to 25 pixels."""
    length, angle = rng.uniform(7, 25), rng.uniform(0, np.pi)
    kernel = np.zeros((27, 27), np.float32)
    ends = [tuple(np.round(16 * (13 + s * length / 2 * np.array([np.cos(angle), np.sin(angle)]))).astype(int).tolist())
            for s in (-1, 1)]  # fmt: skip
    cv2.line(kernel, *ends, 1.0, 1, cv2.LINE_AA, 4)
    kernel = (kernel > 0) / np.float32((kernel > 0).sum())
    soft = cv2.filter2D(alpha, -1, kernel).clip(0, 1)
    colours = cv2.filter2D(light * alpha[..., None], -1, kernel)
    return np.where(soft[..., None] > 1e-3, colours / np.maximum(soft, 1e-3)[..., None], light), soft


def _screen(light: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> str:
    """Choose the screen that a crew would: not the one of the foreground's colour."""
    red, green, blue = (light * alpha[..., None]).mean((0, 1)) / max(alpha.mean(), 1e-6)
    if max(green, blue) > 1.1 * red:
        return "blue" if green > blue else "green"
    return ("green", "blue")[rng.integers(2)]


def uneven(colour: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Light (H, W, 3) of a screen with a gradient, a hot spot, wrinkles and a drift of its hue."""
    height, width = shape
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(shape)
    gradient = 1 + rng.uniform(-0.35, 0.35) * (x - 0.5) + rng.uniform(-0.35, 0.35) * (y - 0.5)
    distance = np.hypot(x - rng.uniform(0.2, 0.8), y - rng.uniform(0.2, 0.8))
    level = gradient * (0.8 + 0.35 * np.exp(-((distance / rng.uniform(0.3, 0.7)) ** 2)))
    for _ in range(rng.integers(2, 6)):
        angle, wave = rng.uniform(0, np.pi), rng.uniform(0.04, 0.2)
        along = np.cos(angle) * x + np.sin(angle) * y + 0.03 * np.sin(9 * (x - y) + rng.uniform(0, 6))
        level *= 1 + rng.uniform(0.01, 0.05) * np.sin(2 * np.pi * along / wave + rng.uniform(0, 6))
    hue = 1 + rng.normal(0, 0.04, 3) * (x - 0.5)[..., None] + rng.normal(0, 0.04, 3) * (y - 0.5)[..., None]
    return (colour * rng.uniform(0.6, 1.2) * level[..., None] * hue).astype(np.float32)


def spill(alpha: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Share (H, W) of the screen's light that the foreground throws back: most at its edges."""
    depth = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return np.float32(rng.uniform(0.02, 0.18)) * np.exp(-depth / np.float32(rng.uniform(4, 25)))


def _stored(light: np.ndarray, stored: str, rng: np.random.Generator) -> np.ndarray:
    """Add noise, and keep what a file of this kind keeps."""
    if stored == "float":
        noise = rng.normal(0, 0.004, light.shape) * np.sqrt(light + 0.02)
        return encode_srgb(np.float32(np.float16(light + noise)))
    noise = rng.uniform(0.5, 2.5) / 255 * rng.normal(0, 1, light.shape)
    levels = np.round((encode_srgb(light) + noise).clip(0, 1) * 255).astype(np.uint8)
    if stored == "JPEG":
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(80, 96))]
        levels = cv2.imdecode(cv2.imencode(".jpg", levels[..., ::-1], quality)[1], cv2.IMREAD_COLOR)[..., ::-1]
    return io.to_float(np.ascontiguousarray(levels))
