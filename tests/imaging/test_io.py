"""Reading every kind of file the way it is meant: depth, channels, orientation, alpha."""

import io as memory
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mattekit.imaging import io

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (12, 9, 3), dtype=np.uint8)
GREY = COLOUR[..., 0]
CUTOUT = np.dstack([COLOUR, RNG.integers(0, 256, (12, 9), dtype=np.uint8)])
UNDO = {  # EXIF orientation -> what brings the stored picture upright, from the table of the EXIF standard
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
    8: lambda p: np.rot90(p, 1),
}


def saved(tmp_path, image, name, **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.fromarray(GREY), GREY),
        (Image.fromarray(COLOUR), COLOUR),
        (Image.fromarray(GREY).convert("1"), np.asarray(Image.fromarray(GREY).convert("1")) * np.uint8(255)),
        (Image.fromarray(COLOUR).quantize(7), np.asarray(Image.fromarray(COLOUR).quantize(7).convert("RGB"))),
        (Image.fromarray(CUTOUT), CUTOUT),
    ],
    ids=["grey", "colour", "1-bit", "palette", "cut-out"],
)
def test_8_bit_files_are_read_exactly(tmp_path, image, expected, suffix):
    raw = io.read_raw(saved(tmp_path, image, f"x{suffix}"))
    assert raw.pixels.dtype == np.uint8
    if suffix == ".bmp" and expected.shape[2:] == (4,):
        expected = expected[..., :3]  # Pillow writes the kind of header in which the fourth byte means nothing
    np.testing.assert_array_equal(raw.pixels, expected)
    assert (raw.suffix, raw.icc, raw.depth) == (suffix, None, "8")


def test_alpha_of_a_bmp_that_declares_it_is_kept(tmp_path):
    cv2.imwrite(str(tmp_path / "x.bmp"), CUTOUT[..., [2, 1, 0, 3]])
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.bmp").pixels, CUTOUT)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_with_alpha_becomes_rgba(tmp_path, suffix):
    pair = np.ascontiguousarray(CUTOUT[..., 2:])
    raw = io.read_raw(saved(tmp_path, Image.fromarray(pair, "LA"), f"x{suffix}"))
    np.testing.assert_array_equal(raw.pixels, pair[..., [0, 0, 0, 1]])


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_files_are_read_exactly(tmp_path, suffix, channels):
    pixels = RNG.integers(0, 65536, (7, 5, channels), dtype=np.uint16).squeeze()
    stored = pixels if channels == 1 else pixels[..., [2, 1, 0, 3][:channels]]
    cv2.imwrite(str(tmp_path / f"x{suffix}"), stored)
    raw = io.read_raw(tmp_path / f"x{suffix}")
    np.testing.assert_array_equal(raw.pixels, pixels)
    assert raw.depth == "16"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
def test_pictures_come_upright(tmp_path, suffix, orientation):
    options = {"lossless": True} if suffix == ".webp" else {}
    stored = COLOUR if suffix != ".jpg" else cv2.resize(COLOUR, (40, 60), interpolation=cv2.INTER_CUBIC)
    path = saved(tmp_path, Image.fromarray(stored), f"x{suffix}", exif=exif(orientation), **options)
    pixels = io.read_raw(path).pixels
    expected = UNDO[orientation](stored)
    assert pixels.shape == expected.shape
    assert io.read_size(path) == expected.shape[:2]
    np.testing.assert_allclose(pixels, expected, atol=0 if suffix != ".jpg" else 60)
    np.testing.assert_array_equal(pixels.shape, expected.shape)
    if suffix == ".jpg":  # the right turn is far closer than any other
        others = [UNDO[o](stored) for o in range(1, 9) if o != orientation]
        near = [np.abs(pixels - o.astype(float)).mean() for o in others if o.shape == pixels.shape]
        assert np.abs(pixels - expected.astype(float)).mean() * 3 < min(near)


def test_orientation_behind_the_pixels_of_a_png_counts(tmp_path):
    path = saved(tmp_path, Image.fromarray(COLOUR), "x.png", exif=exif(6))
    data = path.read_bytes()
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4])
    path.write_bytes(data[:start] + data[end:-12] + data[start:end] + data[-12:])
    np.testing.assert_array_equal(io.read_raw(path).pixels, UNDO[6](COLOUR))


def test_palette_with_transparency_has_alpha(tmp_path):
    image = Image.fromarray(COLOUR).quantize(8)
    expected = np.asarray(image.convert("RGB"))
    path = saved(tmp_path, image, "x.png", transparency=bytes([0, 100, 255]))
    raw = io.read_raw(path)
    np.testing.assert_array_equal(raw.pixels[..., :3], expected)
    np.testing.assert_array_equal(raw.pixels[..., 3], np.array([0, 100] + [255] * 254)[np.asarray(image)])


