"""Small plates with known alpha in front of a screen."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb

GREEN = decode_srgb(np.float32([0.22, 0.68, 0.24]))
BROWN = decode_srgb(np.float32([0.55, 0.42, 0.33]))


@dataclass(frozen=True)
class Scene:
    """A plate with its truth; `light` is linear light, all else sRGB-coded."""

    image: np.ndarray
    alpha: np.ndarray
    foreground: np.ndarray
    clean: np.ndarray


@pytest.fixture(scope="session")
def scene():
    """A function of a screen's light: a soft disc with a tail of hair before a screen, mixed in light."""

    def make(screen=GREEN, *, fg=BROWN, size=(96, 128), uneven=0.0, noise=0.0, spill=0.0, shadow=0.0, gain=1.0):
        height, width = size
        y, x = np.mgrid[:height, :width].astype(np.float32)
        alpha = np.zeros(size, np.float32)
        cv2.circle(alpha, (width // 2, height // 2), height // 4, 1.0, -1, cv2.LINE_AA)
        for k in range(12):
            cv2.line(alpha, (width // 2, height // 2), (width // 2 + 4 * k - 22, 6), 1.0, 1, cv2.LINE_AA)
        alpha = cv2.GaussianBlur(alpha, (0, 0), 1.0).clip(0, 1)
        alpha[alpha < 1e-3] = 0
        level = 1 + uneven * ((x / width - 0.5) + np.sin(y / height * 3))
        behind = screen * level[..., None].astype(np.float32)
        shaded = behind * (1 - shadow * _soft_blob(size))[..., None]
        lit = (fg + spill * screen) * np.ones((*size, 1), np.float32)
        light = alpha[..., None] * lit + (1 - alpha[..., None]) * shaded
        image = encode_srgb(light * np.float32(gain))
        image = image + np.random.default_rng(0).normal(0, noise, image.shape).astype(np.float32)
        plain = np.broadcast_to(encode_srgb(fg * np.float32(gain)), image.shape)
        return Scene(image.astype(np.float32), alpha, plain, encode_srgb(behind * np.float32(gain)))

    return make


def _soft_blob(size):
    """A shadow (H, W) below the disc, with a wide penumbra."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    far = np.hypot((x - size[1] / 2) / 40, (y - 0.88 * size[0]) / 14)
    return np.exp(-(far**2))
