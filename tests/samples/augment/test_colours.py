import cv2
import numpy as np
import pytest

from mattekit.samples.augment import STEPS
from mattekit.samples.sample import Sample

RNG = np.random.default_rng(0)
SIZE = (40, 50)


def sample():
    fg, bg = (cv2.GaussianBlur(RNG.random((*SIZE, 3), np.float32), (0, 0), 2) for _ in range(2))
    return Sample(alpha=RNG.random(SIZE, np.float32), fg=fg, bg=bg, placed=True)


def step(name, given, seed=0, **arguments):
    return STEPS[name](given, np.random.default_rng(seed), **arguments)


@pytest.mark.parametrize("name", ["hsv", "fade", "invert", "permute", "jitter", "blur", "rescale", "noise", "jpeg"])
def test_colour_steps_change_what_they_are_of_and_after_composing_the_image(name):
    given = sample()
    front, behind, both = (step(name, given, 3, of=of) for of in ("foreground", "background", "both"))
    assert front.bg is given.bg and not np.array_equal(front.fg, given.fg)
    assert behind.fg is given.fg and not np.array_equal(behind.bg, given.bg)
    assert np.array_equal(both.fg, front.fg) and not np.array_equal(both.bg, given.bg)
    composed = step("compose", given)
    changed = step(name, composed, 3)
    assert changed.fg is given.fg and not np.array_equal(changed.image, composed.image)
    for pixels in (front.fg, both.bg, changed.image):
        assert pixels.dtype == np.float32 and pixels.min() >= 0 and pixels.max() <= 1


def test_gamma_bends_alpha_one_way_or_the_other():
    alpha = np.linspace(0, 1, 101, dtype=np.float32)[None]
    found = set()
    for seed in range(40):
        bent = step("gamma", Sample(alpha=alpha), seed).alpha
        assert bent[0, 0] == 0 and bent[0, -1] == 1 and (np.diff(bent) > 0).all()
        lower = np.log(bent[0, 50]) / np.log(0.5)
        upper = np.log(1 - bent[0, 50]) / np.log(0.5)
        power = lower if np.allclose(bent, alpha**lower, atol=1e-5) else upper
        assert np.allclose(bent, alpha**power, atol=1e-5) or np.allclose(bent, 1 - (1 - alpha) ** power, atol=1e-5)
        assert 0.5 <= power <= 2
        found.add((np.allclose(bent, alpha**power, atol=1e-5), power > 1))
    assert len(found) == 4


def test_gamma_leaves_alphas_whose_image_is_composed():
    given = Sample(alpha=RNG.random(SIZE, np.float32), image=RNG.random((*SIZE, 3), np.float32))
    assert step("gamma", given) is given


def test_fading_mixes_with_one_colour_by_one_weight_or_one_a_channel():
    given = sample()
    for per, weights in (("image", 1), ("channel", 3)):
        faded = step("fade", given, per=per).fg
        fits = [np.polyfit(given.fg[..., c].ravel(), faded[..., c].ravel(), 1) for c in range(3)]
        assert len({round(float(weight), 3) for weight, _ in fits}) == weights
        for c, (weight, shift) in enumerate(fits):
            assert 0 <= weight <= 1 and 0 <= shift / (1 - weight) <= 1
            assert np.allclose(faded[..., c], weight * given.fg[..., c] + shift, atol=1e-5)


def test_inverting_twice_changes_nothing_and_permuting_only_the_order():
    given = sample()
    assert np.allclose(step("invert", step("invert", given)).fg, given.fg, atol=1e-6)
    orders = {
        tuple(np.argmin(np.abs(step("permute", given, s).fg[5, 5, :, None] - given.fg[5, 5]), 1)) for s in range(60)
    }
    assert len(orders) == 6


def test_hsv_turns_the_hue_alone_if_nothing_else_is_asked_for():
    given = sample()
    turned = step("hsv", given, strength=0).fg
    before, after = (cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV) for pixels in (given.fg, turned))
    assert np.abs(before[..., 1:] - after[..., 1:]).max() < 1e-4
    turns = (after[..., 0] - before[..., 0] + 180) % 360 - 180
    assert np.abs(turns - np.median(turns)).max() < 0.2 and 0 < abs(np.median(turns)) <= 40
    assert np.allclose(step("hsv", given, hue=0, strength=0).fg, given.fg, atol=1e-5)


def test_hsv_shifts_by_less_where_the_mean_of_what_is_visible_is_high():
    grey = np.full((*SIZE, 3), 0.5, np.float32)
    grey[:, :25] = 0.9
    shifts = {}
    for name, columns in (("bright", slice(0, 25)), ("dark", slice(25, 50))):
        alpha = np.zeros(SIZE, np.float32)
        alpha[:, columns] = 1
        shifts[name] = step("hsv", Sample(alpha=alpha, fg=grey), 4).fg.max(axis=2)[0, -1] - 0.5
    assert shifts["bright"] / shifts["dark"] == pytest.approx((1.1 - 0.9) / (1.1 - 0.5), rel=0.01)


def test_jitter_keeps_grey_grey_and_each_strength_does_its_part():
    given = sample()
    grey = Sample(alpha=given.alpha, fg=np.full((*SIZE, 3), 0.5, np.float32))
    assert np.ptp(step("jitter", grey).fg) < 1e-5
    off = {"brightness": 0, "contrast": 0, "saturation": 0}
    assert np.allclose(step("jitter", given, **off).fg, given.fg, atol=1e-6)
    brighter = step("jitter", given, **off | {"brightness": 0.2}).fg / given.fg
    assert np.ptp(brighter) < 1e-4 and 0.8 <= brighter.mean() <= 1.2
    contrasted = step("jitter", given, **off | {"contrast": 0.2}).fg
    assert contrasted.mean() == pytest.approx(given.fg.mean(), abs=0.01) and contrasted.std() != given.fg.std()


def test_blur_and_scaling_lose_detail_and_keep_the_mean():
    given = Sample(alpha=RNG.random(SIZE, np.float32), fg=RNG.random((*SIZE, 3), np.float32))
    for name, arguments in (("blur", {}), ("rescale", {"factors": (0.5,)})):
        soft = step(name, given, **arguments).fg
        assert soft.std() < 0.8 * given.fg.std() and soft.mean() == pytest.approx(given.fg.mean(), abs=0.02)


def test_noise_has_the_strength_that_is_asked_for():
    grey = Sample(alpha=RNG.random(SIZE, np.float32), fg=np.full((*SIZE, 3), 0.5, np.float32))
    assert step("noise", grey, sigma=(0.02, 0.02)).fg.std() == pytest.approx(0.02, rel=0.1)


def test_jpeg_of_high_quality_is_closer_than_of_low():
    given = sample()
    far, near = (np.abs(step("jpeg", given, quality=(q, q)).fg - given.fg).mean() for q in (10, 95))
    assert 0 < near < far < 0.1


def test_light_mixes_before_the_camera_applies_its_curve():
    """Half of white before black is brighter than half of what is encoded, and known pixels stay what they are."""
    alpha = np.array([[0, 0.5, 1]], np.float32)
    white, black = np.ones((1, 3, 3), np.float32), np.zeros((1, 3, 3), np.float32)
    sample = Sample(alpha=alpha, fg=white, bg=black, placed=True)
    image = step("compose", sample, gamma=(2.2, 2.2)).image
    np.testing.assert_allclose(image[0, :, 0], [0, 0.5 ** (1 / 2.2), 1], rtol=1e-6)
    plain = step("compose", sample).image
    np.testing.assert_array_equal(plain[0, :, 0], alpha[0])
