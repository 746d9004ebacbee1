"""PSNR, SSIM, MAE and MSE of rebuilt images, by which A2U compares operators (A2U Table 1).

The column that the table heads "MSE" is the root of the mean squared error (supplement, A), and its PSNR is that of
many images as a whole: -20 log10(MSE) is the PSNR printed in all 18 entries, to 0.012 dB and the rounding of MSE, as
a mean of the images' own PSNRs would not be.
"""

import math

import cv2
import numpy as np

from mattekit.errors import InputError

WINDOW, SIGMA = 11, 1.5  # pixels, of the Gaussian that weighs SSIM's neighbourhoods
K1, K2 = 0.01, 0.03
SCORES = {"psnr": "dB", "ssim": "", "mse": "root", "mae": ""}  # in the table's order


def psnr(image: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of all values together, the peak being 1; infinite for equal images.

    Parameters
    ----------
    image, truth : float arrays of one shape, in 0..1

    Raises
    ------
    InputError
        If the shapes differ, or there is nothing in them.
    """
    error = rmse(image, truth)
    return -20 * math.log10(error) if error else math.inf


def rmse(image: np.ndarray, truth: np.ndarray) -> float:
    """Root of the mean squared error, 0..1; parameters as of `psnr`."""
    return math.sqrt(np.mean(np.square(_difference(image, truth))))


def mae(image: np.ndarray, truth: np.ndarray) -> float:
    """Mean absolute error, 0..1; parameters as of `psnr`."""
    return float(np.mean(np.abs(_difference(image, truth))))


def ssim(image: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity of two grey images, at most 1, which equal images have.

    Means, variances and the covariance are weighted by an 11x11 Gaussian of sigma 1.5 that adds up to 1; the result is
    the mean over the positions at which it lies within the image.

    Parameters
    ----------
    image, truth : (H, W) float in 0..1; at least 11x11

    Raises
    ------
    InputError
        If the shapes differ, or are of smaller or other images.

    References
    ----------
    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE Transactions on Image
    Processing 13(4), 2004, section III.B.
    """
    _difference(image, truth)
    if truth.ndim != 2 or min(truth.shape) < WINDOW:
        raise InputError(f"ssim: images of shape {truth.shape}, wanted (H, W) of at least {WINDOW}x{WINDOW}.")
    x, y = image.astype(np.float64), truth.astype(np.float64)
    x_mean, y_mean = _weighted(x), _weighted(y)
    x_var, y_var = _weighted(x * x) - x_mean**2, _weighted(y * y) - y_mean**2
    covariance = _weighted(x * y) - x_mean * y_mean
    c1, c2 = K1**2, K2**2  # times the square of the peak, 1
    similarity = (2 * x_mean * y_mean + c1) * (2 * covariance + c2)
    similarity /= (x_mean**2 + y_mean**2 + c1) * (x_var + y_var + c2)
    return float(similarity.mean())


def score_images(images: np.ndarray, truths: np.ndarray) -> dict[str, float]:
    """PSNR, SSIM, MSE and MAE of a set of rebuilt images, as A2U's Table 1 has them.

    Parameters
    ----------
    images, truths : (N, H, W) float in 0..1

    Returns
    -------
    dict
        "psnr" in dB, "mse", the root of the mean squared error, and "mae", each of all pixels together; "ssim", the
        mean over the images.

    Raises
    ------
    InputError
        As `psnr` and `ssim`.
    """
    scores = {"psnr": psnr(images, truths), "mse": rmse(images, truths), "mae": mae(images, truths)}
    scores["ssim"] = float(np.mean([ssim(*pair) for pair in zip(images, truths, strict=True)]))
    return {name: scores[name] for name in SCORES}


def _difference(image: np.ndarray, truth: np.ndarray) -> np.ndarray:
    if image.shape != truth.shape or image.size == 0:
        raise InputError(f"image: shape {image.shape}, but truth is {truth.shape}. Both must have one, and pixels.")
    return image.astype(np.float64) - truth


def _weighted(values: np.ndarray) -> np.ndarray:
    """Gaussian mean around each position at which the window lies within (H, W)."""
    kernel = cv2.getGaussianKernel(WINDOW, SIGMA)
    inner = slice(WINDOW // 2, -(WINDOW // 2))
    return cv2.sepFilter2D(values, cv2.CV_64F, kernel, kernel)[inner, inner]
