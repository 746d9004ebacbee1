"""Compilation ahead of use: methods run once on a tiny picture, so that numba's cache holds what they need."""

from collections.abc import Sequence

import numpy as np

from mattekit.baselines import ALPHA, FOREGROUND
from mattekit.baselines.priors import PRIORS

SIDE = 48  # pixels; the smallest picture that every method can work with


def warm_up(models: Sequence[str] = (), foregrounds: Sequence[str] = ()) -> None:
    """Compile what methods need, unless that is done.

    Parameters
    ----------
    models : sequence of str
        Names of `ALPHA`; any other stands for networks, whose priors are compiled.
    foregrounds : sequence of str
        Names of `FOREGROUND`.
    """
    image, trimap, alpha = scene()
    for method in {name: ALPHA.get(name, _priors) for name in models}.values():
        method(image, trimap)
    for name in foregrounds:
        FOREGROUND[name].function(image, alpha)


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a tiny image, its trimap and alpha: a soft edge between two textures."""
    image = np.random.default_rng(0).random((SIDE, SIDE, 3), np.float32)
    alpha = np.tile(np.linspace(-1, 2, SIDE, dtype=np.float32).clip(0, 1), (SIDE, 1))
    return image, np.where((alpha > 0) & (alpha < 1), np.float32(0.5), alpha), alpha


def _priors(image: np.ndarray, trimap: np.ndarray) -> None:
    for prior in PRIORS.values():
        estimates = prior.estimate(image, trimap)
        prior.finish(image, trimap, estimates[..., 0].astype(np.float32))
