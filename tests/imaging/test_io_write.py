"""Writing: rounding, what each format can hold, whole files or none."""

import io as memory
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from mattekit.errors import InputError
from mattekit.imaging import io
from mattekit.imaging.codecs.encode import quantise

RNG = np.random.default_rng(1)
PICTURE = RNG.random((9, 7, 3), dtype=np.float32)
ALPHA = RNG.random((9, 7), dtype=np.float32)
CUTOUT = np.dstack([PICTURE, ALPHA])


@settings(max_examples=60, deadline=None)
@given(
    pixels=arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=2, max_dims=2, max_side=9),
        elements=st.floats(-2, 3, width=32),
    ),
    depth=st.sampled_from(["8", "16"]),
)
def test_values_are_clipped_and_rounded_never_cut(pixels, depth):
    """Every stored value is the integer nearest to the wanted one."""
    full = {"8": 255, "16": 65535}[depth]
    stored = quantise(pixels, depth).astype(np.float64)
    wanted = pixels.astype(np.float64).clip(0, 1) * full
    assert np.abs(stored - wanted).max() <= 0.5 + full * 1e-7


def test_254_point_9_becomes_255(tmp_path):
    io.write_image(tmp_path / "x.png", np.full((2, 2), 254.9 / 255, np.float32))
    assert cv2.imread(str(tmp_path / "x.png"), cv2.IMREAD_UNCHANGED).tolist() == [[255, 255], [255, 255]]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".webp", ".bmp"])
@pytest.mark.parametrize("pixels", [ALPHA, PICTURE, CUTOUT], ids=["alpha", "image", "cut-out"])
def test_lossless_formats_keep_8_bits(tmp_path, suffix, pixels):
    path = tmp_path / f"x{suffix}"
    if suffix == ".bmp" and pixels.ndim == 3 and pixels.shape[2] == 4:
        with pytest.raises(InputError, match="x.bmp: BMP cannot hold an alpha channel reliably. Write .png"):
            io.write_image(path, pixels)
        return
    io.write_image(path, pixels)
    raw = io.read_raw(path)
    if suffix == ".webp" and pixels.ndim == 3 and pixels.shape[2] == 3:
        assert raw.lossy and np.abs(raw.pixels / 255 - pixels).mean() < 0.2
        return
    stored = raw.pixels[..., 0] if pixels.ndim == 2 and raw.pixels.ndim == 3 else raw.pixels
    np.testing.assert_array_equal(stored, np.rint(pixels * np.float32(255)))
    assert raw.icc is None and not raw.lossy


def test_colours_behind_zero_alpha_survive_webp(tmp_path):
    cutout = CUTOUT.copy()
    cutout[:5, :, 3] = 0
    io.write_image(tmp_path / "x.webp", cutout)
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.webp").pixels, np.rint(cutout * np.float32(255)))


@settings(max_examples=30, deadline=None)
@given(
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    channels=st.sampled_from([1, 3, 4]),
    suffix=st.sampled_from([".tif", ".exr"]),
    seed=st.integers(0, 99),
)
def test_floats_survive_exactly(tmp_path_factory, size, channels, suffix, seed):
    """32-bit floats, below 0 and above 1 too, come back bit for bit (a cut-out in EXR to rounding)."""
    pytest.importorskip("OpenEXR")
    shape = size if channels == 1 else (*size, channels)
    pixels = np.random.default_rng(seed).random(shape, dtype=np.float32) * 4 - 1
    path = tmp_path_factory.getbasetemp() / f"x{suffix}"
    if suffix == ".exr" and channels == 4:
        pixels[..., 3] = pixels[..., 3].clip(0.1, 1)
    io.write_raw(path, pixels)
    np.testing.assert_allclose(io.read_raw(path).pixels, pixels, rtol=3e-7 * (suffix == ".exr" and channels == 4))


def test_float_tiff_keeps_what_8_bits_would_clip(tmp_path):
    pixels = PICTURE * 3 - 1
    io.write_image(tmp_path / "x.tif", pixels, depth="float")
    picture = io.read_image(tmp_path / "x.tif")
    assert picture.depth == "float"
    np.testing.assert_array_equal(picture.pixels, pixels)


