"""Alphas by pymatting's own functions; what they raise becomes one line that says what to do."""

import logging

import numpy as np

from mattekit.baselines.access import STOP_AT_ZERO, load, quiet_stdout
from mattekit.errors import InputError

log = logging.getLogger("mattekit")

FAILURES = (ValueError, IndexError, ArithmeticError, AssertionError, MemoryError)  # LinAlgError is a ValueError
STEPS = 10_000  # of conjugate gradients; pymatting's limit
ENOUGH = 1e-5  # residual, as a share of the right side, at which an iterate that has not converged is still an answer


def classical(function: str, image: np.ndarray, trimap: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Alpha of `image` by one of pymatting's functions that solve by conjugate gradients.

    Parameters
    ----------
    function : such as "estimate_alpha_knn"
    image : (H, W, 3) float, RGB in 0..1
    trimap : (H, W) float, exactly 0, 0.5 or 1
    steps : limit of the solver's iterations

    Returns
    -------
    (H, W) float; known pixels are about as the trimap says, not exactly

    Raises
    ------
    InputError
        If the function fails, or its solver does not come near a solution.
    """
    estimate, last = getattr(load(), function), _LastIterate()
    options = {**STOP_AT_ZERO, "maxiter": steps, "callback": last}
    try:
        with quiet_stdout(), np.errstate(all="ignore"):
            alpha = estimate(image.astype(np.float64), trimap.astype(np.float64), cg_kwargs=options)
    except FAILURES as error:
        if last.residual > ENOUGH or last.x.size != trimap.size:
            raise InputError(no_answer(trimap, str(error) or type(error).__name__)) from error
        log.info("%s: stopped after %d steps at a residual of %.1e.", function, steps, last.residual)
        alpha = last.x.reshape(trimap.shape)
    if not np.isfinite(alpha).all():
        raise InputError(no_answer(trimap, "some alphas are not numbers."))
    return alpha


class _LastIterate:
    """Callback of pymatting's conjugate gradients that keeps x and its residual, relative to the right side."""

    x, residual = np.empty(0), np.inf

    def __call__(self, A, x, b, norm_b, r, norm_r) -> None:
        self.x, self.residual = x, norm_r / norm_b


def no_answer(trimap: np.ndarray, reason: str) -> str:
    """Message for a method that failed."""
    height, width = trimap.shape
    unknown = int(((trimap > 0) & (trimap < 1)).sum())
    return f"no alpha for {width}x{height} pixels, {unknown} unknown: {reason} Use another method, or another size."
