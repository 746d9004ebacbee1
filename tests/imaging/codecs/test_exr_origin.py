"""Windows, attributes and compression of an EXR go to what is made from it, and all its kinds are read."""

import io as memory
import struct

import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.errors import InputError, MattekitError
from mattekit.imaging import io, overscan
from mattekit.imaging.codecs import exr_attributes
from mattekit.imaging.codecs.exr_attributes import Attribute
from mattekit.imaging.codecs.exr_origin import Box, Origin
from mattekit.imaging.picture import Raw

OpenEXR = pytest.importorskip("OpenEXR")
RNG = np.random.default_rng(7)
DATA, SHOWN = (-6, -4, 45, 35), (0, 0, 39, 31)  # left, top, right, bottom: 52x40 of data, 40x32 displayed
LIGHT = RNG.random((40, 52, 3), dtype=np.float32) * 3
CHROMATICITIES = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
MORE = [
    Attribute(b"framesPerSecond", b"rational", struct.pack("<iI", 24000, 1001)),  # which the package does not write
    Attribute(b"com.example.an/attribute.of.a.long.name", b"opaque.kind", bytes(range(7))),
]


def window(left, top, right, bottom):
    return np.array([left, top], np.int32), np.array([right, bottom], np.int32)


def plate(path, light=LIGHT, dtype=np.float32, data=DATA, shown=SHOWN, compression="PIZ", more=MORE, **header):
    """Write a plate with overscan and attributes."""
    header |= {"dataWindow": window(*data), "displayWindow": window(*shown), "type": OpenEXR.scanlineimage}
    header |= {"compression": getattr(OpenEXR, f"{compression}_COMPRESSION"), "chromaticities": CHROMATICITIES}
    header |= {"owner": "the studio", "keyCode": OpenEXR.KeyCode(1, 2, 3, 4, 5, 4, 64), "pixelAspectRatio": 2.0}
    planes = {letter: np.ascontiguousarray(light[..., k], dtype) for k, letter in enumerate("RGB")}
    stream = memory.BytesIO()
    OpenEXR.File(header, planes).write(stream)
    path.write_bytes(exr_attributes.replace(stream.getvalue(), [more]))
    return path


def trimap(size):
    pixels = np.full(size, 128, np.uint8)
    pixels[:10], pixels[-10:] = 0, 255
    return pixels


def header_of(path):
    return OpenEXR.File(str(path), separate_channels=True).parts[0].header


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize("size", [(32, 40), (40, 52)], ids=["display", "all"])
def test_overscan_attributes_and_compression_are_those_of_the_plate(tmp_path, size, oiiotool):
    plate(tmp_path / "p.exr")
    io.write_raw(tmp_path / "t.png", trimap(size))
    run("predict", tmp_path / "p.exr", tmp_path / "t.png", "--save", "alpha,cutout,foreground", "-m", "shared")
    source = header_of(tmp_path / "p.exr")
    for kind in ("alpha", "cutout", "foreground"):
        made = header_of(tmp_path / f"p_{kind}.exr")
        for name, value in source.items():
            if name not in ("channels", "name", "chunkCount"):
                np.testing.assert_equal(made[name], value, err_msg=f"{kind} {name}")
        attributes = exr_attributes.read((tmp_path / f"p_{kind}.exr").read_bytes())[0]
        assert set(MORE) <= set(attributes)
        told = oiiotool("--info", "-v", tmp_path / f"p_{kind}.exr")
        assert "full/display size: 40 x 32" in told and "pixel data origin: x=-6, y=-4" in told
        assert "24000/1001" in told and "the studio" in told and "piz" in told


def test_known_pixels_of_the_overscan_keep_their_values(tmp_path):
    plate(tmp_path / "p.exr")
    io.write_raw(tmp_path / "t.png", trimap((32, 40)))
    run("predict", tmp_path / "p.exr", tmp_path / "t.png", "--save", "cutout", "-m", "shared")
    planes = OpenEXR.File(str(tmp_path / "p_cutout.exr"), separate_channels=True).parts[0].channels
    assert planes["A"].pixels.shape == (40, 52)
    known = planes["A"].pixels == 1
    assert known[26:].all() and (planes["A"].pixels[:14] == 0).all()  # the edge of the trimap goes on
    for k, letter in enumerate("RGB"):
        np.testing.assert_array_equal(planes[letter].pixels[known], LIGHT[..., k][known])


