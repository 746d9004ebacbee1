"""Foreground estimators by name."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mattekit.baselines.by_pymatting import closed_form_foreground
from mattekit.compiling import announced
from mattekit.imaging.lsa_foreground import multigrid_foreground, multiscale_foreground


class ForegroundMethod(NamedTuple):
    """One row.

    label : str
        Authors and idea.
    function : function
        From (H, W, 3) image or initial foreground and (H, W) alpha to (H, W, 3) colours; its keywords are settings.
    smooths : bool
        Whether it smooths an initial foreground, which may come from another method.
    needs_pymatting : bool
        Whether its first use on a machine compiles pymatting for about a minute.
    """

    label: str
    function: Callable[..., np.ndarray]
    smooths: bool = False
    needs_pymatting: bool = False


def _multilevel(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    with announced("foreground colours: the first use compiles for a second."):
        from mattekit.imaging.multilevel_foreground import multilevel_foreground

        return multilevel_foreground(image, alpha)


FOREGROUND: dict[str, ForegroundMethod] = {
    "multilevel": ForegroundMethod("Germer et al., foreground and background together", _multilevel),
    "multiscale": ForegroundMethod("LSA, smooth where alpha is small", multiscale_foreground, smooths=True),
    "multigrid": ForegroundMethod("LSA's cost by multigrid", multigrid_foreground, smooths=True),
    "closed-form": ForegroundMethod("Levin et al., by pymatting", closed_form_foreground, needs_pymatting=True),
}
DEFAULT_FOREGROUND = "multilevel"  # the most accurate on renders of these, in half the time of pymatting's
