"""Layers and parts of EXR files."""

import numpy as np
import pytest

from mattekit.errors import InputError
from mattekit.imaging import io
from mattekit.imaging.codecs.exr_layers import choose, layers

OpenEXR = pytest.importorskip("OpenEXR")
RNG = np.random.default_rng(4)
BEAUTY, SPECULAR = (RNG.random((6, 8, 3), dtype=np.float32) for _ in range(2))
DEPTH = RNG.random((6, 8), dtype=np.float32)


def planes(picture, prefix=""):
    return {f"{prefix}{c}": np.ascontiguousarray(picture[..., i]) for i, c in enumerate("RGB")}


def write_layered(path, channels):
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(str(path))


def write_parts(path, **parts):
    made = [
        OpenEXR.Part({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, channels, name)
        for name, channels in parts.items()
    ]
    OpenEXR.File(made).write(str(path))


def test_layers_are_found_by_the_names_of_channels():
    lights = ["light.key.r", "light.key.g", "light.key.b"]
    parts = [("", ["A", "B", "G", "R", "beauty.R", "beauty.G", "beauty.B", *lights, "depth.Z"])]
    assert [layer.name for layer in layers(parts)] == ["", "beauty", "light.key"]
    assert choose("x", parts).name == ""
    assert choose("x", parts, "Light.Key").channels["G"] == "light.key.g"


def test_plain_channels_come_first_and_others_by_name(tmp_path):
    write_layered(tmp_path / "x.exr", {**planes(BEAUTY), **planes(SPECULAR, "specular."), "Z": DEPTH})
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.exr").pixels, BEAUTY)
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.exr", layer="specular").pixels, SPECULAR)


def test_the_only_layer_with_colours_is_the_obvious_one(tmp_path):
    write_layered(tmp_path / "x.exr", {**planes(BEAUTY, "beauty."), "mask.A": DEPTH})
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.exr").pixels, BEAUTY)
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.exr", layer="mask").pixels, DEPTH)


def test_several_are_listed(tmp_path):
    write_layered(tmp_path / "x.exr", {**planes(BEAUTY, "beauty."), **planes(SPECULAR, "specular.")})
    with pytest.raises(InputError, match="x.exr: layers beauty, specular, and none is the obvious one") as caught:
        io.read_image(tmp_path / "x.exr")
    assert caught.value.remedy == "layer"
    with pytest.raises(InputError, match="no layer 'diffuse' with R G B, Y or A, but layers beauty, specular"):
        io.read_image(tmp_path / "x.exr", layer="diffuse")


def test_parts_are_layers(tmp_path):
    write_parts(tmp_path / "x.exr", depth={"Z": DEPTH}, beauty=planes(BEAUTY), matte={"Y": DEPTH})
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.exr").pixels, BEAUTY)
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.exr", layer="matte").pixels, DEPTH)


def test_half_floats_of_a_layer_are_known_as_such(tmp_path):
    half = {name: plane.astype(np.float16) for name, plane in planes(BEAUTY, "beauty.").items()}
    write_layered(tmp_path / "x.exr", {**half, "Z": DEPTH})
    assert io.read_raw(tmp_path / "x.exr").depth == "16"
