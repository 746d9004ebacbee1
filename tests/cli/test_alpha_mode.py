"""Straight and premultiplied cut-outs: what files hold by custom and by choice, and how cut-outs are read."""

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.imaging import io
from mattekit.imaging.codecs import alpha_mode

OpenEXR = pytest.importorskip("OpenEXR")
SUFFIXES = [".png", ".tif", ".exr"]


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.stderr
    return result


@pytest.fixture
def files(tmp_path):
    """Write a photograph of a soft disc and its trimap."""
    y, x = np.mgrid[:48, :64].astype(np.float32)
    alpha = (0.5 + (14 - np.hypot(y - 24, x - 32)) / 8).clip(0, 1)[..., None]
    image = alpha * np.float32([0.9, 0.5, 0.2]) + (1 - alpha) * np.float32([0.1, 0.2, 0.6])
    io.write_image(tmp_path / "p.png", image, depth="16")
    io.write_image(tmp_path / "t.png", np.where(alpha >= 1, 1, np.where(alpha <= 0, 0, 0.5))[..., 0].astype(np.float32))
    return tmp_path


def stored(path):
    """RGBA as it is in a file, by readers that change nothing."""
    if path.suffix == ".exr":
        planes = OpenEXR.File(str(path), separate_channels=True).channels()
        return np.dstack([planes[letter].pixels.astype(np.float32) for letter in "RGBA"])
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return pixels[..., [2, 1, 0, 3]].astype(np.float32) / 65535


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_colours_of_a_file_are_those_that_are_asked_for(files, suffix):
    made = {}
    for mode in ("auto", *alpha_mode.MODES):
        given = [] if mode == "auto" else ["--alpha-mode", mode]
        out = files / f"{mode}{suffix}"
        run("predict", files / "p.png", files / "t.png", "--save", "cutout", "-m", "shared", "-o", out, *given)
        made[mode] = stored(out)
    np.testing.assert_array_equal(made["auto"], made["premultiplied" if suffix == ".exr" else "straight"])
    straight, multiplied = made["straight"], made["premultiplied"]
    np.testing.assert_array_equal(straight[..., 3], multiplied[..., 3])
    np.testing.assert_allclose(multiplied[..., :3], straight[..., :3] * straight[..., 3:], atol=1e-3)
    assert np.abs(multiplied - straight)[..., :3].max() > 0.1


def test_a_tiff_says_what_it_holds(files, oiiotool):
    from PIL import Image

    for mode, kind in (("straight", 2), ("premultiplied", 1)):
        out = files / f"{mode}.tif"
        given = ["--save", "cutout", "-m", "shared", "-o", out, "--alpha-mode", mode]
        run("predict", files / "p.png", files / "t.png", *given, "--depth", "8")
        with Image.open(out) as image:
            assert image.tag_v2[338] == (kind,)
    told = [oiiotool("--info", "-v", files / f"{mode}.tif") for mode in alpha_mode.MODES]
    assert ["UnassociatedAlpha: 1" in text for text in told] == [True, False]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("mode", alpha_mode.MODES)
def test_a_cutout_composes_to_the_same_picture_in_either_mode(files, suffix, mode):
    given = ["--alpha-mode", mode]
    cut = files / f"c{suffix}"
    run("predict", files / "p.png", files / "t.png", "--save", "cutout", "-m", "shared", "-o", cut, *given)
    run("composite", cut, "#336699", "-o", files / "made.tif", "--depth", "float", *given)
    run("predict", files / "p.png", files / "t.png", "--save", "cutout", "-m", "shared", "-o", files / "plain.png")
    run("composite", files / "plain.png", "#336699", "-o", files / "wanted.tif", "--depth", "float")
    made, wanted = (io.read_raw(files / f"{name}.tif").pixels for name in ("made", "wanted"))
    np.testing.assert_allclose(made, wanted, atol=2e-3)


def test_a_cutout_taken_for_the_other_mode_is_darker(files):
    run(
        "predict", files / "p.png", files / "t.png", "--save", "cutout", "-m", "shared", "--alpha-mode", "premultiplied"
    )
    run("composite", files / "p_cutout.png", "white", "-o", files / "right.png", "--alpha-mode", "premultiplied")
    run("composite", files / "p_cutout.png", "white", "-o", files / "dark.png")
    right, dark = (io.read_image(files / f"{name}.png").pixels for name in ("right", "dark"))
    assert (dark <= right + 1e-4).all() and (right - dark).max() > 0.1


def test_key_writes_either(files):
    plate = np.full((40, 40, 3), [0.1, 0.7, 0.2], np.float32)
    plate[10:30, 10:30] = [0.8, 0.3, 0.3]
    io.write_image(files / "k.png", cv2.GaussianBlur(plate, (0, 0), 2))
    for mode in alpha_mode.MODES:
        run("key", files / "k.png", "--screen", "green", "-o", files / f"{mode}.png", "--alpha-mode", mode)
    straight, multiplied = (io.read_raw(files / f"{mode}.png").pixels / 255 for mode in alpha_mode.MODES)
    np.testing.assert_allclose(multiplied[..., :3], straight[..., :3] * straight[..., 3:], atol=0.01)
    assert np.abs(multiplied - straight).max() > 0.2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_multiplying_and_dividing_undo_one_another(dtype):
    rng = np.random.default_rng(0)
    full = 1 if dtype == np.float32 else np.iinfo(dtype).max
    pixels = (rng.random((9, 9, 4)) * full).astype(dtype)
    pixels[..., 3] = np.maximum(pixels[..., 3], full // 2 if full > 1 else 0.5)
    back = alpha_mode.straight(alpha_mode.premultiplied(pixels))
    np.testing.assert_allclose(back.astype(float), pixels, atol=1.01 if full > 1 else 1e-6)
