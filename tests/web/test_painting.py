"""A stroke changes what it should: the trimap, at once a coarse alpha around it, then a fine one, and nothing else."""

import numpy as np
import pytest

import mattekit
from mattekit.errors import InputError
from mattekit.imaging.io import Picture
from mattekit.imaging.trimap import from_alpha, to_levels
from mattekit.models import registry
from mattekit.web import painting as module
from mattekit.web.models import ready
from mattekit.web.painting import Painting
from mattekit.web.windows import Window


def opened(scene, levels=None, model="closed-form"):
    return Painting(Picture(scene.image, "8"), scene.levels if levels is None else levels, model)


def error(painting, truth):
    """Sum of the absolute differences of the shown alpha from the true one."""
    return float(np.abs(painting.result[..., 3] / 255 - truth).sum())


def refine(painting):
    """Take fine solutions until there are none; return their windows."""
    windows = []
    while patch := painting.fine():
        windows.append(patch.window)
        assert len(windows) < 100
    return windows


def test_alpha_is_coarse_first_then_that_of_the_model(scene):
    painting = opened(scene)
    assert (painting.result[..., 3] == scene.levels).all()
    patch = painting.coarse()
    assert patch.window == (0, 0, 200, 150)
    coarse = error(painting, scene.alpha)
    assert refine(painting) and not painting.stale.any()
    whole = mattekit.predict(scene.image, scene.levels, "closed-form")
    assert np.abs(painting.result[..., 3] / 255 - whole).max() < 0.02
    assert error(painting, scene.alpha) < 1.1 * coarse < 0.2 * error(opened(scene), scene.alpha)


@pytest.mark.parametrize("pixels", [500, 3000, 17000])
def test_large_windows_are_solved_coarsely_on_a_reduced_picture(scene, monkeypatch, pixels):
    monkeypatch.setattr(module, "COARSE_PIXELS", pixels)
    painting = opened(scene)
    painting.coarse()
    assert error(painting, scene.alpha) < 0.4 * np.abs(scene.levels / 255 - scene.alpha).sum()
    soft = (scene.alpha > 0.2) & (scene.alpha < 0.8)
    orange = np.abs(painting.result[..., :3] / 255 - (0.85, 0.55, 0.2))[soft].mean()
    assert orange < 0.6 * np.abs(scene.image - (0.85, 0.55, 0.2))[soft].mean()  # without the background's blue


def test_a_stroke_mends_alpha_around_it_and_leaves_the_rest(scene, monkeypatch):
    monkeypatch.setattr("mattekit.web.windows.REACH", 16)
    for place in ("windows", "painting"):
        monkeypatch.setattr(f"mattekit.web.{place}.FEATHER", 8)
    wrong = scene.levels.copy()
    wrong[60:90, 30:170] = 0  # through the middle of the foreground
    painting = opened(scene, wrong)
    painting.coarse()
    refine(painting)
    before, bad = painting.result.copy(), error(painting, scene.alpha)
    window = Window(50, 62, 30, 26)
    follows = painting.paint(window, scene.levels[window.slices])
    assert painting.revision == 1 and follows == (34, 46, 62, 58)
    patch = painting.coarse(follows)
    assert patch.pixels.shape == (follows.height, follows.width, 4)
    assert (patch.pixels == painting.result[follows.slices]).all()
    coarse = error(painting, scene.alpha)
    refine(painting)
    assert error(painting, scene.alpha) < 0.97 * bad and coarse < 0.97 * bad
    known = painting.levels != 128
    assert (painting.result[..., 3][known] == painting.levels[known]).all()
    shown = np.rint(scene.image * 255)
    assert (painting.result[..., :3][known] == shown[known]).all()
    assert (painting.result[:, 104:] == before[:, 104:]).all()  # out of reach