@pytest.mark.parametrize("depth", ["8", "16"])
def test_tiff_says_that_its_alpha_is_straight(tmp_path, depth):
    io.write_image(tmp_path / "x.tif", CUTOUT, depth=depth)
    with Image.open(tmp_path / "x.tif") as image:
        assert image.tag_v2[338] == (2,)


def test_jpeg_is_close_and_refuses_alpha(tmp_path):
    smooth = np.dstack(np.broadcast_arrays(*np.mgrid[0:1:64j, 0:1:64j], 0.5)).astype(np.float32)
    io.write_image(tmp_path / "x.jpg", smooth)
    assert np.abs(io.read_image(tmp_path / "x.jpg").pixels - smooth).max() < 6 / 255
    for pixels in (ALPHA, CUTOUT):
        with pytest.raises(InputError, match="x.jpg: JPEG cannot hold an alpha channel exactly. Write .png"):
            io.write_image(tmp_path / "x.jpg", pixels)


@pytest.mark.parametrize(
    ("name", "depth", "text"),
    [
        ("x.png", "float", r"depth float, but .png holds 8 or 16. Write .tif or .exr"),
        ("x.jpg", "16", r"depth 16, but .jpg holds 8. Write .png or .tif or .exr"),
        ("x.webp", "16", r"depth 16, but .webp holds 8"),
        ("x.bmp", "float", r"depth float, but .bmp holds 8"),
        ("x.gif", "8", r"x.gif: .gif, wanted one of .png"),
        ("x", "8", r"x: no extension, wanted one of .png"),
        ("x.png", "12", r"depth '12', wanted 8, 16 or float"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(tmp_path, name, depth, text):
    with pytest.raises(InputError, match=text):
        io.write_image(tmp_path / name, PICTURE, depth=depth)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2), (2, 2, 5), (0, 3), (1, 2, 2, 3)])
def test_other_shapes_are_refused(tmp_path, shape):
    with pytest.raises(InputError, match="pixels of shape"):
        io.write_image(tmp_path / "x.png", np.zeros(shape, np.float32))


def test_nan_and_other_types_are_refused(tmp_path):
    with pytest.raises(InputError, match="1 values are NaN or infinite"):
        io.write_image(tmp_path / "x.png", np.array([[np.nan, 1]], np.float32))
    with pytest.raises(InputError, match="int64 pixels, wanted uint8, uint16 or float32"):
        io.write_raw(tmp_path / "x.png", np.zeros((2, 2), np.int64))


def test_a_picture_too_wide_for_the_format_is_refused(tmp_path, capfd):
    with pytest.raises(InputError, match="cannot store 20000x1 pixels as .webp. Write .png or .tif"):
        io.write_image(tmp_path / "x.webp", np.zeros((1, 20000), np.float32))
    assert capfd.readouterr() == ("", "")


def test_standard_output_gets_the_file_alone(monkeypatch):
    stream = memory.BytesIO()
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=stream))
    io.write_image(io.STANDARD, ALPHA)
    assert stream.getvalue().startswith(b"\x89PNG")
    stream.truncate(0)
    stream.seek(0)
    io.write_image(io.STANDARD, ALPHA, suffix=".tif", depth="16")
    stored = cv2.imdecode(np.frombuffer(stream.getvalue(), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(stored, np.rint(ALPHA * np.float32(65535)))


@pytest.mark.parametrize("moment", ["writing", "renaming"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, moment):
    path = tmp_path / "x.png"
    io.write_image(path, ALPHA)
    before = path.read_bytes()

    def half(self, data):
        with open(self, "wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device", str(self))

    def fail(*paths):
        raise KeyboardInterrupt

    monkeypatch.setattr(*(("pathlib.Path.write_bytes", half) if moment == "writing" else ("os.replace", fail)))
    with pytest.raises((OSError, KeyboardInterrupt)):
        io.write_image(path, 1 - ALPHA)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_fast_compression_changes_no_pixel(tmp_path):
    for pixels in (ALPHA, PICTURE, CUTOUT):
        io.write_image(tmp_path / "fast.png", pixels, fast=True)
        io.write_image(tmp_path / "small.png", pixels)
        np.testing.assert_array_equal(
            io.read_raw(tmp_path / "fast.png").pixels, io.read_raw(tmp_path / "small.png").pixels
        )
