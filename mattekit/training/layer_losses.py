"""Losses of GCA, FBA and MatteFormer: absolute errors of alpha, of its composites, of pyramids, and of colours.

All are means over an image, weighted by a mask where one is given, and then over the images, so that portions of a
batch add up. The texts write sums over the pixels of one image.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from mattekit.networks.matteformer import WIDEST, ellipse, uncertain
from mattekit.training.settings import Loss

LEVELS = 5  # of the Laplacian pyramids
BINOMIAL = (1.0, 4.0, 6.0, 4.0, 1.0)  # their filter along each axis, over 16
TINY = 1e-8  # added to a mask's sum


def absolute_error(pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean absolute error of each image (N, C, H, W), over the mask (N, 1, H, W) if given, then over the batch.

    References
    ----------
    Li and Lu, "Natural Image Matting via Guided Contextual Attention", section on the loss; code: `TINY`.
    """
    error = (pred - target).abs()
    if mask is None:
        return error.mean()
    return ((error * mask).sum((1, 2, 3)) / (mask.sum((1, 2, 3)) * error.shape[1] + TINY)).mean()


def composite_error(alpha: Tensor, fg: Tensor, bg: Tensor, image: Tensor, mask: Tensor | None = None) -> Tensor:
    """`absolute_error` of alpha F + (1 - alpha) B, all of the size of (N, 3, H, W) but alpha's one channel."""
    return absolute_error(alpha * fg + (1 - alpha) * bg, image, mask)


def gradient_error(pred: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error of the differences of neighbours along both axes."""
    return sum(absolute_error(*pair) for pair in zip(differences(pred), differences(target), strict=True))


def differences(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the differences of neighbours (N, C, H, W - 1) and (N, C, H - 1, W)."""
    return x.diff(dim=3), x.diff(dim=2)


def laplacian_error(pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Sum of the mean absolute errors of five levels of Laplacian pyramids; each counts twice as much as the finer one.

    The mask of a level is every second pixel of the finer one's.

    References
    ----------
    Hou and Liu, "Context-Aware Image Matting", Eq. (4), with the weights 2**(s - 1); FBA, Table 1. The filter and the
    mask are those of MatteFormer's code, which follows FBA's.
    """
    total = pred.new_zeros(())
    for level, (one, other) in enumerate(zip(pyramid(pred), pyramid(target), strict=True)):
        total = total + 2**level * absolute_error(one, other, mask)
        mask = None if mask is None else mask[..., ::2, ::2]
    return total


def pyramid(x: Tensor) -> list[Tensor]:
    """Return the levels of the Laplacian pyramid of (N, C, H, W), finest first; H and W multiples of 16."""
    levels = []
    for _ in range(LEVELS):
        smaller = _smooth(x)[..., ::2, ::2]
        larger = torch.zeros_like(x)
        larger[..., ::2, ::2] = smaller
        levels.append(x - 4 * _smooth(larger))
        x = smaller
    return levels


def _smooth(x: Tensor) -> Tensor:
    line = x.new_tensor(BINOMIAL) / 16
    kernel = torch.outer(line, line).expand(x.shape[1], 1, 5, 5)
    short = min(x.shape[2:]) <= 2  # reflection needs more
    return F.conv2d(F.pad(x, (2,) * 4, mode="replicate" if short else "reflect"), kernel, groups=x.shape[1])


def exclusion(fg: Tensor, bg: Tensor) -> Tensor:
    """Mean product of the absolute differences of neighbours in two layers, which should not share edges.

    References
    ----------
    FBA, Table 1, after Zhang et al., "Single Image Reflection Separation with Perceptual Losses".
    """
    return sum((one.abs() * other.abs()).mean() for one, other in zip(differences(fg), differences(bg), strict=True))


def layers_loss(output: Tensor, batch: dict[str, Tensor], settings: Loss) -> Tensor:
    """FBA's loss of alpha, foreground and background; of alpha alone where a batch lacks the other two.

    Parameters
    ----------
    output : (N, 7, H, W), alpha, foreground and background.
    batch : with "alpha" (N, 1, H, W), "image", "fg" and "bg" (N, 3, H, W).
    settings : Loss
        The weights.

    References
    ----------
    Forte and Pitié, "F, B, Alpha Matting", Table 1 and section 3.
    """
    truth, pred = batch["alpha"], output[:, :1]
    total = settings.alpha * absolute_error(pred, truth)
    total = total + settings.gradient * gradient_error(pred, truth) + settings.laplacian * laplacian_error(pred, truth)
    if "fg" not in batch:
        return total
    image, fg, bg = (batch[name] for name in ("image", "fg", "bg"))
    f, b = output[:, 1:4], output[:, 4:7]
    total = total + settings.composition * composite_error(pred, fg, bg, image)
    colours = absolute_error(f, fg) + absolute_error(b, bg) + composite_error(truth, f, b, image)
    colours = colours + laplacian_error(f, fg) + laplacian_error(b, bg) + settings.exclusion * exclusion(f, b)
    return total + settings.colours * colours


def progressive_loss(output: Tensor, batch: dict[str, Tensor], settings: Loss) -> Tensor:
    """MatteFormer's loss of the alphas at three resolutions, the finest of which counts twice.

    That at stride 8 counts everywhere. The others count where the coarser one is uncertain, widened at random, and are
    the coarser one elsewhere.

    Parameters
    ----------
    output : (N, 3, H, W), alphas made at strides 1, 4 and 8, each at full size.
    batch, settings
        As for `layers_loss`.

    References
    ----------
    Park et al., "MatteFormer", section 3.5; the weights 2, 1, 1 over 5 are the code's, and progressive refinement is
    that of Yu et al., "Mask Guided Matting via Progressive Refinement Network", section 3.2.
    """
    fine, middle, coarse = output.split(1, 1)
    at_middle = uncertain(coarse, _random_kernel(WIDEST[0]).to(coarse))
    middle = torch.where(at_middle, middle, coarse)
    at_fine = uncertain(middle, _random_kernel(WIDEST[1]).to(coarse))
    fine = torch.where(at_fine, fine, middle)
    everywhere = torch.ones_like(coarse)
    parts = ((2, fine, at_fine.to(fine)), (1, middle, at_middle.to(fine)), (1, coarse, everywhere))
    return sum(weight * _masked_loss(pred, batch, mask, settings) for weight, pred, mask in parts) / 5


def _masked_loss(pred: Tensor, batch: dict[str, Tensor], mask: Tensor, settings: Loss) -> Tensor:
    total = settings.alpha * absolute_error(pred, batch["alpha"], mask)
    total = total + settings.laplacian * laplacian_error(pred, batch["alpha"], mask)
    if "fg" not in batch:
        return total
    image, fg, bg = (batch[name] for name in ("image", "fg", "bg"))
    return total + settings.composition * composite_error(pred, fg, bg, image, mask)


def _random_kernel(limit: int) -> Tensor:
    """Draw an ellipse of a width from 1 to below a limit, by PyTorch's generator."""
    return ellipse(int(torch.randint(1, limit, ())))
