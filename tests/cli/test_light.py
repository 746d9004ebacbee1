"""Plates with light beyond white: known pixels keep the values of the file, and alphas are those of plain pictures."""

import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.imaging import io
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb

pytest.importorskip("OpenEXR")

HIGH, LOW = 6.5, -0.25


@pytest.fixture(scope="module")
def plate():
    """Scene-linear plate (96, 128, 3), its alpha, its trimap; the foreground reaches far beyond white."""
    y, x = np.mgrid[:96, :128].astype(np.float32)
    alpha = (0.5 + (26 - np.hypot(y - 48, x - 64)) / 8).clip(0, 1)
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.01, (96, 128, 3)).astype(np.float32)
    fg = np.float32([0.9, 0.35, 0.08]) + noise
    bg = np.float32([0.05, 0.12, 0.4]) + noise[::-1]
    fg[40:56, 56:72] = [HIGH, LOW, 0.5]
    trimap = np.where(alpha >= 1, 1, np.where(alpha <= 0, 0, 0.5)).astype(np.float32)
    return alpha[..., None] * fg + (1 - alpha[..., None]) * bg, alpha, trimap


def run(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.stderr
    return result


@pytest.fixture
def files(plate, tmp_path):
    """Write the plate as EXR and as float TIFF with its trimap."""
    light, _, trimap = plate
    io.write_image(tmp_path / "plate.exr", light, depth="float", light=True)
    io.write_raw(tmp_path / "plate.tif", light)
    io.write_image(tmp_path / "trimap.png", trimap)
    return tmp_path


@pytest.mark.parametrize("suffix", [".exr", ".tif"])
@pytest.mark.parametrize("method", ["multilevel", "multiscale", "multigrid", "closed-form"])
def test_known_foreground_keeps_its_values_bit_for_bit(files, plate, suffix, method):
    light, _, trimap = plate
    source = files / f"plate{suffix}"
    run(
        "predict",
        source,
        files / "trimap.png",
        "--save",
        "cutout,foreground",
        "-o",
        files / "out",
        "--foreground-method",
        method,
    )
    known = trimap == 1
    for kind in ("cutout", "foreground"):
        pixels = io.read_raw(files / "out" / f"plate_{kind}{suffix}").pixels
        np.testing.assert_array_equal(pixels[known][:, :3], light[known])
        assert np.isfinite(pixels).all()


def test_the_foreground_command_keeps_them_too(files, plate):
    light, _, trimap = plate
    run("predict", files / "plate.exr", files / "trimap.png", "-o", files / "out")
    run("foreground", files / "plate.exr", files / "out" / "plate_alpha.exr", "-o", files / "fg.exr")
    pixels = io.read_raw(files / "fg.exr").pixels
    np.testing.assert_array_equal(pixels[trimap == 1], light[trimap == 1])


def test_colours_of_mixed_pixels_go_beyond_white(tmp_path):
    """A foreground of light 5 over 0.1: its colours where alpha is a half are near 5, not 1."""
    y, x = np.mgrid[:64, :64].astype(np.float32)
    alpha = (0.5 + (x - 32) / 12).clip(0, 1)
    light = np.repeat((alpha * 5 + (1 - alpha) * np.float32(0.1))[..., None], 3, axis=2)
    io.write_image(tmp_path / "p.exr", light, depth="float", light=True)
    io.write_image(tmp_path / "a.exr", alpha, depth="float")
    run("foreground", tmp_path / "p.exr", tmp_path / "a.exr", "-o", tmp_path / "fg.exr")
    fg = io.read_raw(tmp_path / "fg.exr").pixels
    assert np.abs(fg[np.abs(alpha - 0.5) < 0.3] - 5).max() < 0.5


def test_alphas_are_those_of_the_same_picture_in_srgb(tmp_path, plate):
    light, _, trimap = plate
    shown = light.clip(0, 1)
    io.write_image(tmp_path / "p.exr", shown, depth="float", light=True)
    io.write_raw(tmp_path / "q.tif", encode_srgb(shown))
    io.write_image(tmp_path / "trimap.png", trimap)
    for name in ("p.exr", "q.tif"):
        run(
            "predict",
            tmp_path / name,
            tmp_path / "trimap.png",
            "-o",
            tmp_path / "out",
            "--depth",
            "float",
            "--format",
            "tif",
        )
    first, second = (io.read_raw(tmp_path / "out" / f"{stem}_alpha.tif").pixels for stem in "pq")
    np.testing.assert_allclose(first, second, atol=1e-4)


def test_clipping_is_told(files):
    result = run(
        "predict", files / "plate.exr", files / "trimap.png", "--save", "cutout", "--format", "png", "-o", files / "o"
    )
    assert "clipped to 0..1" in result.stderr
    assert (
        "clipped"
        not in run("predict", files / "plate.exr", files / "trimap.png", "--save", "cutout", "-o", files / "p").stderr
    )


def test_a_composite_of_light_mixes_light(files, plate):
    light, _, trimap = plate
    run(
        "predict",
        files / "plate.exr",
        files / "trimap.png",
        "--save",
        "composite",
        "--background",
        "#808080",
        "-o",
        files / "o",
    )
    pixels = io.read_raw(files / "o" / "plate_composite.exr").pixels
    np.testing.assert_array_equal(pixels[trimap == 1], light[trimap == 1])
    np.testing.assert_allclose(pixels[trimap == 0], decode_srgb(np.float32(128 / 255)), rtol=1e-5)


@pytest.mark.parametrize("transfer", ["srgb", "linear", "log"])
def test_a_curve_is_chosen(files, plate, transfer):
    _, alpha, trimap = plate
    run(
        "predict",
        files / "plate.exr",
        files / "trimap.png",
        "--transfer",
        transfer,
        "-o",
        files / "o",
        "-m",
        "closed-form",
    )
    made = io.read_alpha(files / "o" / "plate_alpha.exr").pixels
    assert np.abs(made - alpha)[trimap == 0.5].mean() < 0.2


def test_a_layer_is_chosen(tmp_path, plate):
    """A file with two layers is refused with their names, and matted by the layer that is named."""
    import OpenEXR

    light, _, trimap = plate
    io.write_image(tmp_path / "trimap.png", trimap)
    layers = {"beauty": light, "dark": light * np.float32(0.1)}
    channels = {
        f"{layer}.{c}": np.ascontiguousarray(pixels[..., i])
        for layer, pixels in layers.items()
        for i, c in enumerate("RGB")
    }
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(str(tmp_path / "p.exr"))
    words = ["predict", str(tmp_path / "p.exr"), str(tmp_path / "trimap.png"), "--save", "cutout", "-o", str(tmp_path)]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 1
    assert "beauty, dark" in refused.stderr
    assert "--layer" in refused.stderr
    run(*words, "--layer", "beauty")
    pixels = io.read_raw(tmp_path / "p_cutout.exr").pixels
    np.testing.assert_array_equal(pixels[trimap == 1][:, :3], light[trimap == 1])
