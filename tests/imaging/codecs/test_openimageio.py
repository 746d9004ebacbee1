"""DPX, Cineon, PSD, JPEG XL and rare TIFF: read and written as other programs do, bounded, and refused in one line."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.errors import InputError, MattekitError, MissingExtraError
from mattekit.formats import BY_SUFFIX, FORMATS, VFX
from mattekit.imaging import io
from mattekit.imaging.codecs import curves, jxl_size
from mattekit.imaging.codecs.probe import probe

OpenImageIO = pytest.importorskip("OpenImageIO", reason='tested with the package of pip install "mattekit[vfx]"')
RNG = np.random.default_rng(5)
DEEP = RNG.integers(0, 65536, (24, 20, 4), dtype=np.uint16)
COLOUR, BYTES = np.ascontiguousarray(DEEP[..., :3]), (DEEP >> 8).astype(np.uint8)
BUDGET = 60  # damaged files of each format


def by_package(path, pixels, **attributes):
    """Write pixels by the package itself, with attributes whose colons are written as two underscores."""
    kind = {"uint8": "uint8", "uint16": "uint16", "float32": "float"}[str(pixels.dtype)]
    spec = OpenImageIO.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    for name, value in attributes.items():
        spec.attribute(name.replace("__", ":"), value)
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec) and out.write_image(pixels) and out.close()
    return path


def psd(planes, *, depth=8, merged=True, packed=False, size=None):
    """A PSD of the merged picture alone, by Adobe's specification: header, three sections, planes."""
    channels, height, width = planes.shape
    height, width = size or (height, width)
    body = struct.pack(">H", int(packed))
    if packed:
        rows = [bytes([plane.shape[1] - 1]) + row.tobytes() for plane in planes for row in plane]
        body += b"".join(struct.pack(">H", len(row)) for row in rows) + b"".join(rows)
    else:
        body += planes.astype(f">u{depth // 8}").tobytes()
    resource = b"8BIM\x04\x21\0\0" + struct.pack(">II?", 5, 1, merged) + b"\0"
    resource += struct.pack(">I4sI", 0, b"", 0)[: len(resource) % 2]
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, channels, height, width, depth, 1 if channels < 3 else 3)
    return head + struct.pack(">II", 0, len(resource)) + resource + struct.pack(">I", 0) + body


def cineon(codes):
    """A Cineon file of codes (H, W, 3) of 10 bits, three to a word."""
    height, width = codes.shape[:2]
    head = bytearray(2048)
    struct.pack_into(">7I", head, 0, 0x802A5FD7, 2048, 1024, 1024, 0, 2048 + 4 * height * width, 0)
    head[192:194] = bytes([0, 3])
    for k in range(3):
        struct.pack_into(">BBBxII", head, 196 + 28 * k, 0, k + 1, 10, width, height)
    head[680:682] = bytes([0, 5])
    words = codes.astype(np.uint32) << np.uint32([22, 12, 2])
    return bytes(head) + words.sum(axis=2, dtype=np.uint32).astype(">u4").tobytes()


def tiff(pixels, *, bits, photometric=2, kind=1, planar=1, extra=()):
    """A TIFF of pixels (H, W, C) without compression, as one strip or one for each plane."""
    height, width, count = pixels.shape
    planes = [pixels[..., k] for k in range(count)] if planar == 2 else [pixels]
    strips = [np.ascontiguousarray(plane).tobytes() for plane in planes]
    tags = {256: [width], 257: [height], 258: [bits] * count, 259: [1], 262: [photometric], 277: [count], 278: [height]}
    tags |= {284: [planar], 338: list(extra), 339: [kind] * count}
    tags |= {273: [8 + sum(map(len, strips[:k])) for k in range(len(strips))], 279: [len(s) for s in strips]}
    data = b"II*\0" + struct.pack("<I", 8 + sum(map(len, strips))) + b"".join(strips)
    rows = {tag: values for tag, values in sorted(tags.items()) if values}
    place, entries, far = len(data) + 2 + 12 * len(rows) + 4, b"", b""
    for tag, values in rows.items():
        code, letter = (4, "I") if tag in (273, 279) else (3, "H")
        value = struct.pack(f"<{len(values)}{letter}", *values)
        if len(value) > 4:
            value, far = struct.pack("<I", place + len(far)), far + value
        entries += struct.pack("<HHI", tag, code, len(values)) + value.ljust(4, b"\0")
    return data + struct.pack("<H", len(rows)) + entries + struct.pack("<I", 0) + far


