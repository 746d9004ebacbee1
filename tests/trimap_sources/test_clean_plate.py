"""Trimaps from a picture and its clean plate."""

import cv2
import numpy as np
import pytest

from mattekit.errors import InputError
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb
from mattekit.trimap_sources import registry


def view(size=(150, 200), shadow=0.0, shift=(0, 0), gain=1.0, noise=1 / 255, subject=True, seed=0):
    """A picture of a room and its clean plate, and the subject's alpha."""
    rng = np.random.default_rng(0)
    room = cv2.resize(rng.random((8, 10, 3)).astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
    room = decode_srgb((0.35 + 0.4 * room).clip(0.2, 0.9))
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    alpha = (np.clip(36 - np.hypot(y - 70, x - 100), 0, 4) / 4 * subject).astype(np.float32)[..., None]
    dark = 1 - shadow * np.exp(-(((x - 100) / 45) ** 2) - ((y - 120) / 18) ** 2)[..., None]
    texture = decode_srgb((0.6 + 0.35 * cv2.GaussianBlur(rng.random((*size, 3)), (0, 0), 1)) * [1, 0.35, 0.2])
    light = alpha * texture.astype(np.float32) + (1 - alpha) * room * dark
    image, clean = (encode_srgb(each) + rng.normal(0, noise, each.shape) for each in (light, room * np.float32(gain)))
    clean = cv2.warpAffine(clean, np.float32([[1, 0, shift[0]], [0, 1, shift[1]]]), size[::-1], borderMode=4)
    return image.clip(0, 1).astype(np.float32), clean.clip(0, 1).astype(np.float32), alpha[..., 0]


@pytest.mark.parametrize(
    "change", [{}, {"shift": (3, -2)}, {"gain": 0.75}, {"noise": 4 / 255}, {"shift": (-2, 1), "gain": 1.2}]
)
def test_a_subject_is_found_whatever_moved_a_little(change):
    image, clean, alpha = view(**change)
    made = registry.make("clean-plate", plate=clean)(image)
    mixed = (alpha > 0.02) & (alpha < 0.98)
    assert (made.trimap[mixed] == 0.5).mean() > 0.97
    assert (made.trimap[alpha == 1] == 0).mean() < 0.001 and (made.trimap[alpha == 0] == 1).mean() < 0.001
    assert (made.trimap == 0.5).mean() < 0.4
    assert made.facts["shift"] == pytest.approx(
        np.hypot(*change.get("shift", (0, 0))), abs=0.8
    )  # a smooth room tells little


def test_a_shadow_is_never_surely_foreground():
    image, clean, alpha = view(shadow=0.6)
    made = registry.make("clean-plate", plate=clean)(image)
    shadow = (alpha == 0) & (image.sum(2) < 0.9 * clean.sum(2))
    assert shadow.sum() > 500
    assert (made.trimap[shadow] == 1).sum() == 0 and made.probability[shadow].mean() < 0.2


@pytest.mark.parametrize(("subject", "words"), [(False, "hardly anything differs"), (True, "wanted the same view")])
def test_a_plate_that_shows_the_same_or_something_else_is_refused(subject, words):
    image, clean, _ = view(subject=subject)
    if subject:
        clean = np.random.default_rng(3).random(clean.shape).astype(np.float32)
    with pytest.raises(InputError, match=words):
        registry.make("clean-plate", plate=clean)(image)


def test_sizes_must_agree():
    image, clean, _ = view()
    with pytest.raises(InputError, match="20x10, but the picture is 200x150"):
        registry.make("clean-plate", plate=clean[:10, :20])(image)
