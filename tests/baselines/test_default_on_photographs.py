"""The default against the classical methods that it weighs, on real photographs of several sizes."""

import cv2
import numpy as np
import pytest

from mattekit.baselines import ALPHA
from mattekit.baselines.finishing import HEDGED, OVERRULED, SMALL, moderated, strengthened
from mattekit.baselines.sampling import shared as shared_matting
from mattekit.imaging.trimap import erode_known, from_alpha, join, reduced
from mattekit.models.registry import resolve

NAMES = [f"GT0{i}" for i in range(1, 10)]


def photograph(folder, name, divisor, widened=0, trimaps="trimap1"):
    """Image, trimap and alpha, `divisor` times smaller; the unknown region widened by pixels of that size."""
    image = cv2.imread(str(folder / "image" / f"{name}.png"))[..., ::-1].astype(np.float32) / 255
    levels, alpha = (cv2.imread(str(folder / kind / f"{name}.png"), 0) for kind in (trimaps, "alpha"))
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


@pytest.mark.parametrize(
    ("divisor", "trimaps", "names"),
    [
        (16, "trimap1", NAMES),
        (16, "trimap2", NAMES),
        (4, "trimap1", NAMES[::2]),
        (4, "trimap2", NAMES[1::2]),
        (2, "trimap1", ["GT09"]),
        (2, "trimap2", ["GT08"]),
        (1, "trimap2", ["GT05"]),
    ],
)
def test_the_default_is_nowhere_worse_than_shared_matting(shared, divisor, trimaps, names):
    """Some of the 54 pairs of reduced pictures, of which the ratio is 0.99 at most, and 0.61 to 0.73 in the mean."""
    folder, default = shared / "data/alphamatting-dev", resolve("default", device="cpu").alpha
    for name in names:
        image, trimap, alpha = photograph(folder, name, divisor, trimaps=trimaps)
        both = (np.abs(estimate(image, trimap) - alpha)[trimap == 0.5].sum() for estimate in (default, ALPHA["shared"]))
        assert np.divide(*both) < 1.1, name


@pytest.mark.parametrize("absent", [0, 1])
def test_without_known_pixels_of_a_class_the_default_finds_it_by_the_colours_of_the_other(shared, absent):
    """All of the class is unknown then; a constant alpha of one half, from which it began, has a mean error of 0.48."""
    found = []
    for name in ("GT01", "GT05", "GT07"):
        image, trimap, alpha = photograph(shared / "data/alphamatting-dev", name, 8)
        truth = np.where(trimap == 0.5, alpha, trimap)
        trimap[trimap == absent] = 0.5
        result = resolve("default", device="cpu").alpha(image, trimap)
        found.append(np.abs(result - truth)[trimap == 0.5].mean())
    assert max(found) < 0.08 and np.mean(found) < 0.04


