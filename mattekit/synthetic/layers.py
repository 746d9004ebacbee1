"""Layers: premultiplied RGB and alpha in one array, put over one another, softened, and made straight at the end."""

import cv2
import numpy as np

MARGIN = 0.02  # below about this alpha, the colour is that of the neighbourhood


def filled(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Layer (H, W, 4) of a colour, (H, W, 3) or (3,), and an alpha (H, W)."""
    plane = np.ascontiguousarray(alpha, np.float32)
    if colour.ndim == 1:
        return cv2.merge([plane * np.float32(channel) for channel in colour] + [plane])
    return cv2.merge([*(plane * colour[..., c] for c in range(3)), plane])


def over(*layers: np.ndarray) -> np.ndarray:
    """Put layers over one another; the first is in front."""
    out = layers[0]
    for layer in layers[1:]:
        out = out + layer * cv2.merge([1 - out[..., 3]] * 4)
    return out


def softened(layer: np.ndarray, sigma: float) -> np.ndarray:
    """Blur a layer by a Gaussian of `sigma` pixels: what a lens does to an object and its outline alike."""
    return cv2.GaussianBlur(layer, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def straight(layer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Straight colours, continued smoothly to where alpha is 0, and alpha.

    Coarser and coarser averages fill in the colours, each where the finer ones have no alpha.

    Returns
    -------
    fg : (H, W, 3) float32, RGB in 0..1
    alpha : (H, W) float32 in 0..1
    """
    colour = _continued(layer)
    alpha = np.clip(layer[..., 3], 0, 1)
    return np.clip(colour, 0, 1), alpha


def _continued(layer: np.ndarray) -> np.ndarray:
    height, width = layer.shape[:2]
    if min(height, width) <= 4:
        mean = layer.reshape(-1, 4).mean(0)
        around = np.empty((height, width, 3), np.float32)
        around[:] = mean[:3] / max(mean[3], 1e-6)
    else:
        smaller = cv2.resize(layer, ((width + 3) // 4, (height + 3) // 4), interpolation=cv2.INTER_AREA)
        around = cv2.resize(_continued(smaller), (width, height), interpolation=cv2.INTER_LINEAR)
    *colours, alpha = cv2.split(layer)
    # The less there is, the more the neighbourhood counts; where alpha is far above the margin it changes nothing.
    weight = MARGIN * np.square(np.maximum(1 - alpha / (4 * MARGIN), 0))
    share = 1 / np.maximum(alpha + weight, np.float32(1e-6))
    return cv2.merge([(c + weight * near) * share for c, near in zip(colours, cv2.split(around), strict=True)])
