from dataclasses import replace

import numpy as np
import pytest

from mattekit.errors import InputError
from mattekit.imaging.composite import composite
from mattekit.samples.augment import STEPS, apply, check_steps
from mattekit.samples.sample import Sample

PICTURES = ("alpha", "fg", "bg", "image", "trimap", "prior")
RECIPES = {
    "a2u": [
        ("merge", 0.5, {}),
        ("resize", 0.25, {"size": 90}),
        ("affine", 1, {"rotate_from": 100}),
        ("flip", 0.5, {}),
        ("trimap", 1, {"rule": "a2u"}),
        ("background", 1, {"rule": "a2u"}),
        ("crop", 1, {"rule": "a2u", "size": 64, "interpolation": "nearest"}),
        ("hsv", 1, {}),
        ("compose", 1, {}),
    ],
    "lsa": [
        ("border", 1, {"size": 110}),
        ("background", 1, {"rule": "lsa"}),
        ("rotate", 0.5, {}),
        ("crop", 1, {"rule": "lsa", "size": 64}),
        ("flip", 0.5, {"of": "foreground"}),
        ("flip", 0.5, {"of": "background"}),
        ("gamma", 0.3, {}),
        ("fade", 0.3, {}),
        ("invert", 0.3, {}),
        ("permute", 0.3, {}),
        ("trimap", 1, {"rule": "lsa"}),
        ("compose", 1, {}),
    ],
    "indexnet": [
        ("background", 1, {}),
        ("trimap", 1, {}),
        ("compose", 1, {}),
        ("crop", 1, {"size": 48}),
        ("flip", 0.5, {}),
    ],
    "alphamatting": [
        ("background", 1, {}),
        ("rotate", 0.5, {"of": "all", "interpolation": "linear"}),
        ("blur", 0.3, {}),
        ("trimap", 1, {"rule": "dim"}),
        ("crop", 1, {"rule": "lsa", "size": 64}),
        ("rescale", 0.3, {}),
        ("jitter", 1, {}),
        ("compose", 1, {}),
        ("noise", 0.5, {}),
        ("jpeg", 0.5, {}),
        ("flip", 0.5, {"axis": "vertical"}),
    ],
}


def layers(seed=0, size=(120, 150), bg=(80, 100)):
    rng = np.random.default_rng(seed)
    rows, columns = np.ogrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    ramp = np.hypot(rows, columns) + 0.1 * np.sin(12 * np.arctan2(rows, columns))
    alpha = np.rint(np.clip(4 - 6 * ramp, 0, 1) * 255).astype(np.uint8)
    fg, other = rng.integers(0, 256, (*size, 3), np.uint8), rng.integers(0, 256, (77, 95, 3), np.uint8)
    hole = (other[..., 0] > 99).astype(np.float32)
    return Sample(alpha=alpha, fg=fg, bg=rng.integers(0, 256, (*bg, 3), np.uint8), draw=lambda _: (other, hole))


def composed(seed=0):
    sample = layers(seed)
    trimap = np.where(sample.alpha == 255, 1, np.where(sample.alpha == 0, 0, 0.5)).astype(np.float32)
    prior = sample.alpha / np.float32(255)
    return Sample(alpha=sample.alpha, image=sample.fg, trimap=trimap, prior=prior)


@pytest.mark.parametrize("make", [layers, composed])
@pytest.mark.parametrize("recipe", RECIPES)
def test_reading_only_a_crops_pixels_changes_no_number(recipe, make):
    """Lazy steps equal the steps taken one after the other on whole pictures, bit for bit."""
    steps = check_steps(RECIPES[recipe])
    for seed in range(12):
        ways = [apply(make(seed), steps, np.random.default_rng([1, seed]), lazy=lazy) for lazy in (True, False)]
        for name in PICTURES:
            lazy, whole = (getattr(each, name) for each in ways)
            assert (lazy is None) == (whole is None) and (lazy is None or np.array_equal(lazy, whole)), (seed, name)


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_comes_out_is_a_training_sample(recipe):
    steps = check_steps(RECIPES[recipe])
    for seed in range(8):
        for make in (layers, composed):
            sample = apply(make(seed), steps, np.random.default_rng(seed))
            assert sample.size in ((64, 64), (48, 48))
            for name in PICTURES:
                pixels = getattr(sample, name)
                if pixels is not None:
                    assert pixels.dtype == np.float32 and pixels.shape[:2] == sample.size, name
                    assert pixels.min() >= 0 and pixels.max() <= 1, name
            assert set(np.unique(sample.trimap)) <= {0, 0.5, 1}
        if recipe in ("a2u", "lsa"):  # the others go on after composing
            made = apply(layers(seed), steps, np.random.default_rng(seed))
            assert np.abs(made.image - composite(made.fg, made.bg, made.alpha)).max() < 1e-6


