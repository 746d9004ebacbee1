"""Refinement as a function of (image, trimap), for images of any size.

Gradients take several times the memory of prediction, and in tiles each tile would be changed differently. So of an
image that is too large a reduced copy is refined, and the change of its alpha is added to the image's own alpha.
"""

import logging
import math
from collections.abc import Callable
from functools import cached_property
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from mattekit.errors import is_out_of_memory
from mattekit.imaging.trimap import reduced
from mattekit.inference.device import detect_device_loss
from mattekit.inference.preparation import Preparation
from mattekit.inference.refinement.backpropagation import Refined, RefinementSettings, log_steps, refine_prepared
from mattekit.inference.refinement.cost import RULES, Cost, regions
from mattekit.tiling import memory

log = logging.getLogger("mattekit")

PLENTY = 1 << 13  # bytes a pixel, more than any network here takes with gradients: with so much, nothing is measured
PROBE = 256  # side of the input whose memory is measured
SMALLEST = 64  # side in pixels below which nothing is reduced further

Report = Callable[[Refined], None]


class NetworkPredictor(Protocol):
    """The parts of `network.NetworkPredictor` that refinement needs."""

    network: nn.Module
    rule: Preparation
    device: str
    channels: int  # of the estimates behind image and trimap, mostly 0

    def completed(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the trimap (H, W), with guessed pixels of a class that it lacks if the network's estimates need it."""

    def prepared(self, image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return image, trimap and perhaps estimates in the network's input size."""

    def as_input(self, *parts: np.ndarray) -> Tensor:
        """Return the network's input (1, C, H, W) of what `prepared` returned."""

    def raw(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the raw alpha in the network's input size."""

    def finish(self, raw: np.ndarray, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the alpha (H, W) in 0..1 of a raw alpha (H, W), exact where the trimap is known."""


class Refiner:
    """Predicts and refines alphas of one network.

    Parameters
    ----------
    predictor : NetworkPredictor
        Of `network.network_predictor`, in float32 and not folded: faster copies pass no gradients.
    """

    def __init__(self, predictor: NetworkPredictor):
        self.predictor, self.rule, self.device = predictor, predictor.rule, predictor.device
        self.network = predictor.network

    def __call__(
        self, image: np.ndarray, trimap: np.ndarray, settings: RefinementSettings, report: Report = log_steps
    ) -> np.ndarray:
        """Return the refined alpha of an image.

        Parameters
        ----------
        image : (H, W, 3) float32 RGB in 0..1
        trimap : (H, W) of 0, 0.5, 1
        settings : RefinementSettings
        report : function, optional
            Receives the `Refined`; where a reduced copy is refined, which a warning says, it is of that copy.

        Returns
        -------
        (H, W) float32 in 0..1, known pixels exactly 0 and 1
        """
        scale, trimap = self._scale(trimap.shape), self.predictor.completed(image, trimap)
        with detect_device_loss(self.device):
            while True:
                try:
                    return self.predictor.finish(self._raw(image, trimap, settings, report, scale), image, trimap)
                except Exception as error:
                    if not is_out_of_memory(error) or scale * min(trimap.shape) < SMALLEST:
                        raise
                scale /= 2
                log.warning("out of memory; refined at %.0f %% of the size.", 100 * scale)

    def _scale(self, size: tuple[int, int]) -> float:
        """Scale of the sides at which gradients fit the memory; 1 if they do at full size."""
        pixels = math.prod(self.rule.size(size))
        available = memory.allowed(self.device, pixels)
        if PLENTY * pixels <= available or (needed := self._bytes_per_pixel * pixels) <= available:
            return 1.0
        prepared = min(1, pixels / math.prod(size))  # LSA's preparation reduces large images itself
        scale = math.sqrt(available / needed * prepared)
        log.warning(
            "%dx%d pixels: refining needs %d MB, %d MB available; refined at %.0f %% of the size.",
            *(size[1], size[0], needed >> 20, available >> 20, 100 * scale),
        )
        return scale

    @cached_property
    def _bytes_per_pixel(self) -> int:
        stride = self.network.stride
        size = tuple(PROBE // stride * stride + side % stride for side in self.rule.size((PROBE, PROBE)))
        trimap = np.full(size, 0.5, np.float32)
        trimap[: size[0] // 4], trimap[-size[0] // 4 :] = 0, 1
        planes = (3, self.predictor.channels) if self.predictor.channels else (3,)
        image, *estimates = (np.zeros((*size, count), np.float32) for count in planes)
        x, everywhere = self.predictor.as_input(image, trimap, *estimates), (slice(None), slice(None))
        return memory.bytes_per_pixel(
            lambda: refine_prepared(self.network, x, trimap, everywhere, RefinementSettings(2)), math.prod(size)
        )

    def _refined(
        self, image: np.ndarray, trimap: np.ndarray, settings: RefinementSettings, report: Report
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return raw alphas (H, W) of an image at its own size: the network's and the refined one."""
        parts = self.predictor.prepared(image, trimap)
        x = self.predictor.as_input(*parts)
        refined = refine_prepared(self.network, x, parts[1], self.rule.window(trimap.shape), settings)
        report(refined)
        return tuple(self.rule.restore(raw.cpu().numpy(), trimap.shape) for raw in (refined.start, refined.alpha))

    def _raw(
        self, image: np.ndarray, trimap: np.ndarray, settings: RefinementSettings, report: Report, scale: float
    ) -> np.ndarray:
        """Return the refined alpha, or the network's own plus the change by refinement of a copy reduced by `scale`."""
        if scale == 1:
            return self._refined(image, trimap, settings, report)[1]
        size = tuple(max(1, round(side * scale)) for side in trimap.shape[::-1])
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA), reduced(trimap, size)
        before, after = self._refined(*small, settings, report)
        change = cv2.resize(after.clip(0, 1) - before.clip(0, 1), trimap.shape[::-1], interpolation=cv2.INTER_LINEAR)
        own = self.rule.restore(self.predictor.raw(image, trimap), trimap.shape).clip(0, 1)
        changed = (own + change).clip(0, 1)
        return changed if _falls(own, changed, trimap, settings) else own


def _falls(own: np.ndarray, changed: np.ndarray, trimap: np.ndarray, settings: RefinementSettings) -> bool:
    """Whether an alpha has a lower cost than the network's own."""
    rule = RULES[settings.rule]
    cost = Cost(regions(trimap, rule), torch.from_numpy(own), rule)
    before, after = (float(cost(torch.from_numpy(alpha)).total) for alpha in (own, changed))
    log.info("cost at full size: %.6g, before refinement %.6g.", after, before)
    if after >= before:
        log.warning("the change by refinement of the reduced copy does not lower the cost at full size; not refined.")
    return after < before
