"""The default against the classical methods that it weighs, on real photographs of several sizes."""

import cv2
import numpy as np
import pytest

from mattekit.baselines import ALPHA
from mattekit.baselines.finishing import FAR, HEDGE, NEAR, SMALL, hedged
from mattekit.baselines.sampling import shared as shared_matting
from mattekit.imaging.trimap import erode_known, join, reduced
from mattekit.models.registry import resolve

NAMES = [f"GT0{i}" for i in range(1, 10)]


def photograph(folder, name, divisor, widened):
    """Image, trimap (trimap1) and alpha, `divisor` times smaller; the unknown region widened by pixels of that size."""
    image = cv2.imread(str(folder / "image" / f"{name}.png"))[..., ::-1].astype(np.float32) / 255
    levels, alpha = (cv2.imread(str(folder / kind / f"{name}.png"), 0) for kind in ("trimap1", "alpha"))
    size = round(levels.shape[1] / divisor), round(levels.shape[0] / divisor)
    image, alpha = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (image, alpha / np.float32(255)))
    trimap = reduced(np.select([levels == 0, levels == 255], [0, 1], 0.5).astype(np.float32), size)
    return image, join(*(erode_known(trimap == value, widened, "ellipse") for value in (0, 1))), alpha


def errors(folder, name, divisor, widened):
    """SAD of the default and of each classical method; None where widening left nothing known of a class."""
    image, trimap, alpha = photograph(folder, name, divisor, widened)
    if not ((trimap == 0).any() and (trimap == 1).any()):
        return None
    classical = ["shared", "closed-form", *(["knn"] if divisor > 2 else [])]  # which is slow, and not the best
    methods = [resolve("default", device="cpu").alpha, *(ALPHA[method] for method in classical)]
    return [np.abs(estimate(image, trimap) - alpha)[trimap == 0.5].sum() for estimate in methods]


@pytest.mark.parametrize(
    ("divisor", "widened", "names", "most"),
    [
        (16, 0, NAMES[::2], 1.12),
        (16, 1, NAMES[1::4], 1.05),
        (4, 0, NAMES[::4], 1.05),
        (4, 5, ["GT02"], 1.05),
        (4, 15, ["GT05", "GT09"], 1.35),
        (2, 0, ["GT03", "GT05"], 1.06),
    ],
)
def test_the_default_is_about_as_good_as_the_best_classical_method_and_better_in_the_mean(
    shared, divisor, widened, names, most
):
    """`most` bounds its error relative to that of whichever method is best on a picture."""
    rows = [errors(shared / "data/alphamatting-dev", name, divisor, widened) for name in names]
    default, *classical = np.transpose([row for row in rows if row])
    assert (default / np.min(classical, 0)).max() < most
    assert default.mean() < 1.02 * np.mean(classical, 1).min()


def test_where_shared_matting_is_far_away_over_a_large_region_alpha_moves_towards_it_and_nowhere_else():
    rng = np.random.default_rng(0)
    image, trimap = rng.random((60, 120, 3), np.float32), np.full((60, 120), 0.5, np.float32)
    trimap[:2], trimap[-2:] = 0, 1
    reference = shared_matting(image, trimap).alpha
    alpha = reference + np.float32(1.2 * FAR) * np.where(reference < 0.5, 1, -1)
    alpha[:, 70:] = reference[:, 70:] + np.float32(0.5 * NEAR) * np.where(reference[:, 70:] < 0.5, 1, -1)
    unknown = trimap == 0.5
    moved = (hedged(image, trimap, alpha) - alpha)[unknown.any(1)] / (reference - alpha)[unknown.any(1)]
    inner = moved[2:-2]
    assert trimap.size < SMALL and inner[:, :40] == pytest.approx(HEDGE, abs=1e-3)
    assert inner[:, 100:] == pytest.approx(0, abs=1e-3)
