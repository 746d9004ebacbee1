import cv2
import numpy as np
import pytest

from mattekit.baselines.by_pymatting import load
from mattekit.baselines.sampling import project_alpha, shared


def scene(seed, size=(70, 90)):
    """A blurred blob in two textures, and its trimap."""
    random, (height, width) = np.random.default_rng(seed), size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    wave = 6 * np.sin(np.arctan2(y - height / 2, x - width / 2) * 7)
    alpha = np.clip((22 + wave - np.hypot(y - height / 2, x - width / 2)) / 9, 0, 1)
    fg, bg = (
        np.clip(random.uniform(0.2, 0.8, 3) + 0.1 * cv2.GaussianBlur(random.normal(0, 3, (*size, 3)), (0, 0), 3), 0, 1)
        for _ in range(2)
    )
    trimap = np.where(cv2.erode(alpha, np.ones((3, 3))) == 1, 1, np.where(alpha == 0, 0, 0.5))
    image = alpha[..., None] * fg + (1 - alpha[..., None]) * bg
    return image.astype(np.float32), trimap.astype(np.float32), alpha


@pytest.mark.parametrize("seed", range(3))
def test_it_gives_what_pymatting_gives(seed):
    """The same steps; only ties project_alpha samples, and rounding, may fall otherwise."""
    image, trimap, _ = scene(seed)
    ours, (alpha, fg, bg) = shared(image, trimap), load().estimate_alpha_sm(image, trimap, True)
    unknown = trimap == 0.5
    assert np.abs(ours.alpha - alpha)[unknown].mean() < 2e-3
    assert np.abs(ours.fg - fg)[unknown].mean() < 2e-3 and np.abs(ours.bg - bg)[unknown].mean() < 2e-3
    assert (ours.alpha[~unknown] == trimap[~unknown]).all()


def test_the_way_between_two_colours_is_measured_along_their_line():
    fg, bg = np.float32([[[1, 0, 0]]]), np.float32([[[0, 0, 1]]])
    assert project_alpha(0.25 * fg + 0.75 * bg, fg, bg) == pytest.approx(0.25, abs=1e-4)
    assert project_alpha(2 * fg - bg, fg, bg) == 1


def test_threads_do_not_change_a_bit(monkeypatch):
    image, trimap, _ = scene(3)
    alone = shared(image, trimap)
    monkeypatch.setattr("mattekit.compiling.SMALL", 0)
    monkeypatch.setattr("numba.get_num_threads", lambda: 3)
    assert all(np.array_equal(*pair) for pair in zip(alone, shared(image, trimap), strict=True))
