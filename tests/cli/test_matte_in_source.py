"""The plate's own file with the matte as its A: everything else as it was, bit for bit."""

import io as memory
import struct

import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.formats import BY_SUFFIX, DEPTHS, with_alpha
from mattekit.imaging import io
from mattekit.imaging.codecs import exr_attributes
from mattekit.imaging.codecs.exr_attributes import Attribute

OpenEXR = pytest.importorskip("OpenEXR")
RNG = np.random.default_rng(11)
SIZE = (32, 40)
LIGHT = RNG.random((*SIZE, 3), dtype=np.float32) * 4 - 0.5
RATE = Attribute(b"framesPerSecond", b"rational", b"\x18\0\0\0\x01\0\0\0")


def invoke(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def run(*words):
    result = invoke(*words)
    assert result.exit_code == 0, result.stderr
    return result


def matting(image, trimap, out):
    return ["predict", image, trimap, "--save", "matte-in-source", "-m", "shared", "-o", out]


@pytest.fixture
def trimap(tmp_path):
    levels = np.full(SIZE, 128, np.uint8)
    levels[:10], levels[-10:] = 0, 255
    io.write_raw(tmp_path / "t.png", levels)
    return tmp_path / "t.png"


def window(left, top, right, bottom):
    return np.array([left, top], np.int32), np.array([right, bottom], np.int32)


def planes(light, dtype=np.float32, prefix=""):
    return {f"{prefix}{c}": np.ascontiguousarray(light[..., k], dtype) for k, c in enumerate("RGB")}


def write(path, parts, attributes=()):
    stream = memory.BytesIO()
    OpenEXR.File(parts).write(stream)
    path.write_bytes(exr_attributes.replace(stream.getvalue(), [list(attributes)] * len(parts)))


def channels(path):
    """Every channel of every part, with its type."""
    parts = OpenEXR.File(str(path), separate_channels=True).parts
    return {(n, name): c.pixels for n, part in enumerate(parts) for name, c in part.channels.items()}


def require_kept(source, made, added):
    before, after = channels(source), channels(made)
    assert set(after) - set(before) == ({added} if added else set())
    for key, pixels in before.items():
        if added or key[1] != "A":
            assert after[key].dtype == pixels.dtype
            np.testing.assert_array_equal(after[key], pixels)
    return after


@pytest.mark.parametrize("compression", ["PIZ", "ZIPS", "DWAA"])
def test_layers_types_windows_and_attributes_of_an_exr_stay(tmp_path, trimap, compression, oiiotool):
    more = {"Z": RNG.random(SIZE, dtype=np.float32), "id": np.arange(1280, dtype=np.uint32).reshape(SIZE)}
    header = {
        "type": OpenEXR.scanlineimage,
        "compression": getattr(OpenEXR, f"{compression}_COMPRESSION"),
        "dataWindow": window(10, 20, 49, 51),
        "displayWindow": window(10, 20, 49, 51),
        "comments": "take 3",
    }
    diffuse = planes(LIGHT * 0.1, np.float16, "diffuse.")
    write(tmp_path / "p.exr", [OpenEXR.Part(header, {**planes(LIGHT), **diffuse, **more}, "")], [RATE])
    run("predict", tmp_path / "p.exr", trimap, "--save", "alpha,matte-in-source", "-m", "shared")
    made = tmp_path / "p_matte-in-source.exr"
    after = require_kept(tmp_path / "p.exr", made, (0, "A"))
    np.testing.assert_array_equal(after[0, "A"], io.read_alpha(tmp_path / "p_alpha.exr").pixels)
    assert RATE in exr_attributes.read(made.read_bytes())[0]
    told = oiiotool("--info", "-v", made)
    assert "take 3" in told and "framesPerSecond" in told.replace("FramesPerSecond", "framesPerSecond")
    assert "origin: x=10, y=20" in told
    assert ("zip" if compression == "DWAA" else compression.lower()) in told


@pytest.mark.parametrize("order", ["DECREASING_Y", "RANDOM_Y"])
def test_lines_and_tiles_in_any_order_stay(tmp_path, trimap, order):
    tiles = {"type": OpenEXR.tiledimage, "tiles": OpenEXR.TileDescription()}
    kind = tiles if order == "RANDOM_Y" else {"type": OpenEXR.scanlineimage}
    header = {**kind, "lineOrder": getattr(OpenEXR, order), "compression": OpenEXR.ZIPS_COMPRESSION}
    write(tmp_path / "p.exr", [OpenEXR.Part(header, planes(LIGHT), "")])
    run(*matting(tmp_path / "p.exr", trimap, tmp_path / "o.exr"))
    require_kept(tmp_path / "p.exr", tmp_path / "o.exr", (0, "A"))


def subsampled():
    """An EXR without compression of R, G, B and a channel U of every second pixel, which the package does not write."""
    height, width = SIZE
    steps = {b"B": 1, b"G": 1, b"R": 1, b"U": 2}
    kinds = b"".join(key + b"\0" + struct.pack("<iB3xii", 2, 0, step, step) for key, step in steps.items())
    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    attributes = [
        Attribute(b"channels", b"chlist", kinds + b"\0"),
        Attribute(b"compression", b"compression", b"\0"),
        Attribute(b"dataWindow", b"box2i", box),
        Attribute(b"displayWindow", b"box2i", box),
        Attribute(b"lineOrder", b"lineOrder", b"\0"),
        Attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1)),
        Attribute(b"screenWindowCenter", b"v2f", bytes(8)),
        Attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1)),
    ]
    head = b"v/1\x01\x02\0\0\0" + b"".join(one.encoded() for one in attributes) + b"\0"
    lines = [LIGHT[y, :, ::-1].T.tobytes() + (b"" if y % 2 else bytes(2 * width)) for y in range(height)]
    chunks = [struct.pack("<ii", y, len(line)) + line for y, line in enumerate(lines)]
    places = [len(head) + 8 * height + sum(map(len, chunks[:y])) for y in range(height)]
    return head + struct.pack(f"<{height}Q", *places) + b"".join(chunks)


