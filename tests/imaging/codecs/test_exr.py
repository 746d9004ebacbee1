"""EXR: linear light in the file, sRGB values inside, premultiplied where there is alpha."""

import io as memory
import sys

import numpy as np
import pytest

from mattekit.errors import InputError, MissingExtraError
from mattekit.imaging import io
from mattekit.imaging.codecs import exr

OpenEXR = pytest.importorskip("OpenEXR")
RNG = np.random.default_rng(2)
PICTURE = RNG.random((6, 8, 3), dtype=np.float32)
ALPHA = RNG.random((6, 8), dtype=np.float32)


def planes_of(path):
    with OpenEXR.File(str(path), separate_channels=True) as file:
        return {name: channel.pixels.copy() for name, channel in file.channels().items()}


def write(path, planes, **header):
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}
    OpenEXR.File(header, planes).write(str(path))


def test_the_transfer_curve_is_that_of_srgb():
    """Values of IEC 61966-2-1: the joint of the two parts, mid grey, and 1 at 1."""
    encoded = exr.encode_srgb(np.array([0, 0.0031308, 0.2140411, 1], np.float32))
    np.testing.assert_allclose(encoded, [0, 0.04045, 0.5, 1], atol=2e-6)


def test_the_curve_goes_on_beyond_0_and_1():
    linear = np.linspace(-2, 60, 5001, dtype=np.float32)
    encoded = exr.encode_srgb(linear)
    assert (np.diff(encoded) > 0).all() and encoded[0] < 0 and encoded[-1] > 5
    np.testing.assert_allclose(exr.decode_srgb(encoded), linear, rtol=2e-6, atol=1e-6)


def test_an_image_is_linear_in_the_file(tmp_path):
    io.write_image(tmp_path / "x.exr", PICTURE * 2, depth="float")
    planes = planes_of(tmp_path / "x.exr")
    assert sorted(planes) == ["B", "G", "R"] and planes["R"].dtype == np.float32
    encoded = PICTURE.astype(np.float64)[..., 0] * 2
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(planes["R"], linear, rtol=1e-5)
    picture = io.read_image(tmp_path / "x.exr")
    np.testing.assert_allclose(picture.pixels, PICTURE * 2, rtol=1e-5)
    assert (picture.depth, picture.suffix) == ("float", ".exr")


@pytest.mark.parametrize("depth", ["8", "16"])
def test_integer_depths_become_half_floats(tmp_path, depth):
    io.write_image(tmp_path / "x.exr", PICTURE, depth=depth)
    assert planes_of(tmp_path / "x.exr")["G"].dtype == np.float16
    picture = io.read_image(tmp_path / "x.exr")
    assert picture.depth == "16"
    np.testing.assert_allclose(picture.pixels, PICTURE, atol=1e-3)


def test_half_floats_never_become_infinite(tmp_path):
    io.write_image(tmp_path / "x.exr", np.full((2, 2, 3), 1e4, np.float32), depth="16")
    assert np.isfinite(io.read_image(tmp_path / "x.exr").pixels).all()


def test_a_cutout_is_premultiplied_in_the_file_and_straight_inside(tmp_path):
    cutout = np.dstack([PICTURE, ALPHA])
    cutout[0, :, 3] = 0
    io.write_image(tmp_path / "x.exr", cutout, depth="float")
    planes = planes_of(tmp_path / "x.exr")
    np.testing.assert_allclose(planes["G"], exr.decode_srgb(PICTURE[..., 1]) * cutout[..., 3], rtol=1e-6)
    np.testing.assert_array_equal(planes["A"], cutout[..., 3])
    raw = io.read_raw(tmp_path / "x.exr").pixels
    np.testing.assert_allclose(exr.encode_srgb(raw[1:, :, :3]), cutout[1:, :, :3], rtol=1e-4)
    np.testing.assert_array_equal(raw[..., 3], cutout[..., 3])
    np.testing.assert_array_equal(io.read_alpha(tmp_path / "x.exr").pixels, cutout[..., 3])