def of_10_bits(codes):
    return (codes << 6 | codes >> 4).astype(np.uint16)  # as bits are repeated to fill 16


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_dpx_of_another_program_is_read(tmp_path, oiiotool, bits):
    cv2.imwrite(str(tmp_path / "x.png"), cv2.cvtColor(COLOUR, cv2.COLOR_RGB2BGR))
    kind = {8: "uint8", 10: "uint10", 12: "uint12", 16: "uint16"}[bits]
    oiiotool(tmp_path / "x.png", "-d", kind, "-o", tmp_path / "x.dpx")
    raw = io.read_raw(tmp_path / "x.dpx")
    assert (raw.suffix, raw.depth, raw.curve) == (".dpx", "8" if bits == 8 else "16", "srgb")
    full = 255 if bits == 8 else 65535
    assert np.abs(raw.pixels / full - COLOUR / 65535).max() <= 1.01 / (2**bits - 1)
    assert io.read_size(tmp_path / "x.dpx") == (24, 20)


@pytest.mark.parametrize("pixels", [COLOUR, DEEP, DEEP[..., 0], BYTES, BYTES[..., :3]], ids=lambda p: str(p.shape))
@pytest.mark.parametrize("suffix", [".dpx", ".jxl"])
def test_what_is_written_is_read_back_bit_for_bit(tmp_path, suffix, pixels):
    io.write_raw(tmp_path / f"x{suffix}", pixels)
    raw = io.read_raw(tmp_path / f"x{suffix}")
    assert raw.suffix == suffix and raw.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(raw.pixels, pixels)
    alpha = suffix == ".jxl" or (pixels.ndim == 3 and pixels.shape[2] == 4)  # JPEG XL may have one
    assert probe(tmp_path / f"x{suffix}") == ((24, 20), alpha)


def test_another_program_reads_the_dpx(tmp_path, oiiotool):
    io.write_raw(tmp_path / "x.dpx", COLOUR)
    oiiotool(tmp_path / "x.dpx", "-o", tmp_path / "x.png")
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "x.png"), -1)[..., ::-1], COLOUR)


def test_profiles_stay_in_jpeg_xl_and_its_floats_are_light(tmp_path):
    from PIL import ImageCms

    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    io.write_raw(tmp_path / "x.jxl", COLOUR, icc=icc)
    raw = io.read_raw(tmp_path / "x.jxl")
    np.testing.assert_array_equal(raw.pixels, COLOUR)
    assert raw.icc == icc and raw.curve == "srgb"
    floats = RNG.random((24, 20, 3), dtype=np.float32) * 5
    by_package(tmp_path / "light.jxl", floats, compression="jpegxl:100")
    np.testing.assert_array_equal(io.read_image(tmp_path / "light.jxl").light, floats)


def test_printing_density_becomes_light(tmp_path):
    """Code 95 is black, 685 white, and 300 codes more are ten times the negative's light."""
    codes = np.zeros((1, 4, 3), np.uint32) + np.uint32([95, 685, 985, 1023])[:, None]
    (tmp_path / "x.cin").write_bytes(cineon(codes))
    by_package(tmp_path / "x.dpx", of_10_bits(codes), oiio__BitsPerSample=10, oiio__ColorSpace="KodakLog")
    black = 10 ** (-590 / 300)
    expected = np.array([0, 1, (10 - black) / (1 - black), (10 ** (338 / 300) - black) / (1 - black)])
    for name in ("x.cin", "x.dpx"):
        light = io.read_image(tmp_path / name).light
        np.testing.assert_allclose(light[0, :, 0], expected, rtol=2e-3, atol=2e-4)


