"""Foreground colours by the methods pymatting implements, called as they are."""

import numpy as np

from mattekit.baselines.access import STOP_AT_ZERO, load, quiet_stdout
from mattekit.errors import InputError
from mattekit.imaging.foreground import checked

FUNCTIONS = {
    "multilevel": ("estimate_foreground_ml", np.float32, {}),
    "closed-form": ("estimate_foreground_cf", np.float64, {"cg_kwargs": STOP_AT_ZERO}),
}
FAILURES = (ValueError, IndexError, ArithmeticError, AssertionError, MemoryError)  # LinAlgError is a ValueError


def foreground(method: str, image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Foreground colours of `image` by one of pymatting's methods.

    Parameters
    ----------
    method : "multilevel" (Germer et al., "Fast multi-level foreground estimation") or "closed-form" (Levin et al.,
        "A closed-form solution to natural image matting").
    image : (H, W, 3) float32, RGB in 0..1
    alpha : (H, W) float32 in 0..1

    Returns
    -------
    (H, W, 3) float32, RGB in 0..1

    Raises
    ------
    InputError
        If sizes differ, values are out of range, or the method has no answer for this input.
    """
    image, alpha = checked(image, alpha)
    name, dtype, options = FUNCTIONS[method]
    estimate = getattr(load(), name)
    try:
        with quiet_stdout(), np.errstate(all="ignore"):
            fg = estimate(*(array.astype(dtype, copy=False).view(AsItIs) for array in (image, alpha)), **options)
    except FAILURES as error:
        raise InputError(_no_answer(method, alpha, str(error) or type(error).__name__)) from error
    if not np.isfinite(fg).all():
        raise InputError(_no_answer(method, alpha, "some colours are not numbers"))
    return fg.astype(np.float32, copy=False)


class AsItIs(np.ndarray):
    """An array that pymatting does not copy, which it does even if the type is right: 0.7 GB at 45 megapixels."""

    def astype(self, dtype, *args, **kwargs):
        """The array itself, plain, where it has the type."""
        plain = self.view(np.ndarray)
        return plain if plain.dtype == dtype else plain.astype(dtype, *args, **kwargs)


def _no_answer(method: str, alpha: np.ndarray, reason: str) -> str:
    height, width = alpha.shape
    return f"{method}: no foreground for this {width}x{height} image and alpha ({reason}). Use the method multiscale."