def test_channels_of_fewer_samples_are_refused_by_name(tmp_path, trimap):
    (tmp_path / "p.exr").write_bytes(subsampled())
    np.testing.assert_array_equal(io.read_plate(tmp_path / "p.exr").light, LIGHT)
    refused = invoke(*matting(tmp_path / "p.exr", trimap, tmp_path / "o.exr"))
    assert refused.exit_code == 1 and "p.exr: channels U have fewer samples than pixels" in refused.stderr
    assert not (tmp_path / "o.exr").exists()


def test_the_matte_goes_into_the_layer_that_is_matted(tmp_path, trimap):
    parts = [
        OpenEXR.Part({"type": OpenEXR.tiledimage, "tiles": OpenEXR.TileDescription()}, planes(LIGHT), "beauty"),
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, planes(LIGHT * 2, np.float16, "spec."), "more"),
    ]
    write(tmp_path / "p.exr", parts, [RATE])
    for layer, added in (("beauty", (0, "A")), ("spec", (1, "spec.A"))):
        out = tmp_path / f"{layer}.exr"
        run(*matting(tmp_path / "p.exr", trimap, out), "--layer", layer)
        after = require_kept(tmp_path / "p.exr", out, added)
        assert after[added].dtype == (np.float32 if layer == "beauty" else np.float16)
        assert (after[added][-10:] == 1).all() and (after[added][:10] == 0).all()
        names = [part.name() for part in OpenEXR.File(str(out), separate_channels=True).parts]
        assert names == ["beauty", "more"]


@pytest.mark.parametrize("opaque", [True, False])
def test_an_alpha_that_says_something_is_not_lost(tmp_path, trimap, opaque):
    own = np.ones(SIZE, np.float32) if opaque else RNG.random(SIZE, dtype=np.float32)
    write(tmp_path / "p.exr", [OpenEXR.Part({"type": OpenEXR.scanlineimage}, {**planes(LIGHT), "A": own}, "")])
    result = run(*matting(tmp_path / "p.exr", trimap, tmp_path / "o.exr"))
    after = require_kept(tmp_path / "p.exr", tmp_path / "o.exr", None if opaque else (0, "matte.A"))
    assert ("matte.A" in result.stderr) != opaque
    assert (after[0, "A" if opaque else "matte.A"][:10] == 0).all()