def test_the_log_curve_is_undone():
    codes = of_10_bits(np.arange(1024))
    light = curves.decode_log(codes / np.float32(65535))
    assert (np.diff(light) > 0).all()
    np.testing.assert_allclose(curves.encode_log(light) * 65535, codes, atol=1.5)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_psd_is_read(tmp_path, channels, packed, oiiotool):
    planes = np.ascontiguousarray(BYTES.transpose(2, 0, 1)[:channels])
    planes[3:] = 255
    (tmp_path / "x.psd").write_bytes(psd(planes, packed=packed))
    pixels = io.read_raw(tmp_path / "x.psd").pixels
    expected = planes[0] if channels == 1 else planes[:3].transpose(1, 2, 0)
    np.testing.assert_array_equal(pixels if channels == 1 else pixels[..., :3], expected)
    oiiotool(tmp_path / "x.psd", "--ch", "0" if channels == 1 else "R,G,B", "-o", tmp_path / "x.png")
    other = cv2.imread(str(tmp_path / "x.png"), -1)
    np.testing.assert_array_equal(other if channels == 1 else other[..., ::-1], expected)


def test_psd_of_16_bits_is_read(tmp_path):
    (tmp_path / "x.psd").write_bytes(psd(COLOUR.transpose(2, 0, 1), depth=16))
    np.testing.assert_array_equal(io.read_raw(tmp_path / "x.psd").pixels, COLOUR)


def test_psd_without_merged_layers_is_no_white_picture(tmp_path):
    (tmp_path / "x.psd").write_bytes(psd(np.full((3, 4, 4), 255), merged=False))
    with pytest.raises(InputError, match="x.psd: a PSD without its layers merged. Save it"):
        io.read_raw(tmp_path / "x.psd")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (tiff(COLOUR, bits=16, planar=2), COLOUR),
        (tiff(DEEP, bits=16, planar=2, extra=[2]), DEEP),
        (tiff(np.dstack([DEEP, COLOUR]), bits=16, extra=[2, 0, 0, 0]), DEEP),
        (tiff(COLOUR.astype(np.uint32) * 65537, bits=32), COLOUR / 65535),
        (tiff(np.dstack([65535 - COLOUR, 0 * COLOUR[..., 0]]), bits=16, photometric=5), COLOUR),
    ],
    ids=["planes", "planes with alpha", "seven channels", "32 bits", "CMYK"],
)
def test_rare_tiff_is_read(tmp_path, data, expected):
    (tmp_path / "x.tif").write_bytes(data)
    pixels = io.read_raw(tmp_path / "x.tif").pixels
    np.testing.assert_allclose(pixels.astype(float), expected, rtol=0, atol=1e-6 if expected.dtype == float else 1)


