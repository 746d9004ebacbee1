"""Keying plates whose truth is known."""

import numpy as np
import pytest

from mattekit.errors import InputError
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb
from mattekit.keying.key import KeySettings, key

GREEN, BLUE, BROWN = (decode_srgb(np.float32(c)) for c in ((0.22, 0.68, 0.24), (0.14, 0.28, 0.72), (0.55, 0.42, 0.33)))


def off(keyed, scene):
    """Mean absolute error of alpha over the pixels that are mixed or wrong."""
    error = np.abs(keyed.alpha - scene.alpha)
    return float(error[(scene.alpha > 0) & (scene.alpha < 1) | (error > 0.02)].mean())


def colour_error(keyed, scene):
    """Mean absolute error of the foreground's sRGB values, weighed by alpha, in levels of 255."""
    weight = scene.alpha[..., None]
    return 255 * float((weight * np.abs(keyed.foreground - scene.foreground)).sum() / (3 * weight.sum()))


def plain(scene, lead=1):
    """Alpha of a plain colour-difference keyer."""
    others = [i for i in range(3) if i != lead]
    difference = scene.image[..., lead] - scene.image[..., others].max(2)
    return 1 - (difference / np.median(difference[scene.alpha == 0])).clip(0, 1)


@pytest.mark.parametrize(("screen", "kind"), [(GREEN, "green"), (BLUE, "blue")])
def test_alpha_and_colours_of_an_exact_composite_are_recovered(scene, screen, kind):
    truth = scene(screen)
    keyed = key(truth.image)
    assert keyed.facts["kind"] == kind and keyed.facts["confidence"] > 0.9
    assert off(keyed, truth) < 0.012
    assert colour_error(keyed, truth) < 1.5


def test_any_saturated_colour_can_be_the_screen(scene):
    truth = scene(decode_srgb(np.float32([0.85, 0.15, 0.7])), fg=decode_srgb(np.float32([0.4, 0.5, 0.35])))
    keyed = key(truth.image, KeySettings(screen="#d82bb0"))
    assert off(keyed, truth) < 0.02
    with pytest.raises(InputError, match="green or blue screen"):
        key(truth.image)


def test_an_uneven_noisy_spill_lit_screen_is_keyed_far_better_than_by_the_difference_of_colours(scene):
    truth = scene(uneven=0.25, noise=1.5 / 255, spill=0.08)
    keyed = key(truth.image)
    assert off(keyed, truth) < 0.05
    assert np.abs(keyed.alpha - truth.alpha).sum() < 0.2 * np.abs(plain(truth) - truth.alpha).sum()
    assert (keyed.alpha[truth.alpha == 0] > 0.02).mean() < 0.01  # the screen's noise and gradient are no foreground


def test_values_above_one_are_keyed_as_light(scene):
    truth = scene(gain=4.0, fg=decode_srgb(np.float32([0.8, 0.75, 0.7])))
    assert truth.image.max() > 1.3
    keyed = key(truth.image)
    assert off(keyed, truth) < 0.02
    assert keyed.foreground[truth.alpha == 1].max() > 1.3


def test_despill_takes_the_screens_light_off_the_foreground(scene):
    truth = scene(spill=0.25, fg=decode_srgb(np.float32([0.5, 0.5, 0.5])))
    kept, cleaned = (key(truth.image, KeySettings(despill=share)) for share in (0.0, 1.0))
    solid = truth.alpha == 1
    greenness = [(k.foreground[solid][:, 1] - k.foreground[solid][:, [0, 2]].max(1)).max() for k in (kept, cleaned)]
    assert greenness[0] > 0.02 and greenness[1] < 0.004
    assert colour_error(cleaned, truth) < 0.5 * colour_error(kept, truth)


def test_no_despilled_colour_is_greener_than_it_is_red_or_blue(scene):
    truth = scene(uneven=0.2, noise=1 / 255, spill=0.15)
    light = decode_srgb(key(truth.image).foreground)
    assert (light[..., 1] - light[..., [0, 2]].max(2)).max() < 1e-3


def test_a_soft_shadow_is_background_unless_it_is_kept(scene):
    truth = scene(shadow=0.5)
    dark = (truth.alpha == 0) & (truth.image[..., 1] < 0.9 * truth.clean[..., 1])
    assert dark.sum() > 100
    assert key(truth.image).alpha[dark].mean() < 0.02
    kept = key(truth.image, KeySettings(keep_shadows=True))
    wanted = 1 - decode_srgb(truth.image)[dark][:, 1] / decode_srgb(truth.clean)[dark][:, 1]
    assert np.abs(kept.alpha[dark] - wanted).mean() < 0.06
    assert kept.foreground[dark].max() < 0.1


