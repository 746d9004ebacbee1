"""Random trimaps as the papers' training makes them from the true alpha; each paper's rule is a row of RULES."""

import hashlib
from dataclasses import dataclass

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.erosion import erode_by_distances, erode_by_kernel
from mattekit.imaging.trimap import join, known


@dataclass(frozen=True)
class Rule:
    """Rule by which a paper widens the unknown region.

    shape: "kernel" erodes both known regions by elliptical kernels, so that a hard edge gets a band as well;
        "distance" dilates the soft pixels by a Euclidean distance, and a hard edge stays one.
    largest: kernel side or distance in pixels; a whole number drawn uniformly from 1 to this.
    both_sides: the background and the foreground side have a draw of their own.
    """

    shape: str
    largest: int
    both_sides: bool


RULES = {
    # IndexNet (Lu et al. 2019): "random trimap dilation" of section 5.1; numbers from the released code.
    "indexnet": Rule("distance", 19, both_sides=False),
    # A2U (Dai et al. 2021), section 6.3: distances between 1 and 29; the released code erodes by ellipses.
    "a2u": Rule("kernel", 29, both_sides=True),
    # LSA (Wang et al. 2022), section 5: random numbers from 1 to 24; the released code dilates soft pixels only.
    "lsa": Rule("distance", 24, both_sides=True),
    # Deep Image Matting (Xu et al. 2017), section 4.1: "randomly dilated", without numbers; mmagic's reproduction
    # of the paper (configs/dim, kernel_size=(1, 30)) does what A2U does.
    "dim": Rule("kernel", 29, both_sides=True),
    # Ours: as trimaps are drawn by hand around hair, where much of what is unknown turns out opaque or clear.
    "wide": Rule("distance", 64, both_sides=True),
    # Ours: up to the whole object, of which a stroke or nothing but its core is known.
    "widest": Rule("distance", 160, both_sides=True),
}


def random_from_alpha(alpha: np.ndarray, rng: np.random.Generator, rule: str) -> np.ndarray:
    """Make a random trimap (H, W) float32 of 0, 0.5 and 1 from a true alpha (H, W) in 0..1 by a rule of RULES.

    Raises InputError if the rule is unknown or `alpha` leaves 0..1.
    """
    return widened(alpha, rule, *random_widths(rng, rule))


def random_widths(rng: np.random.Generator, rule: str) -> tuple[int, int]:
    """Draw how far the unknown region reaches into the background and into the foreground, as the rule measures it."""
    row = _row(rule)
    at_bg = int(rng.integers(1, row.largest + 1))
    return at_bg, int(rng.integers(1, row.largest + 1)) if row.both_sides else at_bg


def widened(alpha: np.ndarray, rule: str, at_bg: int, at_fg: int) -> np.ndarray:
    """Make the trimap (H, W) of an alpha (H, W) with an unknown region of these widths."""
    bg, fg = known(alpha)
    if _row(rule).shape == "kernel":
        return join(erode_by_kernel(bg, at_bg), erode_by_kernel(fg, at_fg))
    far_of_bg, far_of_fg = erode_by_distances(bg | fg, (at_bg, at_fg))
    return join(bg & far_of_bg, fg & far_of_fg)


def _row(rule: str) -> Rule:
    if rule not in RULES:
        raise InputError(f"rule: {rule!r} is unknown. Choose from {', '.join(RULES)}.")
    return RULES[rule]


def generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers that depend on the seed and the item's name alone, not on the order or number of items."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])])
