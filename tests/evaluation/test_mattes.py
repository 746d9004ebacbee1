"""What becomes of files that are not 8-bit grey."""

import numpy as np
import pytest

from mattekit.errors import InputError
from mattekit.evaluation.scoring import read_matte, read_region
from mattekit.imaging.io import write_raw


def test_all_16_bit_values_are_rounded_to_the_nearest(tmp_path):
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    write_raw(tmp_path / "a.png", values)
    matte, notes = read_matte(tmp_path / "a.png")
    np.testing.assert_array_equal(matte, np.rint(values / 257))
    assert notes == ["16-bit values are rounded to 8 bits"]


def test_8_bit_grey_is_taken_as_it_is(tmp_path):
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    write_raw(tmp_path / "a.png", values)
    matte, notes = read_matte(tmp_path / "a.png")
    np.testing.assert_array_equal(matte, values)
    assert notes == []


def test_floats_are_rounded_and_those_far_from_0_to_1_refused(tmp_path):
    write_raw(tmp_path / "a.tif", np.array([[0, 0.4999 / 255, 0.5001 / 255, 1]], np.float32))
    assert read_matte(tmp_path / "a.tif")[0].tolist() == [[0, 0, 1, 255]]
    write_raw(tmp_path / "b.tif", np.array([[0, 255]], np.float32))
    with pytest.raises(InputError, match=r"0\.\.255, wanted 0\.\.1"):
        read_matte(tmp_path / "b.tif")


def test_grey_with_compression_noise_passes_and_a_colour_picture_does_not(tmp_path):
    grey = np.repeat(np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6, 1), 3, axis=2)
    grey[..., 1] += 8
    write_raw(tmp_path / "a.png", grey)
    np.testing.assert_array_equal(read_matte(tmp_path / "a.png")[0], grey[..., 0])
    grey[0, 0, 2] = 200
    write_raw(tmp_path / "a.png", grey)
    with pytest.raises(InputError, match="a colour picture, wanted a grey matte"):
        read_matte(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("region", "unknown_value", "wanted"),
    [
        ("unknown", "128", [0, 0, 0, 1, 0, 0, 0]),
        ("unknown", "any", [0, 1, 1, 1, 1, 1, 0]),
        ("foreground", "128", [0, 0, 0, 0, 0, 0, 1]),
        ("background", "128", [1, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_only_128_is_unknown_unless_any_value_is(tmp_path, region, unknown_value, wanted):
    write_raw(tmp_path / "t.png", np.array([[0, 1, 127, 128, 129, 254, 255]], np.uint8))
    mask, notes = read_region(tmp_path / "t.png", region, unknown_value)
    assert mask.tolist() == [[bool(value) for value in wanted]]
    assert len(notes) == 1 and ("count as unknown" in notes[0]) == (unknown_value == "any")
