"""Methods of pymatting, which is imported here alone: alphas and foregrounds, and one line where there is none."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import ModuleType

import numpy as np

from mattekit import progress
from mattekit.compiling import announced
from mattekit.errors import InputError
from mattekit.imaging.composite import checked

log = logging.getLogger("mattekit")

STOP_AT_ZERO = {"atol": 1e-12}  # for conjugate gradients, which otherwise divide 0 by 0 at a residual of exactly 0
FAILURES = (ValueError, IndexError, ArithmeticError, AssertionError, MemoryError)  # LinAlgError is a ValueError
STEPS = 10_000  # of conjugate gradients; pymatting's limit
GOAL = 1e-7  # residual, as a share of the right side, at which pymatting ends
ENOUGH = 1e-5  # residual, as a share of the right side, at which an iterate that has not converged is still an answer


def load() -> ModuleType:
    """Import pymatting and return it; the first import on a machine compiles for about a minute and says so."""
    with (
        quiet_stdout(),
        announced("pymatting: the first use compiles for about a minute; later uses start at once."),
    ):
        import pymatting
    return pymatting


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Keep standard output clean in the block: pymatting prints its warnings there. They are logged instead."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            yield
    finally:
        if printed.getvalue():
            log.info("%s", " ".join(printed.getvalue().split()))


def alpha_by_pymatting(function: str, image: np.ndarray, trimap: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Estimate alpha by one of pymatting's functions that solve by conjugate gradients.

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
    estimate, last = getattr(load(), function), _LastIterate(function.removeprefix("estimate_alpha_"))
    options = {**STOP_AT_ZERO, "maxiter": steps, "callback": last}
    try:
        with quiet_stdout(), np.errstate(all="ignore"):
            alpha = estimate(image.astype(np.float64), trimap.astype(np.float64), cg_kwargs=options)
    except FAILURES as error:
        if last.residual > ENOUGH or last.x.size != trimap.size:
            raise InputError(_no_alpha(trimap, str(error) or type(error).__name__)) from error
        log.info("%s: stopped after %d steps at a residual of %.1e.", function, steps, last.residual)
        alpha = last.x.reshape(trimap.shape)
    if not np.isfinite(alpha).all():
        raise InputError(_no_alpha(trimap, "some alphas are not numbers."))
    return alpha


class _LastIterate:
    """Callback of pymatting's conjugate gradients that keeps x and its residual, relative to the right side."""

    x, residual = np.empty(0), np.inf

    def __init__(self, name: str) -> None:
        self.convergence = progress.Convergence(name, GOAL)

    def __call__(self, A, x, b, norm_b, r, norm_r) -> None:
        self.x, self.residual = x, norm_r / norm_b
        self.convergence(self.residual)


def _no_alpha(trimap: np.ndarray, reason: str) -> str:
    """Return the message for a method that failed."""
    height, width = trimap.shape
    unknown = int(((trimap > 0) & (trimap < 1)).sum())
    return f"no alpha for {width}x{height} pixels, {unknown} unknown: {reason} Use another method, or another size."


def closed_form_foreground(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Estimate foreground colours by pymatting's `estimate_foreground_cf`, slowly.

    Parameters
    ----------
    image : (H, W, 3) float, RGB in 0..1
    alpha : (H, W) float in 0..1

    Returns
    -------
    (H, W, 3) float32, RGB in 0..1

    Raises
    ------
    InputError
        If sizes differ, values are out of range, or the equations have no solution for this input.

    References
    ----------
    Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", 2008, section 7.
    """
    image, alpha = (array.astype(np.float64) for array in checked(image, alpha))
    estimate = load().estimate_foreground_cf
    try:
        with quiet_stdout(), np.errstate(all="ignore"):
            fg = estimate(image, alpha, cg_kwargs=STOP_AT_ZERO)
    except FAILURES as error:
        raise InputError(_no_foreground(alpha, str(error) or type(error).__name__)) from error
    if not np.isfinite(fg).all():
        raise InputError(_no_foreground(alpha, "some colours are not numbers"))
    return fg.astype(np.float32)


def _no_foreground(alpha: np.ndarray, reason: str) -> str:
    height, width = alpha.shape
    return f"closed-form: no foreground for this {width}x{height} image and alpha ({reason}). Use another method."
