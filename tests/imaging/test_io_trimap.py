"""The three levels of a trimap from every kind of file."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mattekit.errors import InputError
from mattekit.imaging import io

LEVELS = np.repeat([[0, 0, 128, 128, 255, 255]], 4, axis=0).astype(np.uint8)
EXPECTED = (LEVELS / 255).round(1).astype(np.float32)


def written(tmp_path, pixels, name="t.png"):
    cv2.imwrite(str(tmp_path / name), pixels)
    return tmp_path / name


def test_every_grey_between_the_ends_is_unknown(tmp_path):
    grey = np.arange(256, dtype=np.uint8)[None]
    trimap = io.read_trimap(written(tmp_path, grey))
    assert trimap.dtype == np.float32
    np.testing.assert_array_equal(trimap, [[0] + [0.5] * 254 + [1]])


@pytest.mark.parametrize(
    ("pixels", "name"),
    [
        (LEVELS, "t.png"),
        (np.dstack([LEVELS] * 3), "t.png"),
        (LEVELS.astype(np.uint16) * 257, "t.png"),
        (LEVELS.astype(np.uint16) * 257, "t.tif"),
        ((LEVELS / 255).astype(np.float32), "t.tif"),
        (np.dstack([LEVELS] * 3 + [255 - LEVELS]), "t.png"),
        (LEVELS, "t.bmp"),
    ],
    ids=["grey", "colour", "16", "16 tiff", "float", "alpha is not looked at", "bmp"],
)
def test_levels_come_from_every_depth(tmp_path, pixels, name):
    np.testing.assert_array_equal(io.read_trimap(written(tmp_path, pixels, name)), EXPECTED)


def test_levels_come_from_palette_and_1_bit_files(tmp_path):
    Image.fromarray(LEVELS).quantize(3).save(tmp_path / "p.png")
    np.testing.assert_array_equal(io.read_trimap(tmp_path / "p.png"), EXPECTED)
    Image.fromarray(LEVELS > 200).save(tmp_path / "b.png")
    np.testing.assert_array_equal(io.read_trimap(tmp_path / "b.png"), LEVELS > 200)


def test_almost_full_scale_of_16_bits_is_unknown(tmp_path):
    pixels = np.array([[0, 1, 65534, 65535]], np.uint16)
    np.testing.assert_array_equal(io.read_trimap(written(tmp_path, pixels)), [[0, 0.5, 0.5, 1]])


def test_a_colour_is_unknown(tmp_path):
    pixels = np.array([[[0, 0, 0], [255, 0, 0], [255, 255, 254], [255, 255, 255]]], np.uint8)
    np.testing.assert_array_equal(io.read_trimap(written(tmp_path, pixels)), [[0, 0.5, 0.5, 1]])


def test_jpeg_noise_is_snapped_with_a_note(tmp_path, caplog):
    sheet = np.full((64, 96), 128, np.uint8)
    sheet[:, :29], sheet[:, 70:] = 0, 255
    path = tmp_path / "t.jpg"
    cv2.imwrite(str(path), sheet, [cv2.IMWRITE_JPEG_QUALITY, 75])
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert len(np.unique(stored)) > 3
    trimap = io.read_trimap(path)
    np.testing.assert_array_equal(trimap, np.where(sheet == 128, 0.5, sheet / 255))
    changed = np.count_nonzero(~np.isin(stored, [0, 127, 128, 255]))
    assert f"{path}: {changed} pixels moved by lossy compression" in caplog.text


def test_values_near_the_ends_of_a_lossless_file_are_told(tmp_path, caplog):
    io.read_trimap(written(tmp_path, np.array([[0, 3, 128, 252, 255]], np.uint8)))
    assert "2 pixels are almost, not exactly, black or white and count as unknown." in caplog.text
    caplog.clear()
    io.read_trimap(written(tmp_path, LEVELS))
    assert not caplog.text


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ([0, 128], r"t.png: no foreground pixel \(1 background, 1 unknown, 0 foreground\). Mark some"),
        ([128, 255], r"t.png: no background pixel \(0 background, 1 unknown, 1 foreground\). Mark some"),
    ],
)
def test_a_missing_class_is_an_error_unless_allowed(tmp_path, row, text):
    path = written(tmp_path, np.array([row], np.uint8))
    with pytest.raises(InputError, match=text):
        io.read_trimap(path)
    assert io.read_trimap(path, require_classes=False).shape == (1, 2)


def test_no_unknown_pixel_is_no_error(tmp_path):
    np.testing.assert_array_equal(io.read_trimap(written(tmp_path, np.array([[0, 255]], np.uint8))), [[0, 1]])


@pytest.mark.parametrize("values", [[0, 128, 255], [-1, 0, 1], [0, np.nan, 1]])
def test_float_levels_outside_0_to_1_are_refused(tmp_path, values):
    with pytest.raises(InputError, match=r"t.tif: .*values .* wanted (0..1|numbers)"):
        io.read_trimap(written(tmp_path, np.array([values], np.float32), "t.tif"))