def test_tiles_of_a_large_picture_join_without_seams(scene, monkeypatch):
    """Shared matting samples up to far away, so that tiles need their context; they agree with the whole picture."""
    monkeypatch.setattr("mattekit.web.windows.TILE", 128)
    image, alpha = scene.make((420, 520))
    levels = to_levels(from_alpha(alpha, erode=5, dilate=5))
    painting = Painting(Picture(image, "8"), levels, "closed-form")
    windows = refine(painting)
    assert len(windows) > 4 and not painting.stale.any()
    whole = mattekit.predict(image, levels, "closed-form")
    assert np.abs(painting.result[..., 3] / 255 - whole).max() < 0.04


def test_the_whole_is_what_predict_makes_and_is_made_once(scene, monkeypatch):
    painting = opened(scene)
    alpha = painting.finish()
    assert (alpha == mattekit.predict(scene.image, scene.levels, "closed-form")).all()
    assert not painting.stale.any() and painting.fine() is None
    monkeypatch.setattr(module, "predict_alpha", None)
    assert painting.finish() is alpha


def test_a_stroke_during_a_fine_solution_is_not_overwritten(scene, monkeypatch):
    painting = opened(scene)
    painting.coarse()
    ready("closed-form")
    real, window = registry.resolve, Window(40, 40, 60, 60)

    class Slow:
        def __init__(self, name):
            self.alpha = lambda image, trimap: self.solved(name, image, trimap)
            self.capabilities = real(name).capabilities

        def solved(self, name, image, trimap):
            if name == "closed-form" and painting.revision == 0:
                painting.coarse(painting.paint(window, np.full((60, 60), 255, np.uint8)))
            return real(name).alpha(image, trimap)

    monkeypatch.setattr(registry, "resolve", Slow)
    painting.fine()
    assert (painting.result[window.slices][..., 3] == 255).all()
    assert painting.stale.any()  # what follows the stroke is solved again
    refine(painting)
    assert not painting.stale.any() and (painting.result[window.slices][..., 3] == 255).all()


def test_what_a_failed_solution_was_to_solve_stays_stale(scene, monkeypatch):
    painting = opened(scene, model="none-such")
    stale = painting.stale.copy()
    with pytest.raises(InputError, match="none-such"):
        painting.fine()
    assert (painting.stale == stale).all()


def test_there_is_no_alpha_before_both_classes_are_painted(scene):
    painting = opened(scene, np.full(scene.levels.shape, 128, np.uint8))
    assert painting.coarse().pixels[..., 3].max() == 128 and painting.fine() is None
    painting.paint(Window(90, 65, 20, 20), np.full((20, 20), 255, np.uint8))
    assert painting.fine() is None
    follows = painting.paint(Window(0, 0, 200, 12), np.full((12, 200), 0, np.uint8))
    assert follows == (0, 0, 200, 150)  # nearly all is unknown, so all follows
    painting.coarse(follows)
    assert error(painting, scene.alpha) < 0.4 * 128 / 255 * scene.alpha.size


@pytest.mark.parametrize(
    ("window", "patch"),
    [
        ((-1, 0, 2, 2), np.zeros((2, 2), np.uint8)),
        ((199, 0, 2, 2), np.zeros((2, 2), np.uint8)),
        ((0, 0, 0, 0), np.zeros((0, 0), np.uint8)),
        ((0, 0, 2, 2), np.zeros((2, 3), np.uint8)),
        ((0, 0, 2, 2), np.full((2, 2), 127, np.uint8)),
    ],
)
def test_patches_that_do_not_fit_are_refused(scene, window, patch):
    painting = opened(scene)
    with pytest.raises(InputError):
        painting.paint(Window(*window), patch)
    assert painting.revision == 0 and painting.paint(Window(0, 0, 2, 2), scene.levels[:2, :2]) is None


def test_a_trimap_of_another_size_is_refused(scene):
    with pytest.raises(InputError, match="10x10.*200x150"):
        opened(scene, np.zeros((10, 10), np.uint8))
