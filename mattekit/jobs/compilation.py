"""Compilation of everything that numba compiles, ahead of use: for container images and shared caches."""

from collections.abc import Callable, Iterator

import numpy as np

from mattekit.baselines import ALPHA, FOREGROUND
from mattekit.baselines.warm_up import scene, warm_up


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


PARTS: dict[str, Callable[[], None]] = {
    "networks": lambda: warm_up(models=["networks"]),
    "classical methods": lambda: warm_up(models=list(ALPHA)),
    "foreground colours": lambda: warm_up(foregrounds=list(FOREGROUND)),
    "metrics": _metrics,
    "compositing": _compositing,
    "training samples": _samples,
}
