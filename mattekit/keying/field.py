"""The light of the screen at every pixel: a smooth fit to what is surely screen, and its shading close by."""

from typing import NamedTuple

import cv2
import numpy as np

from mattekit.imaging.codecs.exr import encode_srgb
from mattekit.keying.colour import NEAR, ScreenColour, chromaticity, dot
from mattekit.keying.fill import fill

SIDE = 192  # pixels of the reduced picture to which the polynomial is fitted
ORDER = 3
RIDGE = 1e-3  # on terms above the constant one, per pixel fitted: little screen bends no polynomial
FLOOR = np.float32(1e-4)  # light below this has no logarithm
GREYER = 0.04  # distance of chromaticities towards grey up to which noise may explain them, and mixing need not
DARKER = 2.5  # how many times further off the fit something darker counts than something brighter
SHADE = 0.2, 1.5  # of the lit screen's light, between which a pixel of its colour is screen
LIT = 0.25  # a pixel whose shade is this close to 1 lies in no deep shadow
FEW = 20  # pixels: patches with fewer that are lit are no screen
CLOSE = 0.05  # weight of coarser scales in the shading, which varies quickly
SQUARE = np.ones((3, 3), np.uint8)


class ScreenField(NamedTuple):
    """Screen light, and where nothing else is seen.

    Attributes
    ----------
    light : (H, W, 3) float32, linear light of the screen, behind the foreground too
    shade : (H, W) float32, this light relative to that of the screen without shadows, which varies smoothly
    sure : (H, W) bool, pixels that show the screen alone
    noise : standard deviation of the plate's sRGB values there
    uneven : standard deviation of the shade there
    """

    light: np.ndarray
    shade: np.ndarray
    sure: np.ndarray
    noise: float
    uneven: float


def screen_field(
    light: np.ndarray,
    coded: np.ndarray,
    colour: ScreenColour,
    *,
    usable: np.ndarray | None = None,
    clean: np.ndarray | None = None,
) -> ScreenField:
    """Find the screen's light everywhere.

    Parameters
    ----------
    light, coded : (H, W, 3) float32, a plate in linear light and in sRGB values
    colour : of the screen
    usable : (H, W) bool, pixels that may be screen; all of them unless given
    clean : (H, W, 3) float32, linear light of the screen without the foreground; fitted unless given
    """
    usable = np.ones(light.shape[:2], bool) if usable is None else usable
    near = _near(light, colour) & usable
    if clean is not None:
        near &= _near(clean, colour)
    lit = _fit(light, near) if clean is None else clean
    noise = noise_of(coded, near)
    sure = _surely_screen(light, coded, lit, noise) & usable
    if not sure.any():
        sure = near if near.any() else usable
    ratio = cv2.blur(light / np.maximum(lit, FLOOR), (3, 3))
    inner = cv2.erode(sure.astype(np.uint8), SQUARE) > 0
    shading = fill(ratio.clip(0, 4), (inner if inner.any() else sure).astype(np.float32), CLOSE)
    shade = shading.mean(2)
    return ScreenField(lit * shading, shade, sure, noise, float(shade[sure].std()))


def noise_of(coded: np.ndarray, region: np.ndarray) -> float:
    """Standard deviation of the noise of sRGB values (H, W, 3) in a smooth region (H, W) bool; at least 0.3 levels.

    References
    ----------
    Immerkaer, "Fast Noise Variance Estimation", 1996, with a median for its mean.
    """
    inner = cv2.erode(region.astype(np.uint8), SQUARE) > 0
    if not inner.any():
        return 1 / 255
    kernel = np.float32([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6
    return float(max(1.4826 * np.median(np.abs(cv2.filter2D(coded, -1, kernel)[inner])), 0.3 / 255))


def _near(light: np.ndarray, colour: ScreenColour) -> np.ndarray:
    """Mark pixels whose hue and level are about the screen's."""
    hue = chromaticity(colour.light)
    off = chromaticity(light) - hue
    greyer = -(off * (hue - 1 / 3)).sum(2) / np.linalg.norm(hue - 1 / 3)
    level, usual = light.sum(2), colour.light.sum()
    return (dot(off, off) < (1.5 * NEAR) ** 2) & (greyer < GREYER) & (level > 0.25 * usual) & (level < 3 * usual)


def _fit(light: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Fit the log light of each channel, where it may be screen, by a cubic of the position, robustly."""
    height, width = near.shape
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    weight = cv2.resize(near.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    weighted = cv2.resize(light * near[..., None], size, interpolation=cv2.INTER_AREA)
    seen = weight >= min(0.5, weight.max()) if weight.any() else weight == 0
    logs = np.log(np.maximum(weighted[seen] / np.maximum(weight[seen], 1e-6)[:, None], FLOOR))
    terms = _terms(size[::-1])
    smooth = np.exp(terms @ _robust(terms[seen], logs)).astype(np.float32)
    return cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)


def _terms(shape: tuple[int, int]) -> np.ndarray:
    """Return all products of powers of the position up to the order, (h, w, terms), the constant one first."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    return np.stack([x**i * y**j for i in range(ORDER + 1) for j in range(ORDER + 1 - i)], axis=-1)


def _robust(terms: np.ndarray, logs: np.ndarray) -> np.ndarray:
    """Solve least squares ten times over with Tukey's weights; less is given on what is darker, as shadows are."""
    ridge = RIDGE * len(terms) * np.eye(terms.shape[1])
    ridge[0, 0] = 1e-9
    coefficients = np.zeros((terms.shape[1], logs.shape[1]))
    coefficients[0] = np.quantile(logs, 0.6, axis=0)
    for cut in (0.7, 0.5, 0.3, 0.2, 0.15, *[0.1] * 5):
        off = logs - terms @ coefficients
        off = np.maximum(off, -DARKER * off).max(1)
        weights = np.maximum(1 - (off / max(cut, 4 * np.median(off))) ** 2, 0) ** 2 + 1e-6
        weighted = weights[:, None] * terms
        coefficients = np.linalg.solve(terms.T @ weighted + ridge, weighted.T @ logs)
    return coefficients


def _surely_screen(light: np.ndarray, coded: np.ndarray, lit: np.ndarray, noise: float) -> np.ndarray:
    """Mark pixels of the lit screen's colour, and its soft shadows: what is reached without crossing an edge."""
    shade = dot(light, lit) / np.maximum(dot(lit, lit), FLOOR**2)
    off = cv2.blur(coded - encode_srgb(shade[..., None] * lit), (3, 3))
    same = (np.abs(off).max(2) < 0.012 + 1.5 * noise) & (shade > SHADE[0]) & (shade < SHADE[1])
    steep = cv2.morphologyEx(cv2.blur(coded, (3, 3)), cv2.MORPH_GRADIENT, SQUARE).max(2)
    same &= steep < 0.02 + 2 * noise
    count, labels = cv2.connectedComponents(same.astype(np.uint8), connectivity=4)
    lit_pixels = np.bincount(labels[same & (np.abs(shade - 1) < LIT)], minlength=count)
    return (lit_pixels >= FEW)[labels] & same
