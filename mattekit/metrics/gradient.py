"""Grad: how far the edges of two mattes differ in strength, exactly as the official scorer measures it."""

import math

import cv2
import numpy as np

from mattekit.metrics.differences import checked

SIGMA = 1.4


def grad(alpha: np.ndarray, truth: np.ndarray, unknown: np.ndarray | None = None) -> float:
    """Return the gradient error in thousands.

    Each matte is stretched on its own, over the whole image, to 0..1 and filtered with first derivatives of a
    Gaussian (sigma 1.4, 9 x 9, Frobenius norm 1; the edge pixels go on beyond the border). The error is the sum over
    the unknown pixels of the squared difference of the two amplitudes. Because of the stretch, one stray 0 or 255
    anywhere in a matte changes its score, and a constant matte has no gradient.

    Parameters
    ----------
    alpha, truth : (H, W) uint8, or float in 0..1
        Prediction and ground truth; floats are rounded to 8 bits, which is what the official scorer reads.
    unknown : (H, W) bool, optional
        Pixels that count; all of them if omitted.

    Raises
    ------
    InputError
        If shapes or types do not fit.

    References
    ----------
    Rhemann et al., "A Perceptually Motivated Online Benchmark for Image Matting", CVPR 2009, section 5, as computed
    by the scorer that Xu et al., "Deep Image Matting", distribute.
    """
    from mattekit.metrics.gradient_kernel import gradient_error

    alpha, truth, unknown = checked(alpha, truth, unknown)
    smooth, slope = kernels()
    return gradient_error(alpha, truth, unknown, smooth, slope, _stretch(alpha), _stretch(truth)) / 1000


def kernels() -> tuple[np.ndarray, np.ndarray]:
    """Right halves, centre first, of the Gaussian and its derivative; each whole filter has norm 1."""
    # The official half size: where the Gaussian has fallen to epsilon = 0.01.
    radius = math.ceil(SIGMA * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * SIGMA * 0.01)))
    x = np.arange(-radius, radius + 1)
    smooth = np.exp(-(x**2) / (2 * SIGMA**2))
    slope = x * smooth
    return tuple((f / np.linalg.norm(f))[radius:] for f in (smooth, slope))


def _stretch(matte: np.ndarray) -> float:
    """Factor that stretches 8-bit values to a range of 1; the filters remove the offset."""
    low, high, *_ = cv2.minMaxLoc(matte)
    return 1 / (high - low) if high > low else 0.0
