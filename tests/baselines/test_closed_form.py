import cv2
import numpy as np
import pytest

from mattekit.baselines import closed_form as module
from mattekit.baselines.closed_form import closed_form


def scene(height=60, width=80, *, texture=0.05, seed=0):
    """An image with a soft disc, its alpha and a trimap unknown around the edge."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((height, width))
    distance = np.hypot(y - height / 2, x - width / 2) - min(height, width) / 4
    alpha = np.clip(0.5 - distance / 8, 0, 1).astype(np.float32)
    colours = rng.random((2, 3)) * 0.4 + np.array([[0.6], [0]])
    image = alpha[..., None] * colours[0] + (1 - alpha[..., None]) * colours[1]
    image = np.clip(image + texture * rng.standard_normal(image.shape), 0, 1).astype(np.float32)
    return image, alpha, np.where(abs(distance) < 7, 0.5, np.round(alpha)).astype(np.float32)


def test_compositing_two_colours_then_solving_returns_alpha():
    """One foreground and one background colour are the colour line of the method's model."""
    image, alpha, trimap = scene(texture=0)
    assert closed_form(image, trimap) == pytest.approx(alpha, abs=2e-3)


def test_turned_pictures_give_turned_alphas():
    image, _, trimap = scene()
    expected = closed_form(image, trimap).T
    assert closed_form(image.transpose(1, 0, 2), trimap.T) == pytest.approx(expected, abs=1e-5)


def test_regions_apart_do_not_touch():
    """Two pictures side by side, known between them, give the alphas of each alone."""
    parts = [scene(seed=1), scene(seed=2)]
    both = closed_form(np.hstack([p[0] for p in parts]), np.hstack([p[2] for p in parts]))
    expected = np.hstack([closed_form(image, trimap) for image, _, trimap in parts])
    assert both == pytest.approx(expected, abs=1e-5)


def test_everything_unknown_but_one_pixel_of_each_class():
    image, _, trimap = scene()
    trimap[:] = 0.5
    trimap[30, 40], trimap[0, 0] = 1, 0
    alpha = closed_form(image, trimap)
    assert alpha.min() >= 0 and alpha.max() <= 1 and alpha[30, 40] == 1 and alpha[0, 0] == 0


@pytest.mark.parametrize("limit", [module.MOST_ENTRIES, 0], ids=["eliminating", "too large to eliminate"])
def test_alphas_are_those_of_pymatting(limit, monkeypatch):
    """The same equations, solved by its iteration: equal far below a step of 8 bits."""
    from mattekit.baselines.by_pymatting import load, quiet_stdout

    monkeypatch.setattr(module, "MOST_ENTRIES", limit)
    image, _, trimap = scene(120, 150)
    with quiet_stdout():
        expected = load().estimate_alpha_cf(image.astype(float), trimap.astype(float))
    assert closed_form(image, trimap) == pytest.approx(expected, abs=1e-3)


# SAD in thousands and MSE of pymatting 1.1.16's `estimate_alpha_cf` with trimap1, recorded in November 2026.
RECORDED = {"GT01": (1.13006, 0.0055589), "GT05": (1.26223, 0.0184630), "GT06": (1.68416, 0.0028469)}


@pytest.mark.parametrize("name", RECORDED)
def test_errors_on_real_images_are_those_of_pymatting(name, shared):
    folder = shared / "data" / "alphamatting-dev"
    image = cv2.imread(str(folder / "image" / f"{name}.png"))[..., ::-1] / np.float32(255)
    levels, truth = (cv2.imread(str(folder / kind / f"{name}.png"), 0) for kind in ("trimap1", "alpha"))
    alpha = closed_form(image, np.select([levels == 0, levels == 255], [0, 1], 0.5).astype(np.float32))
    error = (np.round(255 * alpha) - truth)[levels == 128] / 255
    assert (abs(error).sum() / 1000, (error**2).mean()) == pytest.approx(RECORDED[name], rel=1e-3)
