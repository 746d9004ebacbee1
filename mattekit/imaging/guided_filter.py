"""The guided filter: a map that follows the edges of a picture (He, Sun and Tang, "Guided Image Filtering", 2013)."""

import cv2
import numpy as np

from mattekit.imaging.masks import fitted

LONGEST = 1024  # pixels of the side at which the linear models are fitted
SOFTNESS = 1e-4  # epsilon of the paper: variances of colour below it count as flat


def follow_edges(values: np.ndarray, image: np.ndarray, *, softness: float = SOFTNESS) -> np.ndarray:
    """Enlarge a coarse map to the size of a picture, so that its edges lie where the picture's are.

    Around each pixel the map is explained as a linear function of the colour (section 3.1, with a colour guide as in
    section 3.4). The functions are fitted at a reduced size, in windows that hold two pixels of the coarse map on each
    side, and evaluated at full size (He and Sun, "Fast Guided Filter", 2015).

    Parameters
    ----------
    values : (h, w) float32 in 0..1
        Of the same view as the picture, in any size.
    image : (H, W, 3) float32 RGB in 0..1
    softness : float > 0
        The larger, the stronger must an edge of the picture be to be followed.

    Returns
    -------
    (H, W) float32 in 0..1
    """
    height, width = image.shape[:2]
    scale = min(1, LONGEST / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    guide = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    coarse = fitted(values, size[::-1])
    radius = max(2, round(2 * max(size) / max(values.shape)))
    slope, offset = _linear_models(coarse, guide, radius, softness)
    result = fitted(offset, (height, width))
    for channel in range(3):
        result += fitted(slope[..., channel], (height, width)) * image[..., channel]
    return result.clip(0, 1, out=result)


def _linear_models(
    values: np.ndarray, guide: np.ndarray, radius: int, softness: float
) -> tuple[np.ndarray, np.ndarray]:
    """Slope (h, w, 3) and offset (h, w) of the linear functions around each pixel, averaged over their windows."""

    def mean(plane: np.ndarray) -> np.ndarray:
        return cv2.blur(plane, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    mean_colour, mean_value = mean(guide), mean(values)
    covariance = mean(guide * values[..., None]) - mean_colour * mean_value[..., None]
    products = guide[..., :, None] * guide[..., None, :]  # (h, w, 3, 3)
    spread = mean(products.reshape(*values.shape, 9)).reshape(products.shape)
    spread -= mean_colour[..., :, None] * mean_colour[..., None, :]
    spread += softness * np.eye(3, dtype=np.float32)
    slope = np.linalg.solve(spread, covariance[..., None])[..., 0]
    offset = mean_value - (slope * mean_colour).sum(axis=2)
    return mean(slope), mean(offset)