@pytest.mark.parametrize("image", [Image.fromarray(GREY), Image.fromarray(GREY).convert("1")], ids=["grey", "1-bit"])
def test_grey_with_a_transparent_level_has_alpha(tmp_path, image):
    level = int(np.asarray(image)[0, 0])
    path = saved(tmp_path, image, "x.png", transparency=level)
    grey = np.asarray(image.convert("L"))
    np.testing.assert_array_equal(io.read_raw(path).pixels[..., 3], np.where(grey == grey[0, 0], 0, 255))


@pytest.mark.parametrize("name", ["x.jpg", "x.tif"])
def test_cmyk_becomes_rgb_without_its_profile(tmp_path, name):
    flat = Image.fromarray(np.full((16, 16, 3), (200, 100, 50), np.uint8))
    path = saved(tmp_path, flat.convert("CMYK"), name, icc_profile=bytes(16) + b"CMYK" + bytes(108))
    picture = io.read_image(path)
    np.testing.assert_allclose(picture.pixels, np.broadcast_to([200, 100, 50], (16, 16, 3)) / 255, atol=3 / 255)
    assert picture.icc is None


def test_cmyk_jpeg_without_adobe_marker_is_not_inverted(tmp_path):
    path = saved(tmp_path, Image.new("CMYK", (16, 16), (255, 255, 0, 0)), "x.jpg")
    data = path.read_bytes()
    start = data.index(b"\xff\xee")
    path.write_bytes(data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4]) :])
    # Adobe files hold inverted ink; without its marker the same bytes are the ink itself: (0, 0, 255, 255), black.
    assert io.read_image(path).pixels.max() < 0.02


def test_alpha_of_an_image_is_dropped_with_a_note(tmp_path, caplog):
    path = saved(tmp_path, Image.fromarray(CUTOUT), "x.png")
    np.testing.assert_array_equal(io.read_image(path).pixels, COLOUR.astype(np.float32) / 255)
    assert f"{path}: its alpha channel is not used" in caplog.text


def test_alpha_is_the_a_channel_unless_opaque(tmp_path):
    path = saved(tmp_path, Image.fromarray(CUTOUT), "x.png")
    np.testing.assert_array_equal(io.read_alpha(path).pixels, CUTOUT[..., 3].astype(np.float32) / 255)
    opaque = np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)])
    path = saved(tmp_path, Image.fromarray(opaque), "y.png")
    np.testing.assert_array_equal(io.read_alpha(path).pixels, GREY.astype(np.float32) / 255)


def test_colour_read_as_alpha_gives_its_grey_with_a_note(tmp_path, caplog):
    path = saved(tmp_path, Image.fromarray(COLOUR), "x.png")
    grey = COLOUR @ [0.299, 0.587, 0.114] / 255
    np.testing.assert_allclose(io.read_alpha(path).pixels, grey, atol=0.6 / 255)
    assert "colour picture read as an alpha" in caplog.text


def test_slight_excess_of_a_float_alpha_is_clipped_and_more_is_refused(tmp_path, caplog):
    path, alpha = tmp_path / "x.tif", np.array([[-0.001, 0.5, 1.2]], np.float32)
    io.write_raw(path, alpha)
    np.testing.assert_array_equal(io.read_alpha(path).pixels, alpha.clip(0, 1))
    assert "clipped" in caplog.text
    with pytest.raises(ValueError, match=r"x.tif: alpha values 0..255, wanted 0..1"):
        io.write_raw(path, np.array([[0, 255]], np.float32))
        io.read_alpha(path)
    with pytest.raises(ValueError, match=r"x.tif: 1 values are NaN or infinite"):
        io.write_raw(path, np.array([[0, np.nan]], np.float32))
        io.read_alpha(path)


def test_standard_input_is_read_once(monkeypatch):
    data = memory.BytesIO(cv2.imencode(".png", GREY)[1].tobytes())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=data))
    np.testing.assert_array_equal(io.read_raw(io.STANDARD).pixels, GREY)
    assert data.read() == b""


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    channels=st.sampled_from([1, 3, 4]),
    kind=st.sampled_from([(np.uint8, ".png"), (np.uint8, ".tif"), (np.uint16, ".png"), (np.uint16, ".tif")]),
    seed=st.integers(0, 99),
)
def test_integers_survive_the_float_view_exactly(tmp_path_factory, size, channels, kind, seed):
    """Stored value -> float -> stored value is the identity at 8 and 16 bits."""
    dtype, suffix = kind
    shape = size if channels == 1 else (*size, channels)
    pixels = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    path = tmp_path_factory.getbasetemp() / f"x{suffix}"
    io.write_image(path, io.to_float(pixels), depth="8" if dtype == np.uint8 else "16", fast=bool(seed % 2))
    raw = io.read_raw(path)
    assert raw.pixels.dtype == dtype
    np.testing.assert_array_equal(raw.pixels, pixels)
