"""TIFF of 16 bits and floats: kinds of samples, alpha, orientation, set by changing tags."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from mattekit.imaging import io
from mattekit.imaging.codecs import tiff

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (12, 9, 3), dtype=np.uint8)
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


def tags_set(tmp_path, pixels, *tags):
    """A TIFF by OpenCV with tags changed."""
    data = cv2.imencode(".tif", pixels)[1].tobytes()
    for tag, kind, value in tags:
        data = tiff.set_tag(data, tag, kind, value)
    path = tmp_path / "x.tif"
    path.write_bytes(data)
    return path


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
    path = tags_set(tmp_path, pixels[..., [2, 1, 0, 3]], (tiff.Tag.EXTRA_SAMPLES, tiff.SHORT, tiff.STRAIGHT))
    np.testing.assert_array_equal(io.read_raw(path).pixels, pixels)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.uint16, 1 / 65535), (np.float32, 1e-6)])
def test_premultiplied_alpha_of_tiff_is_made_straight(tmp_path, dtype, tolerance):
    full = 65535 if dtype == np.uint16 else 1
    straight = RNG.random((6, 5, 4)) * 0.5 + 0.5
    premultiplied = straight * np.concatenate([straight[..., 3:]] * 3 + [np.ones((6, 5, 1))], axis=2)
    stored = np.rint(premultiplied * full) if dtype == np.uint16 else premultiplied
    path = tags_set(
        tmp_path, stored.astype(dtype)[..., [2, 1, 0, 3]], (tiff.Tag.EXTRA_SAMPLES, tiff.SHORT, tiff.PREMULTIPLIED)
    )
    np.testing.assert_allclose(io.to_float(io.read_raw(path).pixels), straight, atol=2 * tolerance)


def test_white_is_zero_is_turned_for_16_bits_too(tmp_path):
    grey = RNG.integers(0, 65536, (6, 5), dtype=np.uint16)
    path = tags_set(tmp_path, 65535 - grey, (tiff.Tag.PHOTOMETRIC, tiff.SHORT, 0))
    np.testing.assert_array_equal(io.read_raw(path).pixels, grey)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_deep_tiff_comes_upright(tmp_path, orientation, dtype):
    pixels = COLOUR.astype(dtype)
    path = tags_set(tmp_path, pixels[..., ::-1], (tiff.Tag.ORIENTATION, tiff.SHORT, orientation))
    np.testing.assert_array_equal(io.read_raw(path).pixels, UNDO[orientation](pixels))
    assert io.read_size(path) == UNDO[orientation](pixels).shape[:2]