def test_a_cropped_plate_is_cropped_again_where_nothing_lies_outside(tmp_path):
    inner = (5, 6, 24, 25)
    plate(tmp_path / "p.exr", LIGHT[:20, :20], data=inner)
    levels = np.zeros((32, 40), np.uint8)
    levels[8:24, 8:22], levels[12:20, 12:18] = 128, 255
    io.write_raw(tmp_path / "t.png", levels)
    run("predict", tmp_path / "p.exr", tmp_path / "t.png", "-m", "shared")
    np.testing.assert_equal(header_of(tmp_path / "p_alpha.exr")["dataWindow"], window(*inner))
    assert io.read_alpha(tmp_path / "p_alpha.exr").pixels.shape == (32, 40)
    levels[:3] = 255
    io.write_raw(tmp_path / "t.png", levels)
    run("predict", tmp_path / "p.exr", tmp_path / "t.png", "-m", "shared")
    np.testing.assert_equal(header_of(tmp_path / "p_alpha.exr")["dataWindow"], window(*SHOWN))


def test_foreground_and_key_keep_the_overscan(tmp_path):
    screen = np.full((40, 52, 3), [0.02, 0.5, 0.05], np.float32) + 0.004 * RNG.standard_normal((40, 52, 3))
    screen[14:30, 20:36] = [0.6, 0.3, 0.2]
    plate(tmp_path / "p.exr", screen.astype(np.float32))
    run("key", tmp_path / "p.exr", "--screen", "green", "--save", "alpha,cutout")
    io.write_image(tmp_path / "garbage.png", np.zeros((32, 40), np.float32))
    run("key", tmp_path / "p.exr", "--garbage", tmp_path / "garbage.png", "-o", tmp_path / "again.exr")
    run("foreground", tmp_path / "p.exr", tmp_path / "p_alpha.exr")
    for name in ("p_alpha", "p_cutout", "again", "p_foreground"):
        np.testing.assert_equal(header_of(tmp_path / f"{name}.exr")["dataWindow"], window(*DATA))


def test_without_overscan_a_picture_is_what_is_displayed(tmp_path):
    """Readers that make nothing of the file, such as scores, see the display window."""
    plate(tmp_path / "p.exr")
    np.testing.assert_array_equal(io.read_raw(tmp_path / "p.exr").pixels, LIGHT[4:36, 6:46])
    assert io.read_size(tmp_path / "p.exr") == (32, 40)


@pytest.mark.parametrize(("compression", "kept"), [("ZIPS", "ZIPS"), ("NO", "NO"), ("DWAA", "ZIP"), ("B44", "ZIP")])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_compression_with_loss_becomes_one_without(tmp_path, compression, kept, dtype):
    plate(tmp_path / "p.exr", dtype=dtype, compression=compression)
    picture = io.read_plate(tmp_path / "p.exr")
    depth = "16" if dtype == np.float16 else "float"
    io.write_image(tmp_path / "q.exr", picture.light, depth=depth, light=True, origin=picture.origin)
    assert header_of(tmp_path / "q.exr")["compression"].name == f"{kept}_COMPRESSION"
    np.testing.assert_array_equal(io.read_plate(tmp_path / "q.exr").light, picture.light)


def test_a_picture_of_another_size_has_windows_of_its_own(tmp_path):
    origin = Origin(Box(0, 0, 5, 5), Box(0, 0, 5, 5), "PIZ", tuple(MORE))
    io.write_image(tmp_path / "x.exr", LIGHT, light=True, origin=origin)
    assert header_of(tmp_path / "x.exr")["compression"].name == "ZIP_COMPRESSION"
    assert io.read_raw(tmp_path / "x.exr").pixels.shape == (40, 52, 3)


def test_a_plate_with_alpha_is_read_as_stored(tmp_path):
    """Its colours are those before black, which is what the matting equation is about."""
    planes = {letter: np.ascontiguousarray(LIGHT[..., k]) for k, letter in enumerate("RGB")}
    planes["A"] = RNG.random((40, 52), dtype=np.float32)
    OpenEXR.File({"type": OpenEXR.scanlineimage}, planes).write(str(tmp_path / "x.exr"))
    np.testing.assert_array_equal(io.read_plate(tmp_path / "x.exr").light, LIGHT)
    assert np.abs(io.read_image(tmp_path / "x.exr").light - LIGHT).max() > 0.1


