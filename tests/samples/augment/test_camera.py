import cv2
import numpy as np
import pytest

from mattekit.errors import InputError
from mattekit.samples.augment import STEPS
from mattekit.samples.augment.camera import disc, tone_curve
from mattekit.samples.sample import Sample

SIZE = (48, 64)


def layers(seed=0):
    rng = np.random.default_rng(seed)
    fg, bg = (cv2.GaussianBlur(rng.random((*SIZE, 3), np.float32), (0, 0), 2) for _ in range(2))
    ramp = np.hypot(*np.ogrid[-1:1:48j, -1:1:64j]).astype(np.float32)
    return Sample(alpha=(2 - 3 * ramp).clip(0, 1), fg=fg, bg=bg, placed=True)


def step(name, given, seed=0, **arguments):
    return STEPS[name](given, np.random.default_rng(seed), **arguments)


def test_defocus_keeps_the_light_of_both_layers_and_the_mean_of_alpha():
    given = layers()
    found = step("defocus", given, fg=(2, 2), bg=(3, 3))
    inner = (slice(8, -8), slice(8, -8))
    assert found.alpha.mean() == pytest.approx(given.alpha.mean(), rel=0.02)
    light = [(each.alpha[..., None] * each.fg**2.2) for each in (given, found)]
    assert light[1].sum() == pytest.approx(light[0].sum(), rel=0.03)
    assert found.bg.std() < given.bg.std()
    reference = cv2.filter2D(given.bg.astype(np.float64) ** 2.2, -1, disc(3)) ** (1 / 2.2)
    assert np.abs(found.bg[inner] - reference[inner]).max() < 1e-4
    assert step("defocus", given, fg=(0, 0.4), bg=(0, 0.4)).bg is given.bg


def test_a_defocused_foreground_of_one_colour_keeps_it_where_it_is_seen():
    given = layers()
    plain = Sample(alpha=given.alpha, fg=np.full_like(given.fg, 0.3), bg=given.bg, placed=True)
    found = step("defocus", plain, fg=(4, 4))
    assert np.abs(found.fg - 0.3).max() < 2e-3
    assert found.alpha.dtype == found.fg.dtype == np.float32 and 0 <= found.alpha.min() <= found.alpha.max() <= 1


@pytest.mark.parametrize("radius", [0.5, 1.0, 3.7])
def test_a_disc_sums_to_one_and_is_about_as_wide_as_it_says(radius):
    kernel = disc(radius)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert np.array_equal(kernel, kernel.T) and np.array_equal(kernel, kernel[::-1])
    assert 1 / kernel.max() == pytest.approx(np.pi * radius**2, rel=0.25) or radius < 1


def test_a_camera_without_faults_composes_light_as_the_step_compose_does():
    given = layers()
    perfect = {"contrast": (0, 0), "photons": (1e12, 1e12), "sharpness": (0, 0)}
    found = step("camera", given, gamma=(2.2, 2.2), **perfect).image
    assert np.abs(found - step("compose", given, gamma=(2.2, 2.2)).image).max() < 2e-3
    numbers = step("camera", given, gamma=(1, 1), **perfect).image
    assert np.abs(numbers - step("compose", given).image).max() < 1e-4


def test_an_opaque_layer_has_the_colours_that_it_had_whatever_the_curve():
    given = layers()
    opaque = Sample(alpha=np.ones(SIZE, np.float32), fg=given.fg, bg=given.bg, placed=True)
    found = step("camera", opaque, photons=(1e12, 1e12), sharpness=(0, 0), contrast=(0.6, 0.6)).image
    assert np.abs(found - given.fg).max() < 2e-3


def test_noise_of_photons_is_that_of_counts():
    grey = np.full((200, 200, 3), 0.5, np.float32)
    sample = Sample(alpha=np.ones((200, 200), np.float32), fg=grey, bg=grey, placed=True)
    arguments = {"gamma": (1, 1), "contrast": (0, 0), "sharpness": (0, 0)}
    found = step("camera", sample, photons=(1000, 1000), **arguments).image
    assert found.std() == pytest.approx(np.sqrt(0.5 / 1000), rel=0.05)


def test_tone_curves_rise_from_0_to_1():
    for contrast in (0, 0.5, 1):
        for values in tone_curve(2.2, contrast):
            assert (values[0], values[-1]) == (0, 1) and (np.diff(values) >= 0).all()


def test_the_camera_wants_sensible_bounds_and_a_background_in_place():
    with pytest.raises(InputError, match="above 0"):
        step("camera", layers(), photons=(0, 1))
    sample = layers()
    sample.placed = False
    with pytest.raises(InputError, match="background"):
        step("camera", sample)


def test_forgetting_leaves_both_classes_and_some_unknown_pixels_without_known_foreground_nearby():
    trimap = np.full(SIZE, 0.5, np.float32)
    trimap[:, :20], trimap[:, 40:] = 0, 1
    lost = 0
    for seed in range(20):
        found = step("forget", Sample(alpha=trimap, trimap=trimap), seed, radius=(0.3, 0.3)).trimap
        assert {0, 1} <= set(np.unique(found))
        changed = found != trimap
        assert (found[changed] == 0.5).all()
        lost += (trimap[changed] == 1).any()
    assert lost >= 10
    assert np.array_equal(step("forget", Sample(alpha=trimap, trimap=trimap), radius=(3, 3)).trimap, trimap)
