"""Outputs keep the depth of their source wherever the format allows."""

import cv2
import numpy as np
import pytest

from mattekit.imaging.codecs.encode import output_depth, output_suffix


@pytest.mark.parametrize(
    ("wanted", "source", "suffix", "depth"),
    [
        ("auto", "16", ".png", "16"),
        ("auto", "float", ".png", "16"),
        ("auto", "16", ".jpg", "8"),
        ("auto", "float", ".tif", "float"),
        ("8", "float", ".tif", "8"),
    ],
)
def test_the_depth_is_the_sources_or_the_nearest_the_format_holds(wanted, source, suffix, depth):
    assert output_depth(wanted, source, suffix) == depth


@pytest.mark.parametrize(("dtype", "suffix"), [(np.uint8, ".png"), (np.uint16, ".png"), (np.float32, ".tif")])
def test_an_unnamed_output_is_a_png_unless_that_loses_floats(tmp_path, dtype, suffix):
    cv2.imwrite(str(tmp_path / "a.tif"), np.ones((4, 5, 3), dtype))
    assert output_suffix("auto", tmp_path / "a.tif") == suffix
    assert output_suffix("8", tmp_path / "a.tif") == ".png"


def test_a_damaged_tiff_is_left_for_reading_to_report(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\0junk")
    assert output_suffix("auto", tmp_path / "a.tif") == output_suffix("auto", tmp_path / "none.tif") == ".png"


def test_exr_stays_exr():
    from pathlib import Path

    assert output_suffix("auto", Path("plate.exr")) == ".exr"
    assert output_suffix("8", Path("plate.exr")) == ".png"