@pytest.mark.parametrize("kind", ["tiled", "mip-mapped", "two parts"])
@pytest.mark.parametrize("dtype", ["half", "float"])
def test_files_of_another_program_are_read(tmp_path, oiiotool, kind, dtype):
    io.write_image(tmp_path / "x.exr", LIGHT, light=True, depth="float")
    tiles = ["--tile", 16, 16] if kind != "two parts" else []
    second = [tmp_path / "x.exr", "--mulc", 0.5, "--siappend"] if kind == "two parts" else []
    out = "-otex" if kind == "mip-mapped" else "-o"
    oiiotool(tmp_path / "x.exr", *second, "-d", dtype, *tiles, out, tmp_path / "y.exr")
    expected = LIGHT.astype(np.float16).astype(np.float32) if dtype == "half" else LIGHT
    if kind == "two parts":
        with pytest.raises(InputError, match="layers"):
            io.read_plate(tmp_path / "y.exr")
        names = [part.name() for part in OpenEXR.File(str(tmp_path / "y.exr"), separate_channels=True).parts]
        np.testing.assert_array_equal(io.read_plate(tmp_path / "y.exr", layer=names[0]).light, expected)
    else:
        np.testing.assert_array_equal(io.read_plate(tmp_path / "y.exr").light, expected)


def test_attributes_of_several_parts_are_put_in_place():
    plane = np.ascontiguousarray(LIGHT[..., 0])
    parts = [OpenEXR.Part({"type": OpenEXR.scanlineimage}, {"R": plane}, name) for name in ("one", "two")]
    stream = memory.BytesIO()
    OpenEXR.File(parts).write(stream)
    data = exr_attributes.replace(stream.getvalue(), [MORE, MORE[:1]])
    assert [set(MORE) & set(own) for own in exr_attributes.read(data)] == [set(MORE), set(MORE[:1])]
    for part in OpenEXR.File(memory.BytesIO(data), separate_channels=True).parts:
        np.testing.assert_array_equal(part.channels["R"].pixels, plane)


def test_windows_far_apart_are_no_picture_of_terabytes(tmp_path):
    plate(tmp_path / "p.exr", data=(2_000_000, 2_000_000, 2_000_051, 2_000_039))
    with pytest.raises(InputError, match=r"p.exr: \d+x\d+ is .* megapixels, wanted at most 256") as caught:
        io.read_plate(tmp_path / "p.exr")
    assert caught.value.remedy == "max-pixels"


def test_damaged_plates_are_one_line_or_pixels(tmp_path):
    data, outcomes = plate(tmp_path / "p.exr").read_bytes(), set()
    for seed in range(80):
        rng = np.random.default_rng(seed)
        changed = bytearray(data)
        for at in rng.integers(0, [900, 900, len(data)]):
            changed[at] = rng.integers(256)
        (tmp_path / "x.exr").write_bytes(changed[: rng.integers(len(data))] if seed % 4 == 0 else changed)
        try:
            io.read_plate(tmp_path / "x.exr", max_megapixels=1)
            outcomes.add("read")
        except MattekitError as error:
            outcomes.add("refused")
            assert str(error).startswith(f"{tmp_path}/x.exr: ") and "\n" not in str(error)
    assert outcomes == {"read", "refused"}


def test_boxes_and_points_are_of_the_display_window(tmp_path):
    """The same box on a plate with overscan and on the same plate without."""
    light = np.full((40, 52, 3), 0.05, np.float32) + np.float32(0.01) * RNG.standard_normal((40, 52, 3)).astype("f4")
    light[14:30, 20:36] = [0.8, 0.3, 0.1]
    plate(tmp_path / "p.exr", light)
    io.write_image(tmp_path / "q.exr", light[4:36, 6:46], light=True, depth="float")
    for name in "pq":
        run("predict", tmp_path / f"{name}.exr", "--box", "12,8,20,20", "-m", "shared", "-o", tmp_path / f"{name}a.exr")
    shown, plain = (io.read_alpha(tmp_path / f"{name}a.exr").pixels for name in "pq")
    assert (plain[12:24, 16:28] == 1).all() and np.abs(shown - plain).mean() < 0.02
    options = {"points": ((3, 4, True), (0, 0, False)), "band": "auto"}
    origin = Origin(Box(-2, -1, 9, 9), Box(0, 0, 8, 8))
    assert overscan.shifted_to_canvas(options, origin) == {"points": ((4, 6, True), (1, 2, False)), "band": "auto"}
    assert overscan.shifted_to_canvas(options, None) == options


def test_a_guide_with_windows_of_its_own_is_laid_where_they_say():
    """An EXR trimap whose data window is another one is cut and continued."""
    origin = Origin(Box(-1, -2, 5, 6), Box(0, 0, 4, 4))
    own = Origin(Box(0, 0, 4, 5), Box(0, 0, 4, 4))
    pixels = np.arange(20, dtype=np.float32).reshape(4, 5)
    laid = overscan.on_canvas("t.exr", Raw(pixels, None, ".exr", origin=own), origin)
    np.testing.assert_array_equal(laid, np.pad(pixels, ((1, 1), (2, 1)), mode="edge"))
    assert overscan.on_canvas("t.exr", Raw(pixels, None, ".exr", origin=own), None) is pixels
