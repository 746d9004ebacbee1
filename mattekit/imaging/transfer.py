"""Transfer curves: how light of any strength, as float files hold it, becomes values 0..1 that methods can matte."""

from collections.abc import Callable

import numpy as np

from mattekit.imaging.codecs.exr import decode_srgb

KNEE = 0.75  # sRGB values up to here stay as they are under the shoulder
LOG_GAIN = np.float32(32)  # of the logarithm's straight part: shadows and highlights have about equal shares


def bounded(image: np.ndarray, transfer: str = "auto") -> np.ndarray:
    """Return a copy of an image whose values are in 0..1, for estimates of alpha.

    Parameters
    ----------
    image : (H, W, 3) float32 RGB, sRGB-encoded, beyond 0..1 where light is stronger than white or negative
    transfer : a name of `TRANSFERS`

    Returns
    -------
    (H, W, 3) float32 in 0..1; the image itself if "auto" finds nothing beyond 0..1
    """
    return TRANSFERS[transfer](image)


def _srgb(image: np.ndarray) -> np.ndarray:
    return image.clip(0, 1)


def _shoulder(image: np.ndarray) -> np.ndarray:
    """Bend what lies above `KNEE` by a logarithm, so that the strongest light is 1 and no two strengths are one."""
    low, high = float(image.min()), float(image.max())
    if low >= 0 and high <= 1:
        return image
    above, room = np.maximum(image, np.float32(KNEE)) - np.float32(KNEE), np.float32(1 - KNEE)
    bent = KNEE + room * np.log1p(above / room) / np.log1p(max(high - KNEE, float(room)) / room)
    return np.where(image <= KNEE, image, bent).clip(0, 1).astype(np.float32)


def _linear(image: np.ndarray) -> np.ndarray:
    light = decode_srgb(image)
    return (light / max(1, float(light.max()))).clip(0, 1)


def _log(image: np.ndarray) -> np.ndarray:
    light = np.maximum(decode_srgb(image), 0)
    return np.log1p(LOG_GAIN * light) / np.log1p(LOG_GAIN * max(1, float(light.max())))


TRANSFERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "auto": _shoulder,
    "srgb": _srgb,
    "linear": _linear,
    "log": _log,
}
