"""One call scores what two commands would; and which files belong together."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.errors import InputError, MissingFileError
from mattekit.evaluation.evaluate import evaluate, find
from mattekit.imaging import io


@pytest.fixture
def root(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        truth = cv2.GaussianBlur((rng.random((24, 30)) > 0.5).astype(np.float32), (7, 7), 2)
        trimap = np.where(rng.random(truth.shape) < 0.6, 128 / 255, (truth > 0.5).astype(np.float32))
        io.write_image(tmp_path / f"image/{name}.png", rng.random((24, 30, 3), np.float32))
        io.write_image(tmp_path / f"alpha/{name}.png", truth)
        io.write_image(tmp_path / f"trimap1/{name}.png", trimap)
    return tmp_path


def green(image, trimap):
    return np.where(trimap == 0.5, image[..., 1], trimap).astype(np.float32)


def test_scores_are_those_of_predicted_files(root):
    """Alphas are rounded to 8 bits before they are scored, as `mattekit predict` writes them."""
    (root / "predictions").mkdir()
    for item in find([root]):
        alpha = green(io.read_image(item.image).pixels, io.read_trimap(item.trimap))
        io.write_image(root / f"predictions/{item.name}.png", alpha)
    folders = [str(root / name) for name in ("predictions", "alpha")]
    done = CliRunner().invoke(app, ["eval", *folders, "--trimaps", str(root / "trimap1"), "--format", "json"])
    wanted = json.loads(done.stdout)
    found = evaluate(green, [root])
    assert found["mean"] == wanted["mean"]
    assert found["images"] == {
        image["name"]: {metric: image[metric] for metric in found["mean"]} for image in wanted["images"]
    }
    assert found["mean"]["sad"] > 0


def test_each_image_is_shown_as_it_is_scored(root):
    seen = []
    evaluate(green, [root], seen=seen.append)
    assert [outcome.name for outcome in seen] == ["a", "b"]
    assert np.abs(seen[0].alpha - green(seen[0].image, seen[0].trimap)).max() <= 0.5 / 255 + 1e-6
    assert seen[0].scores["sad"] > 0


def test_several_folders_of_trimaps_lead_the_names(root):
    (root / "trimap2").mkdir()
    for path in (root / "trimap1").iterdir():
        (root / "trimap2" / path.name).write_bytes(path.read_bytes())
    assert [item.name for item in find([root])] == ["trimap1/a", "trimap1/b", "trimap2/a", "trimap2/b"]


def test_three_folders_may_lie_anywhere_and_one_truth_serve_many_images(root):
    for kind in ("image", "trimap1"):
        (root / kind / "a.png").rename(root / kind / "a_0.png")
        (root / kind / "a_1.png").write_bytes((root / kind / "a_0.png").read_bytes())
    items = find([root / "image", root / "trimap1", root / "alpha"])
    assert [(item.name, item.truth.name) for item in items] == [
        ("a_0", "a.png"),
        ("a_1", "a.png"),
        ("b", "b.png"),
    ]


def test_what_does_not_fit_is_named(root):
    (root / "trimap1/a.png").unlink()
    with pytest.raises(InputError, match="a.png: no trimap named a"):
        find([root])
    with pytest.raises(MissingFileError, match="nowhere"):
        find([root / "nowhere"])
    with pytest.raises(MissingFileError, match="no folder image"):
        find([root / "image"])


def test_pictures_of_different_sizes_are_refused(root):
    io.write_image(root / "alpha/b.png", np.zeros((24, 31), np.float32))
    with pytest.raises(InputError, match="31x24, but .* is 30x24"):
        evaluate(green, [root])
