"""Files that cannot be read: one line with the file, what was found, what was wanted and what to do."""

import io as memory
import os
import sys
import warnings
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from mattekit.errors import InputError, MissingFileError
from mattekit.imaging import io

ROWS, COLUMNS = np.mgrid[:80, :100]
PICTURE = (
    np.dstack([ROWS * 3, COLUMNS * 2, ROWS + COLUMNS]) + np.random.default_rng(0).integers(0, 5, (80, 100, 3))
).astype(np.uint8)


def encoded(suffix, pixels=PICTURE, *options):
    return cv2.imencode(suffix, pixels, options)[1].tobytes()


def with_thumbnail():
    """A JPEG whose EXIF holds a smaller whole JPEG, as cameras write them."""
    data = encoded(".jpg")
    body = b"Exif\0\0" + encoded(".jpg", PICTURE[::4, ::4])
    return data[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body + data[2:]


KINDS = {
    "png": (".png", encoded(".png")),
    "png16": (".png", encoded(".png", PICTURE.astype(np.uint16) * 99)),
    "jpeg": (".jpg", encoded(".jpg")),
    "jpeg with thumbnail": (".jpg", with_thumbnail()),
    "progressive jpeg": (".jpg", encoded(".jpg", PICTURE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
    "tiff": (".tif", encoded(".tif")),
    "tiff16": (".tif", encoded(".tif", PICTURE.astype(np.uint16) * 99)),
    "tiff float": (".tif", encoded(".tif", PICTURE.astype(np.float32))),
    "webp": (".webp", encoded(".webp", PICTURE, cv2.IMWRITE_WEBP_QUALITY, 80)),
    "lossless webp": (".webp", encoded(".webp")),
    "bmp": (".bmp", encoded(".bmp")),
}


@pytest.mark.parametrize("cut", [0.1, 0.3, 0.7, 0.99, -1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_file_is_refused(tmp_path, kind, cut, capfd):
    suffix, data = KINDS[kind]
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    io.read_raw(path)
    path.write_bytes(data[: int(len(data) * cut)] if cut > 0 else data[:cut])
    with pytest.raises(InputError) as caught:
        io.read_raw(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "truncated" in message and "again" in message and "\n" not in message
    assert capfd.readouterr() == ("", "")


def test_a_tiff_whose_directory_comes_first_is_refused_when_truncated(tmp_path):
    memory_file = memory.BytesIO()
    Image.fromarray(PICTURE).save(memory_file, "TIFF")
    (tmp_path / "x.tif").write_bytes(memory_file.getvalue()[:-100])
    with pytest.raises(InputError, match="truncated"):
        io.read_raw(tmp_path / "x.tif")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "an empty file, wanted an image"),
        (b"These are words.", "not an image"),
        (
            b"GIF89a" + bytes(20),
            "not an image, or of another format; wanted PNG JPEG TIFF WEBP BMP EXR DPX",
        ),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "the PNG file is truncated"),
        (b"\xff\xd8\xff\xd9" + bytes(40), "damaged or truncated JPEG"),
        (b"II*\0\x08\0\0\0\0\0" + bytes(40), "damaged or truncated TIFF"),
        (b"BM" + bytes(60), "damaged or truncated BMP"),
        (b"RIFF\x0c\0\0\0WEBPVP8 \0\0\0\0", "damaged or truncated WEBP"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path, content, text):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"x.png: {text}"):
        io.read_raw(path)


def test_missing_files_and_folders_are_told_apart(tmp_path):
    with pytest.raises(MissingFileError, match=r"nowhere.png: no such file. Check the path."):
        io.read_image(tmp_path / "nowhere.png")
    with pytest.raises(InputError, match="a folder, wanted a file"):
        io.read_image(tmp_path)


def test_a_file_without_permission_is_told(tmp_path, monkeypatch):
    def refuse(name, flags):
        raise PermissionError(13, os.strerror(13), str(name))

    (tmp_path / "x.png").write_bytes(encoded(".png"))
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match=r"x.png: cannot be read \(Permission denied\). Check the path and its perm"):
        io.read_image(tmp_path / "x.png")


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, kind, monkeypatch):
    suffix, data = KINDS[kind]
    (tmp_path / f"x{suffix}").write_bytes(data)
    monkeypatch.setattr(io.decode, "_pixels", None)
    text = r"100x80 is 0.008 megapixels, wanted at most 0.007. Make it smaller."
    with pytest.raises(InputError, match=text):
        io.read_image(tmp_path / f"x{suffix}", max_megapixels=0.007)


@pytest.mark.parametrize("kind", KINDS)
def test_pillows_own_limit_stays_silent(tmp_path, kind, monkeypatch):
    suffix, data = KINDS[kind]
    (tmp_path / f"x{suffix}").write_bytes(data)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert io.read_raw(tmp_path / f"x{suffix}").pixels.shape == PICTURE.shape


def test_a_profile_that_libpng_dislikes_says_nothing(tmp_path, capfd):
    profile = (200).to_bytes(4) + bytes(12) + b"RGB XYZ " + bytes(176)
    Image.fromarray(PICTURE[..., 0]).save(tmp_path / "x.png", icc_profile=profile)
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.png").pixels, PICTURE[..., 0])
    assert capfd.readouterr() == ("", "")


def test_rare_tiff_is_refused_in_words_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)
    (tmp_path / "x.tif").write_bytes(encoded(".tif", PICTURE[..., 0].astype(np.int16)))
    text = r"x.tif: a TIFF of 16-bit signed samples, wanted .* Convert it, or pip install \"mattekit\[vfx\]\"\."
    with pytest.raises(InputError, match=text):
        io.read_raw(tmp_path / "x.tif")


def test_standard_input_is_named(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=memory.BytesIO(b"words")))
    with pytest.raises(InputError, match="^standard input: not an image"):
        io.read_image(io.STANDARD)


def test_sizes_that_differ_are_told_with_both():
    io.require_same_size("a", (4, 5, 3), "b", (4, 5))
    text = r"cat_trimap.png: 600x800, but cat.png is 1200x1600. Resize .* nearest neighbour\), or check the pairing."
    with pytest.raises(InputError, match=text):
        io.require_same_size("cat_trimap.png", (800, 600), "cat.png", (1600, 1200, 3))
