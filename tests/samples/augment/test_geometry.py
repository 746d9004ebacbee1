import cv2
import numpy as np
import pytest

from mattekit.imaging.composite import composite
from mattekit.samples.augment import STEPS
from mattekit.samples.sample import Sample

RNG = np.random.default_rng(0)


def noise(height, width, channels=3):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return RNG.integers(0, 256, shape, np.uint8)


def sample(height=40, width=60, bg=(40, 60), placed=True):
    return Sample(noise(height, width, 1), noise(height, width), noise(*bg), placed=placed)


def step(name, given, seed=0, **arguments):
    return STEPS[name](given, np.random.default_rng(seed), **arguments)


def test_merging_and_composing_equals_composing_one_after_the_other():
    given, other = sample(), sample()
    given.draw = lambda rng: (other.fg, other.alpha)
    merged = step("merge", given)
    floats = {"fg": given.fg, "bg": given.bg, "alpha": given.alpha, "fg2": other.fg, "alpha2": other.alpha}
    floats = {name: pixels / np.float32(255) for name, pixels in floats.items()}
    behind = composite(floats["fg2"], floats["bg"], floats["alpha2"])
    wanted = composite(floats["fg"], behind, floats["alpha"])
    assert np.abs(composite(merged.fg, floats["bg"], merged.alpha) - wanted).max() < 1e-5


def test_a_second_foreground_is_stretched_to_the_first():
    given = sample()
    given.alpha[:] = 0
    other = noise(20, 15), noise(20, 15, 1)
    given.draw = lambda rng: other
    merged = step("merge", given)
    wanted = cv2.resize(other[1], (60, 40), interpolation=cv2.INTER_NEAREST_EXACT)
    assert np.abs(merged.alpha - wanted / np.float32(255)).max() < 1e-6


def test_foregrounds_that_would_hide_everything_are_not_merged():
    given = sample()
    given.alpha[:] = 255
    given.draw = lambda rng: (noise(40, 60), noise(40, 60, 1))
    assert step("merge", given) is given
    given.alpha[7, 9] = 254  # where a coarse look does not fall
    assert step("merge", given) is not given


def test_small_samples_are_mirrored_outwards():
    given = sample(40, 60)
    grown = step("border", given, size=50)
    assert np.array_equal(grown.fg, np.pad(given.fg, ((10, 10), (0, 0), (0, 0)), mode="reflect"))
    assert step("border", given, size=40) is given


def test_flips_mirror_what_they_are_of():
    given = sample()
    both, front, behind = (step("flip", given, of=of) for of in ("all", "foreground", "background"))
    assert np.array_equal(both.fg, given.fg[:, ::-1]) and np.array_equal(both.bg, given.bg[:, ::-1])
    assert np.array_equal(front.alpha, given.alpha[:, ::-1]) and front.bg is given.bg
    assert np.array_equal(behind.bg, given.bg[:, ::-1]) and behind.fg is given.fg
    assert np.array_equal(step("flip", given, axis="vertical").fg, given.fg[::-1])


def test_what_is_composed_moves_as_a_whole():
    given = sample()
    composed = step("compose", given)
    flipped = step("flip", composed, of="background")
    assert np.array_equal(flipped.image, composed.image[:, ::-1]) and np.array_equal(flipped.fg, given.fg[:, ::-1])


def test_a_background_that_is_not_placed_stays_where_it_is():
    given = sample(placed=False)
    assert step("flip", given).bg is given.bg and step("affine", given).bg is given.bg


def test_rotation_turns_foreground_and_background_apart():
    given = sample(80, 80, bg=(80, 80))
    turned = step("rotate", given, interpolation="nearest")
    for pixels, before in ((turned.fg, given.fg), (turned.bg, given.bg)):
        assert pixels.shape == before.shape and not np.array_equal(pixels, before)
    same = step("rotate", Sample(given.alpha, given.fg, given.fg, placed=True), of="all")
    assert np.array_equal(same.fg, same.bg)
    still = step("rotate", given, angle=0, jitter=5)
    assert np.array_equal(still.fg, given.fg) and np.array_equal(still.bg, given.bg)


def test_pictures_with_short_sides_are_not_rotated_by_the_affine_map():
    """Without rotation and shear a map of scales and flips keeps rows rows."""
    rows = np.repeat(np.arange(0, 80, dtype=np.uint8)[:, None], 90, 1)
    given = Sample(rows, np.repeat(rows[..., None], 3, 2))
    moved = step("affine", given, shear=0, scale=(0.8, 1.0))
    assert (moved.alpha == moved.alpha[:, :1]).all()
    turned = step("affine", given, shear=0, rotate_from=90)
    assert not (turned.alpha == turned.alpha[:, :1]).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_affine_map_scales_and_flips_within_its_ranges(seed):
    ramp = np.linspace(0, 1, 201, dtype=np.float32)
    columns = np.repeat(ramp[None], 101, 0)
    moved = step("affine", Sample(columns), seed, shear=0, interpolation="linear").alpha[50, 80:121]
    slope = np.diff(moved).mean() * 200
    assert 0.8 - 1e-3 <= abs(slope) <= 1.25 + 1e-3
    unflipped = step("affine", Sample(columns), seed, shear=0, flip=0, interpolation="linear").alpha[50, 80:121]
    assert np.diff(unflipped).mean() > 0


def test_indexnets_background_is_scaled_to_cover_and_cut_at_the_top_left():
    for size in ((20, 90), (90, 20), (80, 120), (13, 17)):
        given = sample(bg=size, placed=False)
        ratio = max(40 / size[0], 60 / size[1])
        whole = cv2.resize(given.bg, (round(size[1] * ratio), round(size[0] * ratio)), interpolation=cv2.INTER_CUBIC)
        placed = step("background", given).bg
        assert placed.shape == (40, 60, 3)
        if round(size[0] * ratio, 9) % 1 == round(size[1] * ratio, 9) % 1 == 0:
            assert np.abs(placed.astype(int) - whole[:40, :60]).max() <= 6  # of noise; positions in 1/32 pixel


def test_a2us_background_is_never_shrunk():
    given = sample(bg=(70, 61), placed=False)
    assert np.array_equal(step("background", given, rule="a2u").bg, given.bg[:40, :60])
    grown = step("background", sample(bg=(20, 61), placed=False), rule="a2u")
    assert grown.bg.shape == (40, 60, 3)


def test_lsas_background_is_stretched():
    given = sample(bg=(20, 60), placed=False)
    wanted = np.repeat(given.bg, 2, axis=0)
    placed = step("background", given, rule="lsa", interpolation="nearest")
    assert np.array_equal(placed.bg, wanted) and placed.placed


def test_resizing_takes_everything_along_and_keeps_the_trimap_exact():
    given = sample()
    given.trimap = np.float32(RNG.integers(0, 3, (40, 60))) / 2
    given.prior = np.float32(RNG.random((40, 60)))
    resized = step("resize", given, size=(33, 50), interpolation="cubic")
    assert {each.shape[:2] for each in (resized.alpha, resized.fg, resized.bg, resized.prior)} == {(33, 50)}
    assert set(np.unique(resized.trimap)) <= {0, 0.5, 1}
