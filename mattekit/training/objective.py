"""The loss of a recipe in portions of a batch, of several devices or accumulated on one.

Means over a whole batch are not means of the portions' means. So each portion first says what it counts, the counts
are summed over all, and with these sums the portions' losses add up to what one device would have had at once.
"""

import torch
from torch import Tensor

from mattekit.training import losses
from mattekit.training.batch import Batch
from mattekit.training.settings import Loss


class Objective:
    """The loss of a recipe.

    Parameters
    ----------
    settings : Loss
    """

    def __init__(self, settings: Loss):
        self.settings = settings

    def count(self, batch: Batch) -> Tensor:
        """Count what is summed over all portions of a batch: its images, and unknown pixels at each scale (LSA)."""
        images = next(iter(batch.values()))
        count = images.new_full((1,), len(images))
        if self.settings.name == "multiscale":
            return torch.cat([count, losses.unknown_sums(_unknown(batch))])
        return count

    def __call__(self, output: Tensor, batch: Batch, counts: Tensor) -> Tensor:
        """Return a portion's part of the loss.

        Parameters
        ----------
        output : (N, 1, H, W), of the network.
        batch : the portion.
        counts : the sum of `count` over all portions.
        """
        share = len(output) / counts[0]
        if self.settings.name == "reconstruction":
            return (output - batch["image"]).abs().mean() * share
        if self.settings.name == "multiscale":
            return losses.multiscale_loss(
                output, batch["alpha"], _unknown(batch), counts[1:], epsilon=self.settings.epsilon
            )
        return self._matting(output, batch) * share

    def _matting(self, output: Tensor, batch: Batch) -> Tensor:
        alpha, unknown = batch["alpha"], _unknown(batch)
        if self.settings.name == "alpha":
            return losses.alpha_loss(output, alpha, unknown)
        of_alpha = losses.alpha_loss(output, alpha, unknown)
        if "fg" not in batch:  # composites: alpha alone takes the weight of both
            return (self.settings.alpha + self.settings.composition) * of_alpha
        image, fg, bg = (batch[name] for name in ("image", "fg", "bg"))
        of_composition = losses.composition_loss(output, image, fg, bg, unknown)
        return self.settings.alpha * of_alpha + self.settings.composition * of_composition


def _unknown(batch: Batch) -> Tensor:
    return (batch["trimap"] == 0.5).to(batch["alpha"].dtype)
