"""Colour profiles travel with the colours they describe, and with no others."""

import io as memory
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from mattekit.imaging import io
from mattekit.imaging.codecs import icc

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LARGE = SRGB + np.random.default_rng(3).bytes(150_000)  # more than two JPEG segments hold
GREY = SRGB[:16] + b"GRAY" + SRGB[20:]
CMYK = SRGB[:16] + b"CMYK" + SRGB[20:]
PICTURE = np.random.default_rng(3).random((40, 30, 3), dtype=np.float32)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"])
@pytest.mark.parametrize("profile", [SRGB, LARGE], ids=["short", "long"])
def test_a_profile_is_carried_and_changes_no_pixel(tmp_path, suffix, profile):
    with_profile, without = tmp_path / f"with{suffix}", tmp_path / f"without{suffix}"
    io.write_image(with_profile, PICTURE, icc=profile)
    io.write_image(without, PICTURE)
    with Image.open(with_profile) as image:  # Pillow as an independent reader
        image.load()
        assert image.info["icc_profile"] == profile
    assert io.read_image(with_profile).icc == profile
    assert io.read_image(without).icc is None
    np.testing.assert_array_equal(io.read_raw(with_profile).pixels, io.read_raw(without).pixels)
    stored = cv2.imread(str(with_profile), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(stored, cv2.imread(str(without), cv2.IMREAD_UNCHANGED))


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_cutouts_carry_profiles_too(tmp_path, suffix):
    cutout = np.dstack([PICTURE, PICTURE[..., 0]])
    io.write_image(tmp_path / f"x{suffix}", cutout, icc=SRGB)
    raw = io.read_raw(tmp_path / f"x{suffix}")
    assert raw.icc == SRGB
    np.testing.assert_array_equal(raw.pixels, np.rint(cutout * np.float32(255)))


@pytest.mark.parametrize("depth", ["16", "float"])
def test_deep_tiff_carries_a_profile(tmp_path, depth):
    io.write_image(tmp_path / "x.tif", PICTURE, depth=depth, icc=LARGE)
    picture = io.read_image(tmp_path / "x.tif")
    assert picture.icc == LARGE
    np.testing.assert_allclose(picture.pixels, PICTURE, atol=1e-5)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_a_colour_profile_never_enters_a_grey_file(tmp_path, suffix):
    io.write_image(tmp_path / f"x{suffix}", PICTURE[..., 0], icc=SRGB)
    assert SRGB[36:40] == b"acsp" and b"acsp" not in (tmp_path / f"x{suffix}").read_bytes()
    with Image.open(tmp_path / f"x{suffix}") as image:
        assert "icc_profile" not in image.info


def test_profiles_match_channels():
    table = {p: [icc.matches(p, c) for c in (1, 3, 4)] for p in (SRGB, GREY, CMYK, b"", None)}
    assert table[SRGB] == [False, True, True] and table[GREY] == [True, False, False]
    assert not any(any(table[p]) for p in (CMYK, b"", None))


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_a_cmyk_profile_is_not_carried(tmp_path, suffix):
    Image.new("CMYK", (16, 16), (10, 20, 30, 40)).save(tmp_path / f"x{suffix}", icc_profile=CMYK)
    assert io.read_image(tmp_path / f"x{suffix}").icc is None


def ink_profile():
    """A CMYK profile (ICC.1:2001, lut8Type) by which paper is white, black black and other ink the grey of L* = 50."""
    identity = bytes(range(256))
    corners = b"".join(bytes([255 if ink == 0 else 0 if ink & 1 else 128, 128, 128]) for ink in range(16))  # L*, a*, b*
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0])
    table += (
        struct.pack(">9i", *(65536 * v for v in (1, 0, 0, 0, 1, 0, 0, 0, 1))) + identity * 4 + corners + identity * 3
    )
    white = b"XYZ " + bytes(4) + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    start = 128 + 4 + 2 * 12
    tags = struct.pack(">I4sII4sII", 2, b"A2B0", start, len(table), b"wtpt", start + len(table), len(white))
    size = start + len(table) + len(white)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"prtr", b"CMYK", b"Lab ") + bytes(12) + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + tags + table + white


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_the_profile_of_a_cmyk_file_makes_its_colours(tmp_path, suffix):
    """Without the profile full cyan would be (0, 255, 255); by it the ink is L* = 50, sRGB 119."""
    inks = Image.new("CMYK", (32, 16), (255, 0, 0, 0))
    inks.paste((0, 0, 0, 0), (16, 0, 32, 16))
    inks.save(tmp_path / f"x{suffix}", icc_profile=ink_profile())
    picture = io.read_image(tmp_path / f"x{suffix}")
    assert picture.icc is None
    np.testing.assert_allclose(picture.pixels[:, :16] * 255, 119, atol=3)
    np.testing.assert_allclose(picture.pixels[:, 16:] * 255, 255, atol=3)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_profile_and_orientation_of_the_input_become_upright_pixels_with_the_profile(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.fromarray(np.rint(PICTURE * 255).astype(np.uint8)).save(tmp_path / f"in{suffix}", exif=exif, icc_profile=SRGB)
    picture = io.read_image(tmp_path / f"in{suffix}")
    assert picture.icc == SRGB and picture.pixels.shape == (30, 40, 3)
    for out in (".png", ".jpg", ".tif"):
        io.write_image(tmp_path / f"out{out}", picture.pixels, icc=picture.icc)
        with Image.open(tmp_path / f"out{out}") as image:
            assert image.size == (40, 30)
            assert image.getexif().get(0x0112, 1) == 1 and image.info["icc_profile"] == SRGB


def test_a_broken_profile_does_not_stop_the_picture(tmp_path):
    data = memory.BytesIO()
    Image.fromarray(np.rint(PICTURE * 255).astype(np.uint8)).save(data, "PNG", icc_profile=SRGB)
    broken = bytearray(data.getvalue())
    start = broken.index(b"iCCP")
    broken[start + 20 : start + 40] = bytes(20)
    (tmp_path / "x.png").write_bytes(broken)
    picture = io.read_image(tmp_path / "x.png")
    assert picture.icc is None
    np.testing.assert_array_equal(picture.pixels, np.rint(PICTURE * 255).astype(np.float32) / 255)
