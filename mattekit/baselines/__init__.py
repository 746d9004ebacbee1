"""Classical methods, most of them pymatting's: alphas from (image, trimap), foregrounds from (image, alpha)."""

from collections.abc import Callable
from functools import partial

import numpy as np

from mattekit.baselines.alpha import METHODS, estimate_alpha
from mattekit.baselines.foreground import foreground
from mattekit.imaging.foreground import estimate_foreground
from mattekit.imaging.foreground_multigrid import estimate_foreground_multigrid

# (image, trimap) -> alpha, as a network's predictor takes and gives them.
ALPHA: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    name: partial(estimate_alpha, name) for name in METHODS
}
DEFAULT = "shared"  # the most accurate of them on the real images, and the fastest

# (image, alpha) -> colours of the foreground; those of imaging also take the settings in their signatures.
FOREGROUND: dict[str, Callable[..., np.ndarray]] = {
    "multiscale": estimate_foreground,
    "multigrid": estimate_foreground_multigrid,
    "multilevel": partial(foreground, "multilevel"),
    "closed-form": partial(foreground, "closed-form"),
}
