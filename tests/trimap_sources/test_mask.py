"""Trimaps of rough masks: wide where the picture mixes colours, narrow elsewhere; nothing thin is lost."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from mattekit.errors import InputError
from mattekit.trimap_sources import band_network
from mattekit.trimap_sources import following as source
from mattekit.trimap_sources.band import width_of
from mattekit.trimap_sources.mask import MaskSource, adaptive_trimap
from mattekit.trimap_sources.mask_edge import MaskEdge
from mattekit.trimap_sources.strands import line_contrast

SIZE = (180, 240)
Y, X = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)


def before(alpha, seed=0):
    """An orange subject of this alpha before a blue ground, both a little noisy, as photographs are."""
    rng = np.random.default_rng(seed)
    fg, bg = (np.float32(c) + cv2.GaussianBlur(rng.normal(0, 0.02, (*alpha.shape, 3)), (0, 0), 0.7).astype(np.float32)
              for c in ([0.8, 0.45, 0.1], [0.15, 0.3, 0.6]))  # fmt: skip
    return (alpha[..., None] * fg + (1 - alpha[..., None]) * bg).clip(0, 1).astype(np.float32)


def half_soft():
    """Alpha of a square whose left edge is hard and whose right edge is soft over 24 pixels."""
    right = ((192 - X) / 24).clip(0, 1)
    return (right * (X > 80) * (Y > 40) * (Y < 140)).astype(np.float32)


def mixed(alpha, least=0.02):
    return (alpha > least) & (alpha < 1 - least)


def recall(trimap, alpha):
    return (trimap[mixed(alpha)] == 0.5).mean()


def test_the_band_is_wide_where_the_picture_is_soft_and_narrow_at_clean_edges():
    alpha = half_soft()
    trimap, reasons = adaptive_trimap(before(alpha), (alpha > 0.5).astype(np.float32))
    assert recall(trimap, alpha) > 0.999
    row = trimap[90]
    left, right = (row[:130] == 0.5).sum(), (row[130:] == 0.5).sum()
    assert left <= 14 and right >= 24 and right > 2 * left
    known = trimap != 0.5
    np.testing.assert_array_equal(trimap[known], alpha[known].round())
    assert source.REASONS[reasons[90, 180]] == "mixed colours" and source.REASONS[reasons[90, 77]] == "edge"
    assert source.REASONS[reasons[5, 5]] == "background" and source.REASONS[reasons[90, 120]] == "foreground"


@pytest.mark.parametrize("mistake", ["eroded", "dilated", "shifted", "blobby"])
def test_mistakes_of_the_mask_are_covered(mistake):
    alpha = half_soft()
    exact = (alpha > 0.5).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    small = cv2.resize(exact.astype(np.float32), (64, 64), interpolation=cv2.INTER_AREA)
    made = {
        "eroded": lambda: cv2.erode(exact, disc),
        "dilated": lambda: cv2.dilate(exact, disc),
        "shifted": lambda: np.roll(exact, (3, 3), (0, 1)),
        "blobby": lambda: cv2.resize(small, SIZE[::-1], interpolation=cv2.INTER_LINEAR),
    }
    trimap, _ = adaptive_trimap(before(alpha), made[mistake]().astype(np.float32))
    known = trimap != 0.5
    assert recall(trimap, alpha) >= 0.995 and (trimap[known] == alpha[known].round()).mean() > 0.999
    assert (~known).mean() < 3 * mixed(alpha).mean() + 0.1


def test_thin_parts_and_small_holes_are_not_lost():
    alpha = ((X > 60) & (X < 150) & (Y > 40) & (Y < 140)).astype(np.float32)
    alpha[88:90, 150:220] = 1  # a wire
    alpha[70:73, 100:103] = 0  # a hole
    trimap, _ = adaptive_trimap(before(alpha), alpha)
    known = trimap != 0.5
    np.testing.assert_array_equal(trimap[known], alpha[known])
    assert not known[88:90, 150:220].all() or (trimap[88:90, 150:220] != 0).all()
    assert (trimap[70:73, 100:103] != 1).all()


def test_a_single_hair_far_from_the_mask_is_found():
    alpha = ((X - 60) ** 2 + (Y - 90) ** 2 < 40**2).astype(np.float32)
    hair = np.zeros(SIZE, np.uint8)
    cv2.line(hair, (95, 75), (135, 30), 255, 1, cv2.LINE_AA)
    thin = np.maximum(alpha, hair / np.float32(255) * 0.6)
    image = cv2.GaussianBlur(before(thin), (0, 0), 0.5)
    trimap, reasons = adaptive_trimap(image, alpha)
    assert (trimap[(hair > 100) & (alpha == 0) & (X > 100)] == 0.5).mean() > 0.7
    assert source.STRAND in reasons and (trimap == 0.5).mean() < 0.2


def test_the_middle_of_an_unsure_mask_is_unknown():
    alpha = (X > 120).astype(np.float32)
    unsure = np.where(X > 180, 1, np.where(X > 120, 0.7, 0)).astype(np.float32)
    trimap, reasons = adaptive_trimap(before(alpha), unsure)
    assert (trimap[:, 140:176] == 0.5).all() and source.UNSURE in reasons
    assert (trimap[trimap != 0.5] == alpha[trimap != 0.5]).all()


@pytest.mark.parametrize("scale", [1, 2.5])
def test_large_pictures_get_the_same_band(scale):
    alpha = half_soft()
    size = (round(SIZE[0] * 3), round(SIZE[1] * 3))
    large = cv2.resize(alpha, size[::-1], interpolation=cv2.INTER_LINEAR)
    image = np.tile(before(large), 1) if scale == 1 else before(large) * np.float32(scale)
    trimap, reasons = adaptive_trimap(image.clip(0, 1), (large > 0.5).astype(np.float32))
    assert trimap.shape == reasons.shape == size and trimap.dtype == np.float32
    assert recall(trimap, large) > (0.99 if scale == 1 else 0.98)  # the bright one is clipped


@pytest.mark.parametrize("make", [np.zeros, lambda size: np.full(size, 4.0), np.random.default_rng(0).random])
def test_pictures_that_tell_nothing_still_give_a_trimap(make):
    image = make((*SIZE, 3))
    mask = (np.hypot(Y - 90, X - 120) < 50).astype(np.float32)
    trimap, _ = adaptive_trimap(image.astype(np.float32), mask)
    assert set(np.unique(trimap)) <= {0, 0.5, 1} and (trimap[mask.astype(bool)] > 0).mean() > 0.9


@pytest.mark.parametrize("size", [(1, 2), (2, 2), (3, 5), (5, 40), (40, 4)])
def test_tiny_pictures_and_masks_that_are_thin_everywhere(size):
    mask = np.zeros(size, np.float32)
    mask[:, : size[1] // 2] = 1
    trimap, reasons = adaptive_trimap(np.random.default_rng(0).random((*size, 3)).astype(np.float32), mask)
    assert trimap.shape == reasons.shape == size and set(np.unique(trimap)) <= {0, 0.5, 1}
    lines = np.zeros(SIZE, np.float32)
    lines[::12] = 1
    trimap, _ = adaptive_trimap(before(lines), lines)
    assert not ((trimap == 0) & (lines == 1)).any() and not ((trimap == 1) & (lines == 0)).any()


def test_a_band_of_one_width_follows_the_mask_alone():
    mask = (X > 120).astype(np.float32)
    trimap, reasons = adaptive_trimap(np.zeros((*SIZE, 3), np.float32), mask, band=10)
    np.testing.assert_array_equal(np.flatnonzero(trimap[0] == 0.5), np.arange(111, 131))
    assert set(np.unique(reasons)) == {source.BACKGROUND, source.FOREGROUND, source.EDGE}
    trimap, _ = adaptive_trimap(np.zeros((*SIZE, 3), np.float32), mask, band="0")
    np.testing.assert_array_equal(trimap, mask)


@pytest.mark.parametrize(
    ("band", "width"), [("auto", None), ("30", 30), (7, 7), ("0", 0), ("3%", 6), ("0.1%", 1), (" 12.5% ", 25)]
)
def test_widths_are_pixels_or_percent_of_the_short_side(band, width):
    assert width_of(band, (200, 300)) == width


@pytest.mark.parametrize("band", ["wide", "-3", "3.5", "0%", "101%", "3 %", "", "nan", "%"])
def test_other_widths_are_refused(band):
    with pytest.raises(InputError, match="wanted auto, whole pixels"):
        width_of(band, (200, 300))


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((4, 5)), "an empty mask"),
        (np.ones((4, 5)), "a full mask"),
        (np.full((4, 5), np.nan), "values nan..nan, wanted 0..1"),
        (np.eye(4) * 255, r"values 0..255, wanted 0..1"),
        (np.zeros((4, 5, 3)), r"shape \(4, 5, 3\), wanted \(H, W\)"),
        (np.zeros((0, 5)), r"shape \(0, 5\)"),
    ],
)
def test_bad_masks_are_told(mask, message):
    with pytest.raises(InputError, match=message):
        MaskSource(mask.astype(np.float32))


def test_a_picture_of_another_size_is_told():
    with pytest.raises(InputError, match="4x4, but the picture is 6x5"):
        MaskSource(np.eye(4, dtype=np.float32))(np.zeros((5, 6, 3), np.float32))


@pytest.mark.parametrize(("name", "radius", "more", "size"), [("GT03", 24, 0.05, 1.1), ("GT07", 24, -0.015, 0.6)])
def test_on_photographs_the_band_beats_one_radius(shared, name, radius, more, size):
    """Stray hairs, and clean edges, both halved: more of what is mixed than one radius holds, or a smaller region."""
    folder = shared / "data/alphamatting-dev"
    image, alpha = (cv2.imread(str(folder / kind / f"{name}.png"), how).astype(np.float32) / 255
                    for kind, how in (("image", cv2.IMREAD_COLOR_RGB), ("alpha", 0)))  # fmt: skip
    image, alpha = (cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for p in (image, alpha))
    mask = (alpha > 0.5).astype(np.float32)
    trimap, plain = (adaptive_trimap(image, mask, band=band)[0] for band in ("auto", radius))
    assert recall(trimap, alpha) > recall(plain, alpha) + more
    assert (trimap == 0.5).sum() < size * (plain == 0.5).sum()


def test_a_wire_of_a_large_picture_is_not_lost_when_it_is_reduced():
    """One pixel wide, it is a fifth of a pixel of the picture on which the band is looked for."""
    tall, wide = 1800, 2400
    alpha = np.zeros((tall, wide), np.float32)
    alpha[400:1400, 600:1500] = 1
    alpha[900, 1500:2200] = 1
    image = np.float32([0.15, 0.3, 0.6]) + alpha[..., None] * np.float32([0.65, 0.15, -0.5])
    trimap, _ = adaptive_trimap(image, alpha)
    assert (trimap[900, 1500:2200] != 0).all()
    assert (trimap == 0.5).mean() < 0.06


@pytest.mark.parametrize("size", [(180, 240), (33, 50)])
def test_the_network_takes_the_planes_in_any_size_and_from_several_threads_at_once(size):
    mask = (np.hypot(Y - 90, X - 120) < 50).astype(np.float32)
    image, mask = (cv2.resize(each, size[::-1], interpolation=cv2.INTER_AREA) for each in (before(mask), mask))
    edge = MaskEdge(mask)
    planes = band_network.planes_of(image, line_contrast(image, size), edge)
    assert {each.shape for each in planes} == {size} and 0 <= min(p.min() for p in planes)
    assert max(p.max() for p in planes) <= 1
    likely = band_network.class_probabilities(planes)
    assert likely.shape == (*size, 3)
    np.testing.assert_allclose(likely.sum(2), 1, atol=1e-5)
    with ThreadPoolExecutor(4) as pool:
        for each in pool.map(band_network.class_probabilities, [planes] * 6):
            np.testing.assert_allclose(each, likely, atol=1e-5)
    for side, depth in ((0, -edge.depth), (2, edge.depth)):
        assert (likely[(depth > 3) & edge.near].argmax(1) == side).mean() > 0.9
