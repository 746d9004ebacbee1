"""Losses: IndexNet's and A2U's of alpha and composition, LSA's over five scales; and a recipe's choice of any loss.

Means over a whole batch are not means of its portions' means. So each portion, of several devices or accumulated on
one, first returns counts; these are summed over all portions, and with the sums the portions' losses add up to that of
the whole batch on one device.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from mattekit.training.layer_losses import absolute_error, layers_loss, progressive_loss
from mattekit.training.settings import Loss

Batch = dict[str, Tensor]

EPSILON = 1e-6  # of the smooth absolute value (Deep Image Matting, section 4.1)
LSA_EPSILON = 1e-3
LSA_SCALES = 5
OPAQUE, CLEAR = 0.999, 0.001  # beyond these, overshoot is free in LSA's loss


def alpha_loss(pred: Tensor, alpha: Tensor, unknown: Tensor, *, guard: float = 1.0) -> Tensor:
    """Mean smooth absolute error of alpha over the unknown pixels of each image, then over the batch.

    Parameters
    ----------
    pred : (N, 1, H, W), the network's output, not clipped.
    alpha : (N, 1, H, W) in 0..1.
    unknown : (N, 1, H, W), 1 where unknown and 0 elsewhere.
    guard : added to the count of unknown pixels. A2U's code has 1; IndexNet's has 0, and an image without unknown
        pixels then gives infinity.

    Returns
    -------
    scalar; each known pixel adds `EPSILON`, as in the authors' code.

    References
    ----------
    Lu et al., "Indices Matter", section 5.1; Dai et al., "Learning Affinity-Aware Upsampling", section 6.3; both
    take it from Xu et al., "Deep Image Matting", section 4.1.
    """
    return _mean_smooth_error(pred - alpha, unknown, guard)


def composition_loss(
    pred: Tensor, image: Tensor, fg: Tensor, bg: Tensor, unknown: Tensor, *, guard: float = 1.0
) -> Tensor:
    """Error of the image composed with the predicted alpha, as `alpha_loss`, summed over the three channels.

    Parameters
    ----------
    image, fg, bg : (N, 3, H, W) RGB in 0..1, `image` being their composite with the true alpha.
    """
    return _mean_smooth_error(pred * fg + (1 - pred) * bg - image, unknown, guard)


def matting_loss(
    pred: Tensor, alpha: Tensor, image: Tensor, fg: Tensor, bg: Tensor, unknown: Tensor, *, guard: float = 1.0
) -> Tensor:
    """IndexNet's and A2U's loss: half `alpha_loss`, half `composition_loss`, with their parameters."""
    of_alpha = alpha_loss(pred, alpha, unknown, guard=guard)
    return 0.5 * of_alpha + 0.5 * composition_loss(pred, image, fg, bg, unknown, guard=guard)


def multiscale_loss(
    pred: Tensor, alpha: Tensor, unknown: Tensor, sums: Tensor | None = None, *, epsilon: float = LSA_EPSILON
) -> Tensor:
    """LSA's loss: errors of alpha at five scales, each with half the weight of the finer one.

    Overshoot on opaque and transparent pixels is free: where alpha is 1 and the output above 1, or alpha 0 and the
    output below 0, the output is its own target. Error and mask are halved by averaging, so the mask becomes
    fractional; sums run over the whole batch.

    Parameters
    ----------
    pred : (N, 1, H, W), not clipped; H and W multiples of 16.
    alpha, unknown : as for `alpha_loss`.
    sums : (5,), `unknown_sums` of the whole batch, where these images are only a portion of it; the losses of
        the portions then add up to that of the batch.
    epsilon : much smaller errors count by their square, larger ones by their absolute value.

    References
    ----------
    Wang et al., "Improving Deep Image Matting via Local Smoothness Assumption", section 3; epsilon, the 1 added to
    the count, and the overshoot rule are of the authors' code.
    """
    above, below = (alpha > OPAQUE) & (pred > 1), (alpha < CLEAR) & (pred < 0)
    error = pred - torch.where(above | below, pred.detach(), alpha)
    sums = unknown_sums(unknown) if sums is None else sums
    total = pred.new_zeros(())
    for scale in range(LSA_SCALES):
        if scale:
            error, unknown = F.avg_pool2d(error, 2), F.avg_pool2d(unknown, 2)
        rooted = torch.sqrt(error**2 + epsilon**2)
        total = total + (rooted * unknown).sum() / (sums[scale] + 1) / 2**scale
    return total


def unknown_sums(unknown: Tensor) -> Tensor:
    """Sum a mask (N, 1, H, W) at the five scales of `multiscale_loss`: (5,)."""
    sums = [unknown.sum()]
    for _ in range(LSA_SCALES - 1):
        unknown = F.avg_pool2d(unknown, 2)
        sums.append(unknown.sum())
    return torch.stack(sums)


def _mean_smooth_error(error: Tensor, unknown: Tensor, guard: float) -> Tensor:
    rooted = torch.sqrt((error * unknown) ** 2 + EPSILON**2)
    return (rooted.sum((1, 2, 3)) / (unknown.sum((1, 2, 3)) + guard)).mean()


def portions(batch: Batch, count: int) -> Iterator[Batch]:
    """Split a batch into up to `count` portions; the first ones are larger if it does not divide."""
    size = len(next(iter(batch.values())))
    parts = {key: value.tensor_split(min(count, size)) for key, value in batch.items()}
    return (dict(zip(parts, values, strict=True)) for values in zip(*parts.values(), strict=True))


class Objective:
    """The loss of a recipe.

    Parameters
    ----------
    settings : Loss
    """

    def __init__(self, settings: Loss):
        self.settings = settings

    def count(self, batch: Batch) -> Tensor:
        """Return the counts to sum over all portions of a batch: images and, for LSA, unknown pixels per scale."""
        images = next(iter(batch.values()))
        count = images.new_full((1,), len(images))
        if self.settings.name == "multiscale":
            return torch.cat([count, unknown_sums(_unknown(batch))])
        return count

    def __call__(self, output: Tensor, batch: Batch, counts: Tensor) -> Tensor:
        """Return a portion's share of the loss.

        Parameters
        ----------
        output : (N, 1, H, W), of the network; more planes behind alpha's where the loss has terms for them.
        batch : the portion.
        counts : the sum of `count` over all portions.
        """
        share = len(output) / counts[0]
        if self.settings.name == "reconstruction":
            return (output - batch["image"]).abs().mean() * share
        if self.settings.name == "multiscale":
            return multiscale_loss(output, batch["alpha"], _unknown(batch), counts[1:], epsilon=self.settings.epsilon)
        if self.settings.name == "regression":
            return absolute_error(output, batch["alpha"], _unknown(batch)) * share
        if self.settings.name == "layers":
            return layers_loss(output, batch, self.settings) * share
        if self.settings.name == "progressive":
            return progressive_loss(output, batch, self.settings) * share
        return self._matting(output, batch) * share

    def _matting(self, output: Tensor, batch: Batch) -> Tensor:
        alpha, unknown = batch["alpha"], _unknown(batch)
        if self.settings.name == "alpha":
            return alpha_loss(output, alpha, unknown)
        of_alpha = alpha_loss(output, alpha, unknown)
        if "fg" not in batch:  # composites: alpha alone takes the weight of both
            return (self.settings.alpha + self.settings.composition) * of_alpha
        image, fg, bg = (batch[name] for name in ("image", "fg", "bg"))
        of_composition = composition_loss(output, image, fg, bg, unknown)
        return self.settings.alpha * of_alpha + self.settings.composition * of_composition


def _unknown(batch: Batch) -> Tensor:
    return (batch["trimap"] == 0.5).to(batch["alpha"].dtype)
