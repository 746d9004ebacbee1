"""Normalised convolution over all scales: values where weights are, and smooth ones wherever there are none."""

import cv2
import numpy as np

STEP = 0.1  # weight of the next coarser scale


def fill(values: np.ndarray, weights: np.ndarray, step: float = STEP) -> np.ndarray:
    """Average values by their weights, over the smallest neighbourhood that has enough of them.

    Parameters
    ----------
    values : (H, W, C) float32; without meaning where the weight is 0, but finite.
    weights : (H, W) float32 of 0 or more, not 0 everywhere
    step : weight of what the next coarser scale says, against a weight of 1 at this one; the smaller, the finer.

    Returns
    -------
    (H, W, C) float32
        Within the range of the values with weights.

    References
    ----------
    Knutsson and Westin, "Normalized and Differential Convolution", 1993; the pyramid as in Gortler et al., "The
    Lumigraph", 1996, section 3.4 (pull and push).
    """
    weighted = np.concatenate([values * weights[..., None], weights[..., None]], axis=2)
    return _filled(np.ascontiguousarray(weighted, np.float32), np.float32(step))


def _filled(weighted: np.ndarray, step: np.float32) -> np.ndarray:
    height, width, channels = weighted.shape
    total = weighted[..., -1:]
    if max(height, width) <= 2:
        mean = weighted.mean((0, 1))
        return np.broadcast_to(mean[:-1] / np.maximum(mean[-1], np.float32(1e-30)), (height, width, channels - 1))
    coarse = _filled(cv2.pyrDown(weighted).reshape(-(-height // 2), -(-width // 2), channels), step)
    above = cv2.resize(coarse, (width, height)).reshape(height, width, channels - 1)
    return (weighted[..., :-1] + step * above) / (total + step)
