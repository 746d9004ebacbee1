"""Classical methods: alphas from (image, trimap), foregrounds from (image, alpha)."""

from collections.abc import Callable
from functools import partial

import numpy as np

from mattekit.baselines.alpha import METHODS, estimate_alpha
from mattekit.baselines.foreground_methods import DEFAULT_FOREGROUND, FOREGROUND, estimate

__all__ = ["ALPHA", "DEFAULT_FOREGROUND", "FOREGROUND", "estimate"]

# (image, trimap) -> alpha, as a network's predictor takes and gives them.
ALPHA: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    name: partial(estimate_alpha, name) for name in METHODS
}
