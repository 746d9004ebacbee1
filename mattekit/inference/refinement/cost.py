"""The cost that refinement minimises: alphas that contradict the trimap at the boundaries of its known regions.

LSA section 4.3: alpha should be 1 where the known foreground ends and 0 where the known background ends (the paper's
Assumption 2), but most pixels should keep the network's alpha: C = C1 + 0.1 C2. The paper and the released code differ
in how they count.
"""

from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

WEIGHT = 0.1  # of C2


class Rule(NamedTuple):
    """One way to compute C1 and C2."""

    both_sides: bool  # a region's boundary has pixels inside it too, not only unknown ones
    neighbours: int  # of a pixel, 4 or 8
    slack: float  # added to the number of boundary pixels in C1's denominator
    clamped_start: bool  # C2 measures from the network's own alpha clamped to 0..1, so that it starts at 0


RULES = {
    "released": Rule(both_sides=False, neighbours=8, slack=0.2, clamped_start=False),  # gave the published results
    "paper": Rule(both_sides=True, neighbours=4, slack=0.0, clamped_start=True),
}


class Terms(NamedTuple):
    """The cost of an alpha: C1 + 0.1 C2, C1, and C2, each a tensor or a number."""

    total: Tensor | float
    boundary: Tensor | float
    change: Tensor | float


class Regions(NamedTuple):
    """Boolean masks (H, W): the boundaries of foreground and background, and the unknown region."""

    fg: np.ndarray
    bg: np.ndarray
    unknown: np.ndarray


def regions(trimap: np.ndarray, rule: Rule) -> Regions:
    """Find the pixels of a trimap (H, W) of 0, 0.5 and 1 that the cost depends on."""
    unknown = trimap == 0.5
    shape = cv2.MORPH_RECT if rule.neighbours == 8 else cv2.MORPH_CROSS
    element = cv2.getStructuringElement(shape, (3, 3))

    def dilated(mask: np.ndarray) -> np.ndarray:
        return cv2.dilate(mask.astype(np.uint8), element).astype(bool)

    def boundary(known: np.ndarray) -> np.ndarray:
        return dilated(known) & (dilated(~known) if rule.both_sides else unknown)

    return Regions(boundary(trimap == 1), boundary(trimap == 0), unknown)


class Cost:
    """The cost of alphas for one trimap.

    Parameters
    ----------
    where : Regions
        With at least one unknown pixel.
    start : (H, W) tensor
        The network's own raw alpha.
    rule : Rule
    """

    def __init__(self, where: Regions, start: Tensor, rule: Rule):
        masks = torch.from_numpy(np.stack(where).astype(np.float32)).to(start.device)
        self.fg, self.bg, self.unknown = masks
        self.start = start.clamp(0, 1) if rule.clamped_start else start
        self.boundary = float(np.sum(where.fg) + np.sum(where.bg)) + rule.slack
        self.count = float(np.sum(where.unknown))

    def __call__(self, alpha: Tensor) -> Terms:
        """Return the cost of a raw alpha (H, W), clamped to 0..1."""
        alpha = alpha.clamp(0, 1)
        boundary = ((self.fg * (1 - alpha) ** 2).sum() + (self.bg * alpha**2).sum()) / self.boundary
        change = ((self.unknown * (alpha - self.start).abs()).sum() / self.count) ** 2
        return Terms(boundary + WEIGHT * change, boundary, change)