def test_known_pixels_of_the_trimap_are_known():
    for recipe in ("a2u", "lsa"):  # the others interpolate alpha after the trimap is made
        for seed in range(8):
            sample = apply(layers(seed), check_steps(RECIPES[recipe]), np.random.default_rng(seed))
            assert (sample.alpha[sample.trimap == 0] == 0).all() and (sample.alpha[sample.trimap == 1] == 1).all()


def test_the_generator_decides_everything():
    steps = check_steps(RECIPES["a2u"])
    one, same, other = (apply(layers(), steps, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(one.image, same.image) and not np.array_equal(one.image, other.image)


def test_steps_leave_what_they_are_given():
    sample = layers()
    before = {name: getattr(sample, name).copy() for name in ("alpha", "fg", "bg")}
    for lazy in (True, False):
        apply(sample, check_steps(RECIPES["lsa"]), np.random.default_rng(0), lazy=lazy)
    assert all(np.array_equal(getattr(sample, name), pixels) for name, pixels in before.items())


def test_sixteen_bits_and_floats_give_what_bytes_give():
    steps = check_steps([("background", 1, {}), ("compose", 1, {})])
    sample = layers()
    wide = replace(sample, fg=sample.fg.astype(np.uint16) * 257, bg=sample.bg / np.float32(255))
    images = [apply(each, steps, np.random.default_rng(0)).image for each in (sample, wide)]
    assert np.abs(images[0] - images[1]).max() < 0.003  # bytes are rounded where the background is enlarged


@pytest.mark.parametrize(
    "step, text",
    [
        (("mirge", 1, {}), "step: unknown step 'mirge'; the nearest is 'merge'"),
        (("crop", 1, {"sise": 3}), "it has no argument 'sise'; the nearest is 'size'"),
        (("compose", 1, {"x": 3}), "no argument .x.. Choose from gamma"),
        (("compose", 1, {"gamma": [0, 2]}), "wanted bounds above 0"),
        (("crop", 1, {"size": "big"}), "size = 'big'"),
        (("trimap", 1, {"rule": "gca"}), "rule = 'gca'"),
        (("flip", 1.5, {}), "probability 1.5, wanted 0..1"),
        (("blur", 1, {"kernels": [4]}), r"step blur: kernels = \(4,\), which it cannot use"),
        (("jpeg", 1, {"quality": [90, 10]}), r"quality = \(90, 10\)"),
        (("crop", 1, {"size": 0}), "step crop"),
        (("compose", 1, {}), "background that is not placed. Take the step background before it"),
    ],
)
def test_what_cannot_work_is_named_before_it_is_tried(step, text):
    with pytest.raises(InputError, match=text):
        check_steps([step])


def test_lists_become_what_steps_take():
    assert check_steps([("affine", 1, {"scale": [0.5, 1]})]) == [("affine", 1.0, {"scale": (0.5, 1.0)})]


def test_every_step_says_what_it_does():
    assert all(step.__doc__ and step.__name__ == name for name, step in STEPS.items())


def test_a_prior_is_made_of_the_image_and_the_trimap():
    rng = np.random.default_rng(0)
    ramp = np.clip(np.mgrid[:48, :64][1].astype(np.float32) / 24 - 0.8, 0, 1)
    plain = Sample(
        alpha=ramp,
        fg=np.full((48, 64, 3), (0.9, 0.2, 0.1), np.float32),
        bg=np.full((48, 64, 3), (0.1, 0.3, 0.8), np.float32),
        placed=True,
    )
    steps = check_steps([("background", 1, {}), ("trimap", 1, {}), ("compose", 1, {}), ("prior", 1, {})])
    sample = apply(plain, steps, rng)
    assert sample.prior.shape == (48, 64, 11)
    assert np.abs(sample.prior[..., 0] - ramp).mean() < 0.02


def test_a_prior_needs_an_image():
    with pytest.raises(InputError, match="Take the steps trimap and compose before it"):
        check_steps([("prior", 1, {})])


@pytest.mark.parametrize("rule", ["a2u", "lsa", "wide"])
def test_a_trimap_keeps_some_of_what_is_known_if_asked(rule):
    alpha = np.zeros((80, 80), np.float32)
    alpha[30:50, 30:50] = 1
    alpha[29, 30:50] = 0.5
    lost = 0
    for seed in range(12):
        plain, kept = (
            STEPS["trimap"](Sample(alpha=alpha), np.random.default_rng(seed), rule=rule, **keep).trimap
            for keep in ({}, {"keep": 0.02})
        )
        lost += not (plain == 1).any()
        assert (kept == 1).mean() >= 0.02 and (kept == 0).mean() >= 0.02
        assert ((kept == 1) <= (alpha == 1)).all() and ((kept == 0) <= (alpha == 0)).all()
    assert lost
