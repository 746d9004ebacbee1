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


def estimate(
    image: np.ndarray, alpha: np.ndarray, method: str, *, keep_known: bool = True, **options: float
) -> np.ndarray:
    """Estimate foreground colours of any range by a method.

    Parameters
    ----------
    image : (H, W, 3) float32, or an initial foreground; values may lie beyond 0..1, as light does
    alpha : (H, W) float32 in 0..1
    method : a name of `FOREGROUND`
    keep_known : leave the image's colours as they are, bit for bit, where alpha is 1
    **options : the method's settings

    Returns
    -------
    (H, W, 3) float in the image's range
    """
    low, high = min(0.0, float(image.min())), max(1.0, float(image.max()))
    inside = low == 0 and high == 1
    # The matting equation holds in any unit, and the methods work in 0..1.
    scaled = image if inside else (image - np.float32(low)) / np.float32(high - low)
    fg = FOREGROUND[method].function(scaled, alpha, **options)
    fg = fg if inside else fg * np.float32(high - low) + np.float32(low)
    return np.where((alpha == 1)[..., None], image, fg) if keep_known else fg