def test_overscan_has_its_matte_too(tmp_path, trimap):
    shown = {"dataWindow": window(-4, -2, 43, 33), "displayWindow": window(0, 0, 39, 31)}
    light = RNG.random((36, 48, 3), dtype=np.float32)
    write(tmp_path / "p.exr", [OpenEXR.Part({"type": OpenEXR.scanlineimage, **shown}, planes(light), "")])
    run(*matting(tmp_path / "p.exr", trimap, tmp_path / "o.exr"))
    after = require_kept(tmp_path / "p.exr", tmp_path / "o.exr", (0, "A"))
    assert after[0, "A"].shape == (36, 48) and (after[0, "A"][-12:] == 1).all()


@pytest.mark.parametrize(
    ("suffix", "dtype", "made"),
    [
        (".png", np.uint8, ".png"),
        (".png", np.uint16, ".png"),
        (".tif", np.uint16, ".tif"),
        (".tif", np.float32, ".tif"),
        (".webp", np.uint8, ".webp"),
        (".jpg", np.uint8, ".png"),
        (".bmp", np.uint8, ".png"),
        (".dpx", np.uint16, ".dpx"),
        (".jxl", np.uint16, ".jxl"),
    ],
)
def test_other_formats_keep_pixels_depth_and_profile(tmp_path, trimap, suffix, dtype, made):
    from PIL import ImageCms

    if BY_SUFFIX[suffix].extra == "vfx":
        pytest.importorskip("OpenImageIO")
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    full = 1 if dtype == np.float32 else np.iinfo(dtype).max
    io.write_raw(tmp_path / f"p{suffix}", (LIGHT.clip(0, 1) * full).astype(dtype) if full > 1 else LIGHT, icc=icc)
    run("predict", tmp_path / f"p{suffix}", trimap, "--save", "alpha,matte-in-source", "-m", "shared")
    before, after = io.read_raw(tmp_path / f"p{suffix}"), io.read_raw(tmp_path / f"p_matte-in-source{made}")
    np.testing.assert_array_equal(after.pixels[..., :3], before.pixels)
    assert after.pixels.dtype == dtype and after.icc == before.icc
    alpha = next(tmp_path.glob("p_alpha.*"))
    np.testing.assert_array_equal(after.pixels[..., 3], io.read_raw(alpha).pixels)


def test_key_puts_its_matte_into_the_plate(tmp_path):
    plate = np.full((*SIZE, 3), [0.02, 0.5, 0.05], np.float32)
    plate[8:24, 10:30] = [0.6, 0.2, 0.2]
    write(tmp_path / "p.exr", [OpenEXR.Part({"type": OpenEXR.scanlineimage}, planes(plate), "")])
    run("key", tmp_path / "p.exr", "--screen", "green", "--save", "matte-in-source", "-o", tmp_path / "o.exr")
    after = require_kept(tmp_path / "p.exr", tmp_path / "o.exr", (0, "A"))
    assert after[0, "A"][16, 20] == 1 and after[0, "A"][1, 1] == 0


def test_what_cannot_be_is_one_line_and_no_file(tmp_path, trimap):
    write(tmp_path / "p.exr", [OpenEXR.Part({"type": OpenEXR.scanlineimage}, planes(LIGHT), "")])
    refused = invoke(*matting(tmp_path / "p.exr", trimap, tmp_path / "o.png"))
    assert refused.exit_code == 1 and "o.png: .png, but a matte in p.exr is .exr. Name it so." in refused.stderr
    assert invoke(*matting(tmp_path / "p.exr", trimap, tmp_path / "p.exr")).exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.exr", "t.png"]


def test_every_format_has_one_that_holds_its_alpha():
    assert {with_alpha(suffix) for suffix in BY_SUFFIX} <= set(DEPTHS) - {".jpg", ".bmp"}
