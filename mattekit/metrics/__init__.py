"""The scores of image matting: a table with a row for each metric."""

from collections import ChainMap
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from mattekit.compiling import announced
from mattekit.errors import InputError
from mattekit.metrics.connectivity import EmptyLevels, conn
from mattekit.metrics.differences import mad, mse, sad
from mattekit.metrics.gradient import grad
from mattekit.metrics.temporal import Frame, dtssd, messddt
from mattekit.plugins import Table

__all__ = [
    *("ALL_METRICS", "METRICS", "TEMPORAL", "EmptyLevels", "Frame", "Metric", "conn", "grad", "mad", "mse", "sad"),
    *("score", "score_pair"),
]


@dataclass(frozen=True)
class Metric:
    """A metric: all that commands, reports, comparison sheets and training need to know of it.

    function : of a matte, its truth (H, W) and the mask of the pixels that count; returns a float, NaN if undefined.
    label, unit : for people, as "SAD" and "thousands".
    digits : behind the point, in tables; comparison sheets show one fewer.
    higher_is_better : direction; an error if False.
    compiled : its first use compiles for some seconds.
    options : keyword arguments that it takes, by the names of fields of `evaluation.scoring.Rules`.
    """

    function: Callable[..., float]
    label: str
    unit: str
    digits: int
    higher_is_better: bool = False
    compiled: bool = False
    options: tuple[str, ...] = ()

    def cost(self, value: float) -> float:
        """Return a value that is the lower, the better."""
        return -value if self.higher_is_better else value


OWN: dict[str, Metric] = {
    "sad": Metric(sad, "SAD", "thousands", 3),
    "mse": Metric(mse, "MSE", "per pixel", 5),
    "mad": Metric(mad, "MAD", "per pixel", 5),
    "grad": Metric(grad, "Grad", "thousands", 3, compiled=True),
    "conn": Metric(conn, "Conn", "thousands", 3, compiled=True, options=("empty_levels",)),
}
METRICS = Table(OWN, "mattekit.metrics", Metric)
TEMPORAL: dict[str, Metric] = {  # of a `Frame` and the one before it
    "dtssd": Metric(dtssd, "dtSSD", "x 100", 3),
    "messddt": Metric(messddt, "MESSDdt", "x 1000", 4),
}
ALL_METRICS = ChainMap(METRICS, TEMPORAL)


def score_pair(frame: Frame, before: Frame) -> dict[str, float]:
    """Score the steadiness of an alpha from one frame to the next by every metric of TEMPORAL."""
    return {name: row.function(frame, before) for name, row in TEMPORAL.items()}


def score(
    alpha: np.ndarray,
    truth: np.ndarray,
    unknown: np.ndarray | None = None,
    *,
    metrics: Iterable[str] | None = None,
    empty_levels: EmptyLevels = "continue",
) -> dict[str, float]:
    """Score one matte by several metrics.

    Parameters
    ----------
    alpha, truth : (H, W) uint8, or float in 0..1
        Prediction and ground truth; floats are rounded to 8 bits, which is what the official scorer reads.
    unknown : (H, W) bool, optional
        Pixels that count; all of them if omitted.
    metrics
        Keys of METRICS; all of them if omitted.
    empty_levels
        How `conn` treats levels that no pixel reaches.

    Returns
    -------
    dict
        SAD, Grad and Conn in thousands, MSE and MAD per pixel (units of METRICS).

    Raises
    ------
    InputError
        If shapes or types do not fit, or a metric is unknown.
    """
    names = tuple(METRICS if metrics is None else metrics)
    if unknown_names := [name for name in names if name not in METRICS]:
        raise InputError(f"metric {unknown_names[0]!r}: unknown, wanted one of {', '.join(METRICS)}.")
    rows, options = {name: METRICS[name] for name in names}, {"empty_levels": empty_levels}
    compiled = any(row.compiled for row in rows.values())  # numba is imported only where such a metric is wanted
    with announced("the metrics: their first use compiles for some seconds.") if compiled else nullcontext():
        return {
            name: row.function(alpha, truth, unknown, **{option: options[option] for option in row.options})
            for name, row in rows.items()
        }
