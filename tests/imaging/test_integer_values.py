import numpy as np
import pytest

from mattekit.imaging import io
from mattekit.imaging.integer_compositing import opacity_of, read_integers


def write(path, pixels):
    io.write_raw(path, pixels)
    return path


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_come_as_the_numbers_in_the_file(tmp_path, channels, dtype):
    pixels = np.random.default_rng(0).integers(0, 255, (6, 7, *channels), dtype)
    found = read_integers(write(tmp_path / "a.png", pixels))
    wanted = pixels[..., :3] if channels else np.dstack([pixels] * 3)
    assert found.dtype == dtype and np.array_equal(found, wanted)


def test_depths_convert_both_ways_to_the_nearest_level(tmp_path):
    fine = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    eight = read_integers(write(tmp_path / "a.png", fine), np.dtype(np.uint8))[..., 0]
    assert np.array_equal(eight, np.rint(fine / 257))
    sixteen = read_integers(write(tmp_path / "b.png", eight), np.dtype(np.uint16))[..., 0]
    assert np.array_equal(sixteen // 257, eight) and (sixteen % 257 == 0).all()


def test_floats_become_sixteen_bits(tmp_path):
    pixels = np.random.default_rng(0).random((6, 7, 3), np.float32)
    found = read_integers(write(tmp_path / "a.tif", pixels))
    assert found.dtype == np.uint16 and np.abs(found / 65535 - pixels).max() <= 0.51 / 65535


@pytest.mark.parametrize(("depth", "dtype"), [("8", np.uint8), ("16", np.uint16)])
def test_opacity_is_level_by_full_scale_in_double_precision(tmp_path, depth, dtype):
    full = np.iinfo(dtype).max
    levels = np.arange(full + 1, dtype=dtype).reshape(16, -1)
    picture = io.read_alpha(write(tmp_path / "a.png", levels))
    assert picture.depth == depth
    assert np.array_equal(opacity_of(picture.pixels, picture.depth), levels / full)
