"""Reading every kind of file the way it is meant: depth, channels, orientation, alpha."""

import io as memory
import struct
import sys
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mattekit.imaging import io, tiff

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


def tags_set(tmp_path, pixels, *tags):
    """A TIFF by OpenCV with tags changed."""
    data = cv2.imencode(".tif", pixels)[1].tobytes()
    for tag, kind, value in tags:
        data = tiff.set_tag(data, tag, kind, value)
    path = tmp_path / "x.tif"
    path.write_bytes(data)
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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float_tiff_keeps_values_beyond_one(tmp_path, dtype):
    pixels = (RNG.random((6, 5, 3)) * 3 - 1).astype(dtype)
    path = tags_set(tmp_path, pixels[..., ::-1])
    np.testing.assert_array_equal(io.read_image(path).pixels, pixels.astype(np.float32))
    assert io.read_image(path).depth == "float"


@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
def test_grey_with_alpha_of_16_bits_is_read_exactly_from_tiff(tmp_path, predictor, order):
    pair = RNG.integers(0, 65536, (6, 5, 2), dtype=np.uint16)
    stored = np.diff(pair, axis=1, prepend=np.uint16(0)) if predictor == 2 else pair
    body = zlib.compress(stored.astype(f"{order}u2").tobytes())
    tags = [(256, 4, 5), (257, 4, 6), (258, 3, 16), (259, 3, 8), (262, 3, 1), (273, 4, 8), (277, 3, 2), (278, 4, 6)]
    tags += [(279, 4, len(body)), (317, 3, predictor), (338, 3, 2)]
    path = tmp_path / "x.tif"
    path.write_bytes(bare_tiff(body, tags, order))
    raw = io.read_raw(path)
    np.testing.assert_array_equal(raw.pixels, pair[..., [0, 0, 0, 1]])
    np.testing.assert_array_equal(io.read_alpha(path).pixels, (pair[..., 1] / np.float32(65535)).astype(np.float32))


@pytest.mark.parametrize("orientation", [1, 6])
def test_half_float_tiff_is_read_exactly(tmp_path, orientation):
    pixels = RNG.random((6, 5, 3)).astype(np.float16)
    tags = [(256, 4, 5), (257, 4, 6), (258, 3, 16), (259, 3, 1), (262, 3, 2), (273, 4, 8), (277, 3, 3), (278, 4, 6)]
    tags += [(279, 4, pixels.nbytes), (339, 3, 3), (274, 3, orientation)]
    path = tmp_path / "x.tif"
    path.write_bytes(bare_tiff(pixels.astype("<f2").tobytes(), tags, "<"))
    np.testing.assert_array_equal(io.read_raw(path).pixels, UNDO[orientation](pixels).astype(np.float32))


def bare_tiff(body, tags, order):
    """A TIFF of one strip behind the header."""
    entries = b"".join(
        struct.pack(order + "HHI", tag, kind, 1) + struct.pack(order + {3: "H", 4: "I"}[kind], value).ljust(4, b"\0")
        for tag, kind, value in sorted(tags)
    )
    mark = b"II*\0" if order == "<" else b"MM\0*"
    directory = struct.pack(order + "H", len(tags)) + entries + bytes(4)
    return mark + struct.pack(order + "I", 8 + len(body)) + body + directory


@pytest.mark.parametrize("pixels", [CUTOUT, CUTOUT.astype(np.uint16) * 257], ids=["8", "16"])
def test_straight_alpha_of_tiff_leaves_colours_alone(tmp_path, pixels):
    path = tags_set(tmp_path, pixels[..., [2, 1, 0, 3]], (tiff.EXTRA, tiff.SHORT, tiff.STRAIGHT))
    np.testing.assert_array_equal(io.read_raw(path).pixels, pixels)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.uint16, 1 / 65535), (np.float32, 1e-6)])
def test_premultiplied_alpha_of_tiff_is_made_straight(tmp_path, dtype, tolerance):
    full = 65535 if dtype == np.uint16 else 1
    straight = RNG.random((6, 5, 4)) * 0.5 + 0.5
    premultiplied = straight * np.concatenate([straight[..., 3:]] * 3 + [np.ones((6, 5, 1))], axis=2)
    stored = np.rint(premultiplied * full) if dtype == np.uint16 else premultiplied
    path = tags_set(tmp_path, stored.astype(dtype)[..., [2, 1, 0, 3]], (tiff.EXTRA, tiff.SHORT, tiff.PREMULTIPLIED))
    np.testing.assert_allclose(io.to_float(io.read_raw(path).pixels), straight, atol=2 * tolerance)


def test_white_is_zero_is_turned_for_16_bits_too(tmp_path):
    grey = RNG.integers(0, 65536, (6, 5), dtype=np.uint16)
    path = tags_set(tmp_path, 65535 - grey, (tiff.PHOTOMETRIC, tiff.SHORT, 0))
    np.testing.assert_array_equal(io.read_raw(path).pixels, grey)


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


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_deep_tiff_comes_upright(tmp_path, orientation, dtype):
    pixels = COLOUR.astype(dtype)
    path = tags_set(tmp_path, pixels[..., ::-1], (tiff.ORIENTATION, tiff.SHORT, orientation))
    np.testing.assert_array_equal(io.read_raw(path).pixels, UNDO[orientation](pixels))
    assert io.read_size(path) == UNDO[orientation](pixels).shape[:2]


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
    alpha = np.array([[-0.001, 0.5, 1.2]], np.float32)
    np.testing.assert_array_equal(io.read_alpha(tags_set(tmp_path, alpha)).pixels, alpha.clip(0, 1))
    assert "clipped" in caplog.text
    with pytest.raises(ValueError, match=r"x.tif: alpha values 0..255, wanted 0..1"):
        io.read_alpha(tags_set(tmp_path, np.array([[0, 255]], np.float32)))
    with pytest.raises(ValueError, match=r"x.tif: 1 values are NaN"):
        io.read_alpha(tags_set(tmp_path, np.array([[0, np.nan]], np.float32)))


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
