import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mattekit.errors import InputError
from mattekit.imaging.integer_compositing import Cutout, enlarge

sides = st.integers(1, 40)


def picture(rng, size, dtype=np.uint8):
    return rng.integers(0, np.iinfo(dtype).max, (*size, 3), dtype, endpoint=True)


def published(fg, bg, alpha):
    """The published rule, pixel by pixel in Python's own numbers, with Pillow cutting and scaling."""
    height, width = alpha.shape
    behind = Image.fromarray(bg)
    ratio = max(width / behind.width, height / behind.height)
    if ratio > 1:
        size = math.ceil(behind.width * ratio), math.ceil(behind.height * ratio)
        behind = behind.resize(size, Image.Resampling.BICUBIC)
    out = np.array(behind.crop((0, 0, width, height)))
    for y in range(height):
        for x in range(width):
            opacity = int(alpha[y, x]) / 255
            if opacity > 0:
                pairs = zip(fg[y, x].tolist(), out[y, x].tolist(), strict=True)
                out[y, x] = fg[y, x] if opacity >= 1 else [int(opacity * f + (1 - opacity) * b) for f, b in pairs]
    return out


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.tuples(sides, sides), st.tuples(sides, sides))
def test_composites_equal_the_published_rule_bit_for_bit(seed, size, bg_size):
    rng = np.random.default_rng(seed)
    fg, bg = picture(rng, size), picture(rng, bg_size)
    alpha = np.clip(rng.integers(-100, 356, size), 0, 255).astype(np.uint8)
    ours = Cutout(fg, alpha / 255, truncate=True).over(enlarge(bg, size))
    assert np.array_equal(ours, published(fg, bg, alpha))


def test_every_blend_of_two_levels_is_cut_as_double_precision_cuts_it():
    """Where the exact blend is a whole number, double precision may fall just below it."""
    fg, bg = (channel.astype(np.uint8) for channel in np.mgrid[:256, :256])
    different = 0
    for level in range(1, 255, 23):
        image = Cutout(np.dstack([fg] * 3), np.full(fg.shape, level / 255), truncate=True).over(np.dstack([bg] * 3))
        exact = (level * fg.astype(int) + (255 - level) * bg.astype(int)) // 255
        double = [[int(level / 255 * f + (1 - level / 255) * b) for b in range(256)] for f in range(256)]
        assert np.array_equal(image[..., 1], double)
        different += (image[..., 0] != exact).sum()
    assert different > 0


@settings(deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([np.uint8, np.uint16]))
def test_without_truncation_the_nearest_whole_number_is_taken(seed, dtype):
    rng, full = np.random.default_rng(seed), np.iinfo(dtype).max
    fg, bg = picture(rng, (9, 7), dtype), picture(rng, (9, 7), dtype)
    alpha = rng.integers(0, full, (9, 7), endpoint=True)
    image = Cutout(fg, alpha / full).over(bg)
    weighted = alpha[..., None] * fg.astype(np.int64) + (full - alpha[..., None]) * bg.astype(np.int64)
    assert np.array_equal(image, (2 * weighted + full) // (2 * full))  # full is odd: never a tie
    assert image.dtype == dtype


@pytest.mark.parametrize("truncate", [False, True])
def test_opaque_pixels_are_the_foreground_and_clear_ones_the_background(truncate):
    rng = np.random.default_rng(5)
    fg, bg = picture(rng, (30, 20)), picture(rng, (30, 20))
    alpha = rng.integers(0, 2, (30, 20)).astype(float)
    before = bg.copy()
    image = Cutout(fg, alpha, truncate=truncate).over(bg)
    assert np.array_equal(image, np.where(alpha[..., None] == 1, fg, bg))
    assert np.array_equal(bg, before)  # the background serves again


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 10_000), st.tuples(sides, sides), st.integers(1, 90), st.integers(1, 90))
def test_enlarging_equals_pillow_bit_for_bit(seed, bg_size, height, width):
    bg = picture(np.random.default_rng(seed), bg_size)
    ratio = max(height / bg_size[0], width / bg_size[1], 1)
    size = math.ceil(bg_size[1] * ratio), math.ceil(bg_size[0] * ratio)
    wanted = np.asarray(Image.fromarray(bg).resize(size, Image.Resampling.BICUBIC))[:height, :width]
    if bg_size[0] >= height and bg_size[1] >= width:
        wanted = bg[:height, :width]
    assert np.array_equal(enlarge(bg, (height, width)), wanted)


def test_a_photograph_is_enlarged_as_by_pillow():
    """Wide pictures have more output columns per input column than small random ones try."""
    rng = np.random.default_rng(3)
    for bg_size, size in (((48, 64), (1080, 1920)), ((375, 500), (1333, 1000)), ((3, 700), (40, 30))):
        bg = picture(rng, bg_size)
        ratio = max(size[0] / bg_size[0], size[1] / bg_size[1])
        scaled = Image.fromarray(bg).resize(
            (math.ceil(bg_size[1] * ratio), math.ceil(bg_size[0] * ratio)), Image.Resampling.BICUBIC
        )
        assert np.array_equal(enlarge(bg, size), np.asarray(scaled)[: size[0], : size[1]])


@settings(deadline=None)
@given(st.tuples(sides, sides), st.tuples(sides, sides), st.sampled_from([np.uint8, np.uint16]))
def test_backgrounds_are_enlarged_until_they_cover_and_never_shrunk(bg_size, size, dtype):
    bg = picture(np.random.default_rng(0), bg_size, dtype)
    cut = enlarge(bg, size)
    assert cut.shape == (*size, 3) and cut.dtype == dtype
    if bg_size[0] >= size[0] and bg_size[1] >= size[1]:
        assert np.array_equal(cut, bg[: size[0], : size[1]])


def test_sixteen_bits_are_enlarged_like_eight():
    bg = picture(np.random.default_rng(0), (20, 30)) // 2 + 64  # no overshoot to be cut between the two passes
    difference = np.abs(enlarge(bg.astype(np.uint16) * 257, (50, 50)) / 257 - enlarge(bg, (50, 50)))
    assert difference.max() < 1.3 and difference.mean() < 0.4  # 8 bits are rounded after each pass


def test_a_foreground_of_another_size_than_its_alpha_is_refused():
    with pytest.raises(InputError, match="alpha: 4x5, but the foreground is 4x6"):
        Cutout(np.zeros((4, 6, 3), np.uint8), np.zeros((4, 5)))
    with pytest.raises(InputError, match=r"background: \(3, 6, 3\) uint8, wanted \(4, 6, 3\) uint8"):
        Cutout(np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6))).over(np.zeros((3, 6, 3), np.uint8))
