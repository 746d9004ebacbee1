"""A model that gives foregrounds supplies pictures and is scored on them, unless an estimator is preferred."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.metrics.foreground import foreground_errors
from mattekit.models import registry
from mattekit.models.model import Capabilities, Model

RANDOM = np.random.default_rng(0)
ALPHA = np.float32(RANDOM.integers(1, 5, (24, 30))) / 5
ALPHA[:4], ALPHA[-4:] = 0, 1
UNKNOWN = (ALPHA > 0) & (ALPHA < 1)
TRUE = RANDOM.integers(0, 256, (24, 30, 3), np.uint8)  # BGR, as OpenCV writes


class Reddish(Model):
    """True alphas, with a foreground that is the image but for its red."""

    name, capabilities = "reddish", Capabilities(layers=True)

    def alpha(self, image, trimap):
        return ALPHA if image.shape[:2] == ALPHA.shape else np.where(trimap == 0.5, np.float32(0.4), trimap)

    def layers(self, image, trimap):
        fg = image.copy()
        fg[..., 0] = 0.8
        return self.alpha(image, trimap), fg, image


def run(*words, code=0):
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """Files of an image, its trimap and the true cut-out; the model is the one of this module."""
    monkeypatch.setattr(registry, "_plugged_in", lambda name, **options: Reddish() if name == "reddish" else None)
    yield [write(tmp_path / name, picture) for name, picture in (
        ("image.png", TRUE), ("trimap.png", np.where(UNKNOWN, 128, 255 * ALPHA)),
        ("truth.png", np.dstack([TRUE, np.rint(255 * ALPHA)])),
    )]  # fmt: skip
    registry._resolve.cache_clear()


def write(path, picture):
    cv2.imwrite(str(path), np.uint8(picture))
    return path


def cutout(tmp_path, scene, *words):
    run("predict", *scene[:2], "-m", "reddish", "--save", "cutout,foreground", "-o", tmp_path / "out", *words)
    found, fg = (cv2.imread(str(next((tmp_path / "out").glob(f"*{kind}.png"))), -1) for kind in ("cutout", "ground"))
    np.testing.assert_array_equal(found[..., :3], fg)
    return found


@pytest.mark.parametrize("words", [[], ["--tta", "flip"], ["--max-size", "20"]])
def test_a_networks_own_foreground_is_saved(tmp_path, scene, words):
    """Also as a mean over views, and enlarged; where alpha is 1 the image's colours stay."""
    found = cutout(tmp_path, scene, *words)
    assert (np.abs(found[..., 2][UNKNOWN].astype(int) - 204) <= (12 if "--max-size" in words else 0)).all()
    np.testing.assert_array_equal(found[ALPHA == 1][:, :3], TRUE[ALPHA == 1])


def test_an_estimator_is_preferred_where_it_is_named(tmp_path, scene):
    assert cutout(tmp_path, scene, "--foreground-method", "multilevel")[..., 2][UNKNOWN].std() > 5


def test_foregrounds_are_scored_where_the_truth_has_colours(tmp_path, scene):
    words = ["predict", *scene[:2], "--compare", "reddish,closed-form", "--truth", scene[2], "-o", tmp_path / "s.png"]
    told = json.loads(run(*words, "--json").stdout)["models"]
    errors = (ALPHA * (204 - TRUE[..., 2].astype(float)) / 255)[UNKNOWN]
    assert told["reddish"]["foreground"]["sad"] == pytest.approx(np.abs(errors).sum() / 3000, rel=0.01)
    assert told["reddish"]["foreground"]["mse"] == pytest.approx((errors**2).mean() / 3, rel=0.01)
    assert told["closed-form"]["foreground"]["mse"] > 0 and told["reddish"]["scores"]["sad"] < 0.01
    assert "foreground SAD" in run(*words).stdout
    grey = write(tmp_path / "grey.png", 255 * ALPHA)
    assert "foreground" not in run(*words[:-3], grey, *words[-2:]).stdout


def test_errors_count_as_much_as_the_foreground_covers():
    fg, truth = np.zeros((1, 2, 3)), np.ones((1, 2, 3))
    found = foreground_errors(fg, truth, np.float64([[0.5, 1]]), np.array([[True, False]]))
    assert found == {"sad": 0.5 / 1000, "mse": 0.25}
    assert np.isnan(foreground_errors(fg, truth, np.ones((1, 2)), np.zeros((1, 2), bool))["mse"])
