"""Losses: IndexNet's and A2U's of alpha and composition, and LSA's over five scales."""

import torch
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-6  # of the rooted square that stands for an absolute value (Deep Image Matting, section 4.1)
LSA_EPSILON = 1e-3
LSA_SCALES = 5
OPAQUE, CLEAR = 0.999, 0.001  # from where on LSA's overshoot is free


def alpha_loss(pred: Tensor, alpha: Tensor, unknown: Tensor, *, guard: float = 1.0) -> Tensor:
    """Mean rooted square of the error of alpha over the unknown pixels of each image, then over the batch.

    Parameters
    ----------
    pred : (N, 1, H, W), the network's output, not clipped.
    alpha : (N, 1, H, W) in 0..1.
    unknown : (N, 1, H, W), 1 where unknown and 0 elsewhere.
    guard : added to the count of unknown pixels. A2U's code has 1; IndexNet's has 0, and an image without unknown
        pixels then gives infinity.

    Returns
    -------
    scalar; known pixels add `EPSILON` each, as in the authors' code.

    References
    ----------
    Lu et al., "Indices Matter", section 5.1; Dai et al., "Learning Affinity-Aware Upsampling", section 6.3; both
    take it from Xu et al., "Deep Image Matting", section 4.1.
    """
    return _rooted(pred - alpha, unknown, guard)


def composition_loss(
    pred: Tensor, image: Tensor, fg: Tensor, bg: Tensor, unknown: Tensor, *, guard: float = 1.0
) -> Tensor:
    """Error of the image recomposed with the predicted alpha, as `alpha_loss`, summed over the three colours.

    Parameters
    ----------
    image, fg, bg : (N, 3, H, W) RGB in 0..1, `image` being their composite with the true alpha.
    """
    return _rooted(pred * fg + (1 - pred) * bg - image, unknown, guard)


def matting_loss(
    pred: Tensor, alpha: Tensor, image: Tensor, fg: Tensor, bg: Tensor, unknown: Tensor, *, guard: float = 1.0
) -> Tensor:
    """IndexNet's and A2U's loss: half that of alpha, half that of the composition; parameters as of the two."""
    of_alpha = alpha_loss(pred, alpha, unknown, guard=guard)
    return 0.5 * of_alpha + 0.5 * composition_loss(pred, image, fg, bg, unknown, guard=guard)


def multiscale_loss(
    pred: Tensor, alpha: Tensor, unknown: Tensor, sums: Tensor | None = None, *, epsilon: float = LSA_EPSILON
) -> Tensor:
    """LSA's loss: errors of alpha at five scales, each counting half of the finer one.

    Overshoot on pure pixels is free: where alpha is 1 and the output above 1, or alpha 0 and the output below 0, the
    output is its own target. Error and mask are halved by averaging, so the mask becomes fractional; sums run over the
    whole batch.

    Parameters
    ----------
    pred : (N, 1, H, W), not clipped; H and W multiples of 16.
    alpha, unknown : as for `alpha_loss`.
    sums : (5,), `unknown_sums` of the whole batch, where these images are but a portion of it; the losses of its
        portions then add up to that of the whole.
    epsilon : errors much smaller count by their square, larger ones as they are.

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
    """Sums of (N, 1, H, W) at the five scales of `multiscale_loss`: (5,)."""
    sums = [unknown.sum()]
    for _ in range(LSA_SCALES - 1):
        unknown = F.avg_pool2d(unknown, 2)
        sums.append(unknown.sum())
    return torch.stack(sums)


def _rooted(error: Tensor, unknown: Tensor, guard: float) -> Tensor:
    rooted = torch.sqrt((error * unknown) ** 2 + EPSILON**2)
    return (rooted.sum((1, 2, 3)) / (unknown.sum((1, 2, 3)) + guard)).mean()
