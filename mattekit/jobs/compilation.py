"""Compilation of everything that numba compiles, ahead of use: for container images and shared caches."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mattekit.baselines import ALPHA, FOREGROUND
from mattekit.baselines.priors import PRIORS

SIDE = 48  # pixels; the smallest picture that every method can work with


def compile_all() -> Iterator[str]:
    """Run each compiled function once on tiny inputs; yield the name of each part when it is done."""
    for part, compile_part in PARTS.items():
        compile_part()
        yield part


def _metrics() -> None:
    from mattekit.metrics import score

    _, trimap, alpha = scene()
    for unknown in (None, trimap == 0.5):
        score(alpha, 1 - alpha, unknown)


def _compositing() -> None:
    from mattekit.imaging.integer_compositing import Cutout, enlarge

    _, _, alpha = scene()
    for dtype in (np.uint8, np.uint16):
        fg = np.zeros((*alpha.shape, 3), dtype)
        Cutout(fg, alpha.astype(np.float64)).over(enlarge(fg[:9, :9], alpha.shape))


def _samples() -> None:
    from mattekit.samples import views_kernel as views_kernel  # compiles when it is imported
    from mattekit.synthetic import KINDS, foreground

    for kind in KINDS:
        foreground(np.random.default_rng(0), (64, 64), kind)


def _keying() -> None:
    from mattekit.keying.key import key

    image, _, alpha = scene()
    screen = np.float32([0.2, 0.7, 0.2])
    key(alpha[..., None] * image + (1 - alpha[..., None]) * screen)


PARTS: dict[str, Callable[[], None]] = {
    "networks": lambda: warm_up(models=["networks"]),
    "classical methods": lambda: warm_up(models=list(ALPHA)),
    "foreground colours": lambda: warm_up(foregrounds=list(FOREGROUND)),
    "metrics": _metrics,
    "compositing": _compositing,
    "keying": _keying,
    "training samples": _samples,
}


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
    for prior in (prior for prior in PRIORS.values() if prior.compiles):
        estimates = prior.estimate(image, trimap)
        prior.finish(image, trimap, estimates[..., 0].astype(np.float32))
