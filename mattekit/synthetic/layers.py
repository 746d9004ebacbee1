"""Layers: premultiplied RGB and alpha in one array; compositing, blurring and unpremultiplying them."""

import cv2
import numpy as np

MARGIN = 0.02  # below about this alpha, colours come from the neighbourhood


def fill(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return the layer (H, W, 4) of a colour, (H, W, 3) or (3,), and an alpha (H, W)."""
    plane = np.ascontiguousarray(alpha, np.float32)
    if colour.ndim == 1:
        return cv2.merge([plane * np.float32(channel) for channel in colour] + [plane])
    return cv2.merge([*(plane * colour[..., c] for c in range(3)), plane])


def over(*layers: np.ndarray) -> np.ndarray:
    """Composite layers over one another; the first is in front."""
    out = layers[0]
    for layer in layers[1:]:
        out = out + layer * cv2.merge([1 - out[..., 3]] * 4)
    return out


def blur(layer: np.ndarray, sigma: float) -> np.ndarray:
    """Blur a layer by a Gaussian of `sigma` pixels, colours and outline alike, as a lens does."""
    return cv2.GaussianBlur(layer, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def unpremultiply(layer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return colours that are not premultiplied, continued smoothly where alpha is 0, and alpha.

    Averages at coarser and coarser scales fill in the colours where finer ones have no alpha (pull-push).

    Returns
    -------
    fg : (H, W, 3) float32, RGB in 0..1
    alpha : (H, W) float32 in 0..1
    """
    colour = _extend_colours(layer)
    alpha = np.clip(layer[..., 3], 0, 1)
    return np.clip(colour, 0, 1), alpha


def _extend_colours(layer: np.ndarray) -> np.ndarray:
    height, width = layer.shape[:2]
    if min(height, width) <= 4:
        mean = layer.reshape(-1, 4).mean(0)
        coarser = np.empty((height, width, 3), np.float32)
        coarser[:] = mean[:3] / max(mean[3], 1e-6)
    else:
        smaller = cv2.resize(layer, ((width + 3) // 4, (height + 3) // 4), interpolation=cv2.INTER_AREA)
        coarser = cv2.resize(_extend_colours(smaller), (width, height), interpolation=cv2.INTER_LINEAR)
    *colours, alpha = cv2.split(layer)
    # The lower alpha, the more the coarser scale counts; far above the margin it has no weight.
    weight = MARGIN * np.square(np.maximum(1 - alpha / (4 * MARGIN), 0))
    share = 1 / np.maximum(alpha + weight, np.float32(1e-6))
    return cv2.merge([(c + weight * near) * share for c, near in zip(colours, cv2.split(coarser), strict=True)])
