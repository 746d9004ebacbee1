"""A picture of the same view without the subject as a source: what differs from it is foreground."""

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.alignment import align
from mattekit.imaging.codecs.exr import decode_srgb
from mattekit.trimap_sources.band import Band
from mattekit.trimap_sources.mask import REASONS, adaptive_trimap, size_text
from mattekit.trimap_sources.source import SourcedTrimap

SHIFT = 0.6  # pixels that alignment may leave: edges may differ by their slope times this
SURE = 4.0, 10.0  # tolerances that a pixel differs by, up to which it is background, and from which foreground
LEAST = 1.2 / 255  # noise that every picture has
SHADE = 0.25  # of the plate's light that is left in the deepest shadow
SHADED = 0.35  # probability of what is as a shadow would make it
SPECK, HOLE = 5, 9  # pixels across: smaller foreground is noise, and smaller background inside it doubtful
LITTLE = 0.1  # probability
NOTHING = 0.001  # share of the picture: less is no subject


class CleanPlateSource:
    """Trimaps of pictures whose background is known from another picture.

    Parameters
    ----------
    plate : (H, W, 3) float32, sRGB-coded
        The same view without the subject. A small shift and another exposure are found and undone.
    band : "auto", "PX" or "PERCENT%"
        As for `mask.adaptive_trimap`.
    """

    name = "clean-plate"

    def __init__(self, plate: np.ndarray, band: Band = "auto"):
        self.plate, self.band = plate, band

    def __call__(self, image: np.ndarray) -> SourcedTrimap:
        """Return the trimap of an image (H, W, 3).

        Raises
        ------
        InputError
            If sizes differ, or nothing or everything differs from the plate.
        """
        if image.shape != self.plate.shape:
            raise InputError(f"{size_text(self.plate)}, but the picture is {size_text(image)}.")
        aligned = align(self.plate, image)
        likely = difference(image, aligned.picture, aligned.inside)
        share = float((likely >= 0.5).mean())
        if share < NOTHING or share > 1 - NOTHING:
            found = "hardly anything" if share < NOTHING else "nearly everything"
            raise InputError(f"{found} differs from it, wanted the same view without the subject.")
        trimap, reasons = adaptive_trimap(image, likely, band=self.band)
        facts = {"shift": round(aligned.shift, 2), "gains": [round(float(gain), 4) for gain in aligned.gains]}
        return SourcedTrimap(trimap, likely, reasons, REASONS, facts)


def difference(image: np.ndarray, plate: np.ndarray, inside: np.ndarray | None = None) -> np.ndarray:
    """Tell how likely each pixel is foreground, from how it differs from an aligned plate.

    Differences count in tolerances: noise, and what a shift left at edges. A darker copy of the plate, of the same
    colour, is a shadow at most: never surely foreground, and background where it varies smoothly.

    Parameters
    ----------
    image, plate : (H, W, 3) float32, sRGB-coded
    inside : (H, W) bool, pixels that the plate covers; what lies outside is as likely as not.

    Returns
    -------
    (H, W) float32 in 0..1
    """
    tolerance = _tolerance(image, plate)
    likely = _ramp(np.abs(image - plate).max(2) / tolerance)
    shade, off_colour = _shade(image, plate)
    as_shadow = (off_colour < SURE[0] * tolerance) & (shade < 1) & (shade > SHADE)
    likely[as_shadow] = np.minimum(likely, SHADED)[as_shadow]
    likely[as_shadow & _smooth(shade)] = 0
    if inside is not None:
        likely[~inside] = 0.5
    return _without_specks(likely)


def _ramp(tolerances: np.ndarray) -> np.ndarray:
    low, high = SURE
    return ((tolerances - low) / (high - low)).clip(0, 1).astype(np.float32)


def _tolerance(image: np.ndarray, plate: np.ndarray) -> np.ndarray:
    """Standard deviation (H, W) by which a pixel of the background may differ."""
    off = np.abs(image - plate)
    # A tenth of normal noise in three channels is within 0.62 standard deviations: what matches best is background.
    noise = max(LEAST, float(np.quantile(off, 0.1)) / 0.62)
    slopes = [np.abs(cv2.Sobel(plate, cv2.CV_32F, *order, ksize=3)).max(2) / 8 for order in ((1, 0), (0, 1))]
    return noise + SHIFT / SURE[0] * cv2.dilate(np.hypot(*slopes), np.ones((3, 3), np.uint8))


def _shade(image: np.ndarray, plate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share (H, W) of the plate's light that is left, and how far its values then differ at most."""
    light, behind = decode_srgb(image.clip(0, None)), decode_srgb(plate.clip(0, None))
    shade = (light * behind).sum(2) / np.maximum((behind * behind).sum(2), np.float32(1e-6))
    shade = shade.clip(0, 4)
    # In values a shade is nearly a factor, too: that of light to the power of 1 / 2.4.
    copy = plate * shade[..., None] ** np.float32(1 / 2.4)
    return shade, np.abs(image - copy).max(2)


def _smooth(shade: np.ndarray) -> np.ndarray:
    """Mark where a shade has no edge: its penumbra is wider than what the subject's outline would be."""
    soft = cv2.GaussianBlur(shade, (0, 0), 2)
    return cv2.morphologyEx(soft, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) < 0.04


def _without_specks(likely: np.ndarray) -> np.ndarray:
    """Take out what has no sure heart, and doubt small holes in what is sure."""
    side = min(3, *(n - 1 + n % 2 for n in likely.shape))
    likely = cv2.medianBlur(likely, side)
    hearts = cv2.erode((likely > 1 - LITTLE).astype(np.uint8), np.ones((SPECK, SPECK), np.uint8))
    likely[~_patches_with(likely > LITTLE, hearts > 0)] = 0
    bare = cv2.erode((likely < LITTLE).astype(np.uint8), np.ones((HOLE, HOLE), np.uint8))
    holes = (likely < LITTLE) & ~_patches_with(likely < LITTLE, bare > 0)
    likely[holes] = 0.5
    return likely


def _patches_with(region: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """Keep the connected patches of a region (H, W) that hold a marked pixel."""
    count, labels = cv2.connectedComponents(region.astype(np.uint8), connectivity=8)
    kept = np.bincount(labels[marked], minlength=count) > 0
    return kept[labels] & region