def test_premultiplied_planes_are_made_straight(tmp_path):
    alpha = np.full((24, 20, 1), 32768, np.uint16)
    (tmp_path / "x.tif").write_bytes(tiff(np.dstack([COLOUR // 2, alpha]), bits=16, planar=2, extra=[1]))
    assert np.abs(io.read_raw(tmp_path / "x.tif").pixels[..., :3].astype(int) - COLOUR).max() <= 2


VFX_SUFFIXES = [suffix for suffix, form in BY_SUFFIX.items() if form.extra == VFX]


def whole(suffix, folder):
    """The bytes of a good file."""
    if suffix in (".psd", ".psb"):
        return psd(BYTES[..., :3].transpose(2, 0, 1))
    if suffix == ".cin":
        return cineon(COLOUR.astype(np.uint32) >> 6)
    io.write_raw(folder / f"good{suffix}", COLOUR)
    return (folder / f"good{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", VFX_SUFFIXES)
def test_without_the_package_one_line_names_the_extra(tmp_path, suffix, monkeypatch):
    data = whole(suffix, tmp_path)
    (tmp_path / f"x{suffix}").write_bytes(data)
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)
    text = rf'^\S*x{suffix}: {BY_SUFFIX[suffix].name} needs another package: pip install "mattekit\[vfx\]"\.$'
    for reader in (io.read_image, io.read_alpha, io.read_size, probe):
        with pytest.raises(MissingExtraError, match=text):
            reader(tmp_path / f"x{suffix}")
    if BY_SUFFIX[suffix].depths:
        with pytest.raises(MissingExtraError, match=text):
            io.write_raw(tmp_path / "new" / f"x{suffix}", COLOUR)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("suffix", [".psd", ".cin"])
def test_formats_that_are_only_read_are_not_written(tmp_path, suffix):
    with pytest.raises(InputError, match=rf"x{suffix}: {suffix}, wanted one of .png"):
        io.write_raw(tmp_path / f"x{suffix}", COLOUR)


@pytest.mark.parametrize("suffix", [".dpx", ".psd", ".jxl", ".cin"])
def test_a_truncated_file_is_refused(tmp_path, suffix, capfd):
    data = whole(suffix, tmp_path)
    for kept in (1, 20, len(data) // 2, len(data) - 1):
        (tmp_path / f"x{suffix}").write_bytes(data[:kept])
        with pytest.raises(InputError, match=f"^{tmp_path}/x{suffix}: (damaged or truncated|not an image)"):
            io.read_raw(tmp_path / f"x{suffix}")
    assert capfd.readouterr() == ("", "")


def huge(suffix, folder):
    """The bytes of a file that says that it is 60000 pixels wide and high."""
    if suffix == ".psd":
        return psd(BYTES[..., :3].transpose(2, 0, 1), size=(60000, 60000), depth=8)[:200]
    data = bytearray(whole(suffix, folder))
    if suffix == ".dpx":
        struct.pack_into("<II" if data[:4] == b"XPDS" else ">II", data, 772, 60000, 60000)
    else:
        for k in range(3):
            struct.pack_into(">II", data, 200 + 28 * k, 60000, 60000)
    return bytes(data)


@pytest.mark.parametrize("suffix", [".dpx", ".psd", ".cin"])
def test_a_huge_header_is_refused(tmp_path, suffix):
    (tmp_path / f"x{suffix}").write_bytes(huge(suffix, tmp_path))
    with pytest.raises(InputError, match=rf"^\S*x{suffix}: "):
        io.read_raw(tmp_path / f"x{suffix}")


@pytest.mark.parametrize("suffix", [".dpx", ".psd", ".jxl", ".cin"])
def test_pixels_are_bounded_before_decoding(tmp_path, suffix):
    (tmp_path / f"x{suffix}").write_bytes(whole(suffix, tmp_path))
    with pytest.raises(InputError, match=r"20x24 is 0.00048 megapixels, wanted at most 1e-05") as caught:
        io.read_raw(tmp_path / f"x{suffix}", max_megapixels=1e-5)
    assert caught.value.remedy == "max-pixels"


def test_a_bomb_of_jpeg_xl_is_not_decoded(tmp_path, monkeypatch):
    """A picture of a million equal pixels takes some bytes; the package decodes it when it opens it."""
    io.write_raw(tmp_path / "x.jxl", np.zeros((1000, 1000, 3), np.uint16), fast=True)
    assert (tmp_path / "x.jxl").stat().st_size < 20000
    monkeypatch.setattr(OpenImageIO.ImageInput, "read_image", None)
    for most, text in ((0.9, "1000x1000 is 1 megapixels, wanted at most 0.9"), (1, "more than 4 MB of pixels")):
        with pytest.raises(InputError, match=f"x.jxl: {text}. Make it smaller") as caught:
            io.read_raw(tmp_path / "x.jxl", max_megapixels=most)
        assert caught.value.remedy == "max-pixels"


@pytest.mark.parametrize("size", [(24, 20), (8, 8), (90, 160), (100, 120), (16, 32), (513, 700), (1, 3), (264, 9000)])
def test_the_size_of_a_jpeg_xl_is_read_without_decoding(tmp_path, size, monkeypatch):
    """All ways to store it: in units of eight, with a ratio of the sides, in 9 and in 13 bits."""
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[0, 0] = 9
    io.write_raw(tmp_path / "x.jxl", pixels, fast=True)
    assert io.read_raw(tmp_path / "x.jxl").pixels.shape[:2] == size
    monkeypatch.setattr(OpenImageIO.ImageInput, "open", None)
    assert io.read_size(tmp_path / "x.jxl") == size


def test_a_turned_jpeg_xl_has_its_upright_size():
    """Bits of the standard's headers: 16 high, 2:1, not all defaults, more fields, orientation 6."""
    bits, at = 0, 0
    for value, count in ((1, 1), (1, 5), (7, 3), (0, 1), (1, 1), (5, 3)):
        bits, at = bits | value << at, at + count
    for head in (b"", b"\0\0\0\x0cJXL \r\n\x87\n" + struct.pack(">I4s", 0, b"jxlc")):
        assert jxl_size.read(head + b"\xff\x0a" + bits.to_bytes(4, "little")) == (32, 16)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80))
def test_any_bits_are_a_size_or_none(data):
    for head in (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"):
        size = jxl_size.read(head + data)
        assert size is None or min(size) > 0


@pytest.mark.parametrize("suffix", [".dpx", ".psd", ".jxl", ".cin", ".tif"])
def test_a_damaged_file_is_one_line_or_pixels(tmp_path, suffix, capfd):
    data = tiff(DEEP, bits=16, planar=2, extra=[2]) if suffix == ".tif" else whole(suffix, tmp_path)
    outcomes, path = {"read": 0, "refused": 0}, tmp_path / f"x{suffix}"
    for seed in range(BUDGET):
        rng = np.random.default_rng([seed, zlib.crc32(suffix.encode())])
        changed = bytearray(data)
        for at in rng.integers(0, [min(300, len(data)), len(data), len(data), len(data)]):
            changed[at] = rng.choice([rng.integers(256), 0, 255])
        path.write_bytes(changed[: rng.integers(len(data))] if seed % 4 == 0 else changed)
        try:
            io.read_raw(path, max_megapixels=1)
            outcomes["read"] += 1
        except MattekitError as error:
            outcomes["refused"] += 1
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
    assert outcomes["refused"] > BUDGET / 10
    assert capfd.readouterr() == ("", "")


def test_a_command_ends_without_a_word_of_the_package(tmp_path):
    """At exit the package would list all objects that are left."""
    io.write_raw(tmp_path / "x.dpx", COLOUR)
    io.write_raw(tmp_path / "a.png", BYTES[..., 0])
    words = ["-m", "mattekit", "composite", "x.dpx", "a.png", "white", "-o", "c.dpx"]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "wrote c.dpx\n")


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    io.write_raw(tmp_path / "x.dpx", COLOUR)

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"temporary folder: \S+ cannot be used \(No space left on device\)\. Free"):
        io.read_raw(tmp_path / "x.dpx")


def test_no_temporary_file_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / "pictures"
    folder.mkdir()
    io.write_raw(folder / "x.dpx", COLOUR)
    io.read_raw(folder / "x.dpx")
    (folder / "x.dpx").write_bytes((folder / "x.dpx").read_bytes()[:3000])
    with pytest.raises(InputError):
        io.read_raw(folder / "x.dpx")
    assert list(tmp_path.iterdir()) == [folder]


def test_each_format_is_known_by_its_first_bytes_alone(tmp_path):
    """A file of any name is what its bytes say, and no two formats share a suffix."""
    assert len(BY_SUFFIX) == sum(len(form.suffixes) for form in FORMATS)
    io.write_raw(tmp_path / "x.dpx", COLOUR)
    (tmp_path / "x.png").write_bytes((tmp_path / "x.dpx").read_bytes())
    assert io.read_raw(Path(tmp_path / "x.png")).suffix == ".dpx"
