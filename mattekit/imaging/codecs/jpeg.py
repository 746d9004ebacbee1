"""What JPEG does to a picture."""

import cv2
import numpy as np

from mattekit.imaging.codecs.encode import quantise
from mattekit.imaging.levels import to_float


def through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """An image (H, W, 3) float32 RGB in 0..1 after it was a JPEG file of a quality 1..100."""
    bgr = cv2.cvtColor(quantise(image, "8"), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return to_float(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))
