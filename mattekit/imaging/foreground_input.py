"""The check that all foreground estimators share."""

import numpy as np

from mattekit.errors import InputError


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
