"""The five scores of image matting, each in a file of its own: one function, its unit, its source."""

from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial

import numpy as np

from mattekit.compiling import announced
from mattekit.metrics.connectivity import EmptyLevels, conn
from mattekit.metrics.gradient import grad
from mattekit.metrics.mad import mad
from mattekit.metrics.mse import mse
from mattekit.metrics.sad import sad

METRICS = {"sad": sad, "mse": mse, "mad": mad, "grad": grad, "conn": conn}
UNITS = {"sad": "thousands", "mse": "per pixel", "mad": "per pixel", "grad": "thousands", "conn": "thousands"}

__all__ = ["METRICS", "UNITS", "EmptyLevels", "conn", "grad", "mad", "mse", "sad", "score"]


def score(
    alpha: np.ndarray,
    truth: np.ndarray,
    unknown: np.ndarray | None = None,
    *,
    metrics: Iterable[str] = tuple(METRICS),
    empty_levels: EmptyLevels = "continue",
) -> dict[str, float]:
    """Several scores of one matte, by name.

    Parameters
    ----------
    alpha, truth : (H, W) uint8, or float in 0..1
        Prediction and ground truth; floats are rounded to 8 bits, which is what the official scorer reads.
    unknown : (H, W) bool, optional
        Pixels that count; all of them if omitted.
    metrics
        Keys of METRICS.
    empty_levels
        How `conn` treats levels that no pixel reaches.

    Returns
    -------
    dict
        SAD, Grad and Conn in thousands, MSE and MAD per pixel (see UNITS).

    Raises
    ------
    InputError
        If shapes or types do not fit.
    """
    metrics = tuple(metrics)
    # numba is imported only where a compiled metric is wanted
    compiled = {"grad", "conn"} & set(metrics)
    with announced("the metrics: their first use compiles for some seconds.") if compiled else nullcontext():
        functions = METRICS | {"conn": partial(conn, empty_levels=empty_levels)}
        return {name: functions[name](alpha, truth, unknown) for name in metrics}
