"""The matting equation I = alpha F + (1 - alpha) B, two foregrounds joined into one, and the check of such layers."""

import numpy as np

from mattekit.errors import InputError


def composite(fg: np.ndarray, bg: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Put a foreground before a background.

    Exactly `fg` where alpha is 1 and exactly `bg` where it is 0. Works on sRGB-encoded values, as the papers do.

    Parameters
    ----------
    fg, bg : (H, W, 3) float32 RGB in 0..1.
    alpha : (H, W) float32 in 0..1.

    Returns
    -------
    (H, W, 3) float32 RGB in 0..1

    Raises
    ------
    InputError
        If the sizes differ.
    """
    _same_size(fg, alpha, "foreground", "alpha")
    _same_size(bg, alpha, "background", "alpha")
    opacity = alpha[..., None]
    return opacity * fg + (1 - opacity) * bg


def merge(fg: np.ndarray, alpha: np.ndarray, fg2: np.ndarray, alpha2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join two foregrounds into one, the first in front of the second.

    Compositing the result equals compositing the second and then the first.

    Parameters
    ----------
    fg, fg2 : (H, W, 3) float32 RGB in 0..1.
    alpha, alpha2 : (H, W) float32 in 0..1.

    Returns
    -------
    foreground : (H, W, 3) float32 RGB in 0..1; that of `fg` where both alphas are 0.
    alpha : (H, W) float32 in 0..1, 1 - (1 - alpha)(1 - alpha2).

    Raises
    ------
    InputError
        If the sizes differ.

    References
    ----------
    Li and Lu, "Natural Image Matting via Guided Contextual Attention" (data augmentation), used by A2U's
    training. Their code divides by alpha + 1e-5, which darkens the joined foreground a little; this divides exactly.
    """
    for other, name in ((fg, "first foreground"), (fg2, "second foreground"), (alpha2, "second alpha")):
        _same_size(other, alpha, name, "first alpha")
    behind = (1 - alpha) * alpha2
    joined = alpha + behind
    # Where nothing is visible the weight is arbitrary; 1 keeps the first colour.
    share = np.divide(alpha, joined, out=np.ones_like(joined), where=joined > 0)[..., None]
    return share * fg + (1 - share) * fg2, np.minimum(joined, 1)


def _same_size(one: np.ndarray, other: np.ndarray, name: str, other_name: str) -> None:
    if one.shape[:2] != other.shape[:2]:
        (h, w), (height, width) = one.shape[:2], other.shape[:2]
        raise InputError(f"{name}: {h}x{w}, but the {other_name} is {height}x{width}. Give both the same size.")


def checked(fg: np.ndarray, alpha: np.ndarray, **settings: float) -> tuple[np.ndarray, np.ndarray]:
    """Return `fg` and `alpha` as contiguous arrays of one float type, or raise InputError; `settings` are above 0."""
    if fg.ndim != 3 or fg.shape[2] != 3 or fg.shape[:2] != alpha.shape or not alpha.size:
        raise InputError(f"foreground: {fg.shape}, alpha: {alpha.shape}; wanted (H, W, 3) and (H, W) of one size.")
    for name, array in (("foreground", fg), ("alpha", alpha)):
        if array.dtype.kind != "f":
            raise InputError(f"{name}: {array.dtype} values, wanted float in 0..1. Divide by the full scale.")
        if not np.isfinite((array.min(), array.max())).all():
            raise InputError(f"{name}: some values are not finite numbers, wanted 0..1.")
    if alpha.min() < 0 or alpha.max() > 1:
        raise InputError(f"alpha: values {alpha.min():g}..{alpha.max():g}, wanted 0..1. Clip it.")
    for name, value in settings.items():
        if not 0 < value < float("inf"):
            raise InputError(f"{name}: {value:g}, wanted more than 0.")
    dtype = np.float64 if np.float64 in (fg.dtype, alpha.dtype) else np.float32
    return np.ascontiguousarray(fg, dtype), np.ascontiguousarray(alpha, dtype)