def test_no_curve_touches_an_alpha(tmp_path):
    io.write_image(tmp_path / "x.exr", ALPHA, depth="float")
    np.testing.assert_array_equal(planes_of(tmp_path / "x.exr")["Y"], ALPHA)
    np.testing.assert_array_equal(io.read_alpha(tmp_path / "x.exr").pixels, ALPHA)


@pytest.mark.parametrize("name", ["Y", "A"])
def test_an_alpha_is_read_from_either_channel(tmp_path, name):
    write(tmp_path / "x.exr", {name: ALPHA})
    np.testing.assert_array_equal(io.read_alpha(tmp_path / "x.exr").pixels, ALPHA)


def test_a_trimap_of_half_floats_is_read(tmp_path):
    levels = np.array([[0, 0.5, 1]], np.float16)
    write(tmp_path / "x.exr", {"Y": levels})
    np.testing.assert_array_equal(io.read_trimap(tmp_path / "x.exr"), levels)


def test_further_channels_are_left_alone(tmp_path):
    depth = RNG.random((6, 8), dtype=np.float32)
    planes = {name: np.ascontiguousarray(PICTURE[..., i]) for i, name in enumerate("RGB")}
    write(tmp_path / "x.exr", {**planes, "Z": depth})
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.exr").pixels, PICTURE)


def test_the_display_window_is_the_picture(tmp_path):
    """Data beyond the display window is cut, what is missing is black."""
    window = lambda *corners: (np.array(corners[:2], np.int32), np.array(corners[2:], np.int32))  # noqa: E731
    write(tmp_path / "x.exr", {"Y": ALPHA}, dataWindow=window(-2, 1, 5, 6), displayWindow=window(0, 0, 9, 4))
    expected = np.zeros((5, 10), np.float32)
    expected[1:5, :6] = ALPHA[:4, 2:]
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.exr").pixels, expected)
    assert io.read_size(tmp_path / "x.exr") == (5, 10)


def test_other_channels_are_refused(tmp_path):
    write(tmp_path / "x.exr", {"Z": ALPHA})
    with pytest.raises(InputError, match=r"x.exr: channels Z, wanted R G B, R G B A, Y or A. Rename or convert them."):
        io.read_image(tmp_path / "x.exr")


@pytest.mark.parametrize("kept", [8, 100, -10])
def test_a_truncated_exr_is_refused_and_stdout_stays_clean(tmp_path, kept, capfd):
    io.write_image(tmp_path / "x.exr", PICTURE)
    (tmp_path / "x.exr").write_bytes((tmp_path / "x.exr").read_bytes()[:kept])
    with pytest.raises(InputError, match="x.exr: damaged or truncated EXR data"):
        io.read_image(tmp_path / "x.exr")
    assert capfd.readouterr().out == ""


def test_a_bomb_is_refused(tmp_path):
    io.write_image(tmp_path / "x.exr", PICTURE)
    with pytest.raises(InputError, match="8x6 is 4.8e-05 megapixels, wanted at most 1e-05"):
        io.read_image(tmp_path / "x.exr", max_megapixels=1e-5)


def test_exr_goes_through_pipes(tmp_path, monkeypatch):
    stream = memory.BytesIO()
    monkeypatch.setattr(sys, "stdout", type("Out", (), {"buffer": stream}))
    io.write_image(io.STANDARD, PICTURE, depth="float", suffix=".exr")
    monkeypatch.setattr(sys, "stdin", type("In", (), {"buffer": memory.BytesIO(stream.getvalue())}))
    np.testing.assert_allclose(io.read_image(io.STANDARD).pixels, PICTURE, rtol=1e-5)


def test_integers_are_not_written_as_light(tmp_path):
    with pytest.raises(InputError, match="uint8 pixels, wanted float32"):
        io.write_raw(tmp_path / "x.exr", np.zeros((2, 2), np.uint8))


@pytest.mark.parametrize("reading", [True, False])
def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch, reading):
    io.write_image(tmp_path / "x.exr", PICTURE)
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    text = r'x.exr: EXR needs another package: pip install "mattekit\[exr\]"'
    with pytest.raises(MissingExtraError, match=text):
        io.read_image(tmp_path / "x.exr") if reading else io.write_image(tmp_path / "x.exr", PICTURE)