def composites(folder, cutouts, count, size):
    """Cut-outs over photographs, at a size (width, height).

    The constants of `finishing` were chosen with such cut-outs over other photographs: no independent material.
    """
    sources = [sorted(folder.glob(pattern)) for pattern in (cutouts, "photos/*.webp")]
    cutouts, photographs = (files[:: len(files) // count][:count] for files in sources)
    for cutout, photograph in zip(cutouts, photographs, strict=True):
        layer = cv2.imread(str(cutout), cv2.IMREAD_UNCHANGED).astype(np.float32) / 255
        behind = cv2.resize(cv2.imread(str(photograph)), layer.shape[1::-1], interpolation=cv2.INTER_AREA)
        alpha = layer[..., 3]
        image = alpha[..., None] * layer[..., 2::-1] + (1 - alpha[..., None]) * behind[..., ::-1] / np.float32(255)
        image, alpha = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (image, alpha))
        trimap = from_alpha(alpha.clip(0, 1), erode=1, dilate=1, low=0.01, high=0.99)
        if (trimap == 0).any() and (trimap == 1).any():
            yield image, trimap, alpha


@pytest.mark.parametrize(
    ("cutouts", "count", "size", "mean", "most"),
    [
        ("foliage-smoke/0ad_skins*.webp", 16, (48, 36), 0.97, 1.4),
        ("foliage-smoke/CC0*whitepuff*.webp", 8, (48, 36), 1.02, 1.1),
        ("renders/*hair.webp", 8, (48, 36), 0.9, 1.4),
        ("foliage-smoke/CC0*whitepuff*.webp", 4, (200, 150), 1.1, 1.15),
    ],
)
def test_composites_are_matted_as_well_as_by_shared_matting(shared, cutouts, count, size, mean, most):
    """Smoothing along colours spreads the background there: without bounds leaves are a sixth worse, smoke a third."""
    default, ratios = resolve("default", device="cpu").alpha, []
    for image, trimap, alpha in composites(shared / "data/train", cutouts, count, size):
        both = default(image, trimap), ALPHA["shared"](image, trimap)
        ratios.append(np.divide(*(np.abs(each - alpha)[trimap == 0.5].sum() for each in both)))
    assert len(ratios) >= 2 * count / 3
    assert np.exp(np.mean(np.log(ratios))) < mean and max(ratios) < most


def regions(gap):
    """Arguments of `moderated` on noise, and shared matting's alpha: left and right, the network's agrees with one.

    Left the network is with shared matting, `gap` away from the smoothed alpha; right it is beyond the smoothed one.
    """
    rng = np.random.default_rng(0)
    image, trimap = rng.random((60, 160, 3), np.float32), np.full((60, 160), 0.5, np.float32)
    trimap[:2], trimap[-2:] = 0, 1
    sampled = shared_matting(image, trimap).alpha
    away = np.where(sampled < 0.5, gap, -gap).astype(np.float32)
    alpha = sampled.copy()
    alpha[:, 80:] += 2 * away[:, 80:]
    return trimap, sampled + away, alpha, sampled


def test_smoothing_gives_way_where_the_network_and_shared_matting_agree_against_it():
    trimap, smooth, alpha, sampled = regions(1.2 * OVERRULED[1])
    result, unknown = moderated(trimap, smooth, alpha, sampled), trimap == 0.5
    assert trimap.size < SMALL
    left, right = (unknown & (np.arange(160) < 50), unknown & (np.arange(160) >= 110))
    assert result[left] == pytest.approx(sampled[left], abs=1e-5)
    assert result[right] == pytest.approx(smooth[right], abs=0.02)


def test_where_only_shared_matting_is_far_away_over_a_large_region_alpha_goes_half_way():
    trimap, smooth, alpha, sampled = regions(1.2 * HEDGED[1])
    result, right = moderated(trimap, smooth, alpha, sampled), (trimap == 0.5) & (np.arange(160) >= 110)
    assert result[right] == pytest.approx((smooth + sampled)[right] / 2, abs=1e-5)


@pytest.mark.parametrize(
    ("noise", "offset", "wanted"), [(0, 0.06, 1), (0, -0.06, 0), (0, 0.025, 0.5), (0.125, 0.06, 0.5), (0.3, 0.06, 0)]
)
def test_an_alpha_that_is_fainter_and_otherwise_alike_gives_way_to_shared_matting(noise, offset, wanted):
    """As a share of the way, by how much fainter alpha is, and by how far the two are apart in the mean."""
    trimap = np.full((100, 100), 0.5, np.float32)
    trimap[:5], trimap[-5:] = 0, 1
    difference = np.where(np.indices((100, 100)).sum(0) % 2, noise, -noise).astype(np.float32) + np.float32(offset)
    alpha = np.where(trimap == 0.5, np.float32(0.4), trimap)
    result = strengthened(trimap, alpha, alpha + difference)
    assert (result - alpha)[5:-5] == pytest.approx(wanted * difference[5:-5], abs=1e-6)
    assert np.array_equal(result[trimap != 0.5], trimap[trimap != 0.5])
