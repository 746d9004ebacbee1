"""Refinement as a function of (image, trimap), for pictures of any size.

Gradients take several times the memory that a network takes, and in tiles each would be bent differently. So of a
picture that is too large a reduced one is refined, and what that changes is added to the picture's own alpha.
"""

import logging
import math
from collections.abc import Callable
from functools import cached_property

import cv2
import numpy as np
import torch
from torch import nn

from mattekit.errors import is_out_of_memory
from mattekit.imaging.trimap import reduced
from mattekit.inference import memory
from mattekit.inference.device import detect_device_loss
from mattekit.inference.network import (
    NetworkPredictor,
    Normalisation,
    network_input,
    network_predictor,
    postprocess_alpha,
    prior_of,
)
from mattekit.inference.preparation import preparation as preparation_of
from mattekit.inference.refine import Refined, Refinement, refine
from mattekit.inference.refinement_cost import RULES, Cost, regions
from mattekit.networks.inference_copy import inference_copy

log = logging.getLogger("mattekit")

PLENTY = 1 << 13  # bytes a pixel, more than any network here takes with gradients: with so much, nothing is counted
PROBE = 256  # side of what is run to count
SMALLEST = 64  # side in pixels below which nothing is reduced further

Report = Callable[[Refined], None]
Refiner = Callable[[np.ndarray, np.ndarray, Refinement, Report], np.ndarray]


def network_refiner(module: nn.Module, preparation: str, normalisation: Normalisation, *, device: str) -> Refiner:
    """Make a function that predicts and refines, in float32 whatever else is chosen: lr 20 is unsafe with less.

    Parameters
    ----------
    module, preparation, normalisation, device
        As for `network.network_predictor`; a copy of the module is kept.

    Returns
    -------
    function of image (H, W, 3), trimap (H, W), Refinement and what to do with Refined, giving alpha (H, W) in 0..1 in
    which known pixels are exactly 0 and 1. Where a reduced picture is refined, a warning says so, and Refined is of it.
    """
    return NetworkRefiner(module, preparation, normalisation, device)


class NetworkRefiner:
    """What `network_refiner` makes."""

    def __init__(self, module: nn.Module, preparation: str, normalisation: Normalisation, device: str):
        self.preparation, self.normalisation, self.device = preparation, normalisation, device
        self.rule, self.prior = preparation_of(preparation), prior_of(module)
        self.network = inference_copy(module, fold=False).float().to(device)  # faster copies pass no gradients

    def __call__(self, image: np.ndarray, trimap: np.ndarray, how: Refinement, report: Report) -> np.ndarray:
        """Alpha (H, W) of an image (H, W, 3) and a trimap (H, W)."""
        scale = self._scale(trimap.shape)
        with detect_device_loss(self.device):
            while True:
                try:
                    return postprocess_alpha(self._raw(image, trimap, how, report, scale), image, trimap, self.prior)
                except Exception as error:
                    if not is_out_of_memory(error) or scale * min(trimap.shape) < SMALLEST:
                        raise
                scale /= 2
                log.warning("out of memory; refined at %.0f %% of the size.", 100 * scale)

    def _scale(self, size: tuple[int, int]) -> float:
        """Of the sides, at which gradients fit the memory; 1 if they do as it is."""
        pixels = math.prod(self.rule.size(size))
        there = memory.allowed(self.device, pixels)
        if PLENTY * pixels <= there or (needed := self._bytes_per_pixel * pixels) <= there:
            return 1.0
        prepared = min(1, pixels / math.prod(size))  # LSA's rule reduces large pictures itself
        scale = math.sqrt(there / needed * prepared)
        log.warning(
            "%dx%d pixels: refining needs %d MB, %d may be had; refined at %.0f %% of the size.",
            *(size[1], size[0], needed >> 20, there >> 20, 100 * scale),
        )
        return scale

    @cached_property
    def _plain(self) -> NetworkPredictor:
        return network_predictor(self.network, self.preparation, self.normalisation, device=self.device)

    @cached_property
    def _bytes_per_pixel(self) -> int:
        stride = getattr(self.network, "stride", 1)
        rows, columns = (PROBE // stride * stride + side % stride for side in self.rule.size((PROBE, PROBE)))
        x = torch.zeros(1, 4 + (self.prior.channels if self.prior else 0), rows, columns, device=self.device)
        trimap = np.full((rows, columns), 0.5, np.float32)
        trimap[: rows // 4], trimap[-rows // 4 :] = 0, 1
        everywhere = (slice(None), slice(None))
        return memory.bytes_per_pixel(
            lambda: refine(self.network, x, trimap, everywhere, Refinement(2)), rows * columns
        )

    def _refined(
        self, image: np.ndarray, trimap: np.ndarray, how: Refinement, report: Report
    ) -> tuple[np.ndarray, np.ndarray]:
        """Raw alphas (H, W) of a picture as it is: the network's own and the refined one."""
        prepared = self.rule.prepare(image, trimap)
        estimates = None if self.prior is None else self.prior.estimate(*prepared)
        x = network_input(*prepared, self.normalisation, estimates).to(self.device)
        refined = refine(self.network, x, prepared[1], self.rule.window(trimap.shape), how)
        report(refined)
        return tuple(self.rule.restore(raw.cpu().numpy(), trimap.shape) for raw in (refined.start, refined.alpha))

    def _raw(self, image: np.ndarray, trimap: np.ndarray, how: Refinement, report: Report, scale: float) -> np.ndarray:
        """The refined alpha, or the network's own and what refinement changes in a picture reduced by `scale`."""
        if scale == 1:
            return self._refined(image, trimap, how, report)[1]
        size = tuple(max(1, round(side * scale)) for side in trimap.shape[::-1])
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA), reduced(trimap, size)
        before, after = self._refined(*small, how, report)
        change = cv2.resize(after.clip(0, 1) - before.clip(0, 1), trimap.shape[::-1], interpolation=cv2.INTER_LINEAR)
        own = self.rule.restore(self._plain.raw(image, trimap), trimap.shape).clip(0, 1)
        changed = (own + change).clip(0, 1)
        return changed if _falls(own, changed, trimap, how) else own


def _falls(own: np.ndarray, changed: np.ndarray, trimap: np.ndarray, how: Refinement) -> bool:
    """Whether the cost of an alpha is lower than that of the network's own."""
    rule = RULES[how.rule]
    cost = Cost(regions(trimap, rule), torch.from_numpy(own), rule)
    before, after = (float(cost(torch.from_numpy(alpha)).total) for alpha in (own, changed))
    log.info("the cost of the whole is %.6f, and was %.6f.", after, before)
    if after >= before:
        log.warning("what refining the reduced picture changed does not lower the cost of the whole; not refined.")
    return after < before
