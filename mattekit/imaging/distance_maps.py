"""Maps of the distance to a trimap's known pixels, which FBA's network takes."""

import cv2
import numpy as np

SIDE = 320  # pixels, in which the widths are given
WIDTHS = (0.02, 0.08, 0.16)


def distance_maps(trimap: np.ndarray) -> np.ndarray:
    """Return Gaussians of the distance to the nearest known pixel of each class, at three widths.

    Parameters
    ----------
    trimap : (H, W) float32, exactly 0, 0.5 and 1

    Returns
    -------
    (H, W, 6) float32 in 0..1
        Of the background, from the narrowest to the widest, then of the foreground; zeros for a class without pixels.

    References
    ----------
    Forte and Pitié, "F, B, Alpha Matting", section on the network's input, and the released code's numbers; after
    Le et al., "Interactive Boundary Prediction for Object Selection".
    """
    maps = np.zeros((*trimap.shape, 2 * len(WIDTHS)), np.float32)
    for i, value in enumerate((0.0, 1.0)):
        region = trimap == value
        if region.any():
            squared = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) ** 2
            for j, width in enumerate(WIDTHS):
                maps[..., len(WIDTHS) * i + j] = np.exp(-squared / (2 * (width * SIDE) ** 2))
    return maps