def test_a_clean_plate_gives_the_screen_even_if_it_is_shifted_and_exposed_otherwise(scene):
    rng = np.random.default_rng(1)
    grain = 1 + 0.25 * rng.standard_normal((12, 16)).repeat(8, 0).repeat(8, 1)[..., None].astype(np.float32)
    truth = scene()
    light = truth.alpha[..., None] * BROWN + (1 - truth.alpha[..., None]) * GREEN * grain
    clean = encode_srgb(np.roll(GREEN * grain * np.ones((96, 128, 3), np.float32), 2, axis=1) * np.float32(0.8))
    keyed = key(encode_srgb(light), clean=clean)
    assert np.abs(keyed.alpha - truth.alpha).mean() < 0.01


def test_garbage_is_background_and_core_is_foreground(scene):
    truth = scene()
    image = truth.image.copy()
    image[:, :20] = 0.5  # the studio beside the screen
    image[40:50, 60:70] = truth.clean[40:50, 60:70]  # a badge of the screen's colour
    garbage, core = np.zeros(truth.alpha.shape, bool), np.zeros(truth.alpha.shape, bool)
    garbage[:, :20], core[38:52, 58:72] = True, True
    loose, masked = key(image), key(image, garbage=garbage, core=core)
    assert loose.alpha[:, :18].min() > 0.9 and loose.alpha[45, 65] < 0.1
    assert (masked.alpha[garbage] == 0).all() and (masked.alpha[core] == 1).all()
    assert (masked.trimap[garbage] == 0).all() and (masked.trimap[core] == 1).all()


def test_known_pixels_of_the_trimap_are_truly_known(scene):
    truth = scene(uneven=0.2, noise=1 / 255)
    keyed = key(truth.image)
    assert set(np.unique(keyed.trimap)) == {0, 0.5, 1}
    assert truth.alpha[keyed.trimap == 0].max() < 0.1 and truth.alpha[keyed.trimap == 1].min() > 0.9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda image: image.mean(2, keepdims=True).repeat(3, 2), "green or blue screen"),
        (lambda image: np.zeros_like(image), "green or blue screen"),
        (lambda image: image * np.float32([0.8, 0.72, 0.75]) + np.float32([0.3, 0.1, 0.3]), "green or blue screen"),
    ],
)
def test_a_picture_without_a_screen_is_refused(scene, change, words):
    with pytest.raises(InputError, match=words) as caught:
        key(change(scene().image))
    assert caught.value.remedy == "screen"


def test_a_screen_alone_gives_an_empty_alpha_and_says_so(scene, caplog):
    keyed = key(scene(noise=1 / 255).clean)
    assert keyed.alpha.max() < 0.05
    assert "nothing but screen" in caplog.text


@pytest.mark.parametrize("size", [(1, 2), (1, 40), (3, 2), (17, 5)])
def test_tiny_plates_work(size):
    image = np.broadcast_to(np.float32([0.2, 0.7, 0.2]), (*size, 3)).copy()
    image[0, 0] = 0.5
    keyed = key(image)
    assert keyed.alpha.shape == size and np.isfinite(keyed.foreground).all()


def test_masks_that_do_not_fit_are_refused(scene):
    image = scene().image
    small, all_of_it = np.zeros((5, 6), bool), np.ones(image.shape[:2], bool)
    for masks, words in (
        ({"garbage": small}, "garbage mask: 6x5, but the plate is 128x96"),
        ({"core": small}, "core mask: 6x5"),
        ({"core": all_of_it, "garbage": all_of_it}, "12288 pixels are garbage and core"),
        ({"garbage": all_of_it}, "leave no pixel"),
        ({"clean": image[:5, :6]}, "clean plate: 6x5"),
    ):
        with pytest.raises(InputError, match=words):
            key(image, **masks)


def test_black_that_spill_makes_as_pure_as_the_screen_is_not_taken_for_it(scene):
    """Light of 0.02 with the screen's hue over a third of the picture: purer than the noisy screen, and no screen."""
    truth = scene()
    image = truth.image.copy()
    height = image.shape[0]
    dark = encode_srgb(np.float32([0.0005, 0.02, 0.0005]))
    image[: height // 3] = dark
    keyed = key(image)
    assert keyed.facts["confidence"] > 0.5
    lit = np.float32([int(keyed.facts["screen"][i : i + 2], 16) for i in (1, 3, 5)]) / 255
    assert lit.max() > 2 * dark.max()
