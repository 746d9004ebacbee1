"""Classical methods, most of them pymatting's: alphas from (image, trimap), foregrounds from (image, alpha)."""

from collections.abc import Callable
from functools import partial

import numpy as np

from mattekit.baselines.classical import classical

# (image, trimap) -> alpha, as a network's predictor takes and gives them.
ALPHA: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "closed-form": partial(classical, "closed-form"),
    "knn": partial(classical, "knn"),
    "lbdm": partial(classical, "lbdm"),
    "lkm": partial(classical, "lkm"),
    "rw": partial(classical, "rw"),
    "shared": partial(classical, "shared"),
}
DEFAULT = "shared"  # the most accurate of them on the real images, and the fastest
