"""Damaged files of every format: an error of mattekit's or pixels, and nothing beside it on the terminal."""

import io as memory
import random
import struct
import subprocess
import sys
import threading
import warnings
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from mattekit.errors import MattekitError
from mattekit.imaging import io
from mattekit.imaging.codecs.probe import probe
from mattekit.imaging.codecs.silence import silent_libraries

BUDGET = 150  # damaged files of each format
COLOUR = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
COLOUR[:12] = 200
PHOTO = Image.fromarray(COLOUR)
EXIF = Image.Exif()
EXIF[0x0112] = 6
MORE = {"exif": EXIF, "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}


def by_opencv(suffix, pixels, *options):
    return cv2.imencode(suffix, pixels, options)[1].tobytes()


def by_pillow(form, image, **options):
    stream = memory.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def by_openexr(**options):
    OpenEXR = pytest.importorskip("OpenEXR")
    stream = memory.BytesIO()
    planes = {name: np.ascontiguousarray(COLOUR[..., i] / 255, np.float16) for i, name in enumerate("RGB")}
    kind = OpenEXR.tiledimage if options else OpenEXR.scanlineimage
    OpenEXR.File({"type": kind} | {name: getattr(OpenEXR, value)() for name, value in options.items()}, planes).write(
        stream
    )
    return stream.getvalue()


WHOLE = {
    ".png": lambda: [
        by_opencv(".png", COLOUR),
        by_opencv(".png", COLOUR.astype(np.uint16) * 257),
        by_pillow("PNG", PHOTO.quantize(8)),
        by_pillow("PNG", PHOTO, **MORE),
    ],
    ".jpg": lambda: [
        by_opencv(".jpg", COLOUR, cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
        by_pillow("JPEG", PHOTO.convert("CMYK")),
        by_pillow("JPEG", PHOTO, **MORE),
    ],
    ".webp": lambda: [
        by_opencv(".webp", COLOUR, cv2.IMWRITE_WEBP_QUALITY, 80),
        by_opencv(".webp", np.dstack([COLOUR, COLOUR[..., 0]])),
        by_pillow("WEBP", PHOTO, **MORE),
    ],
    ".bmp": lambda: [by_opencv(".bmp", COLOUR), by_pillow("BMP", PHOTO.quantize(8))],
    ".tif": lambda: [
        *(by_pillow("TIFF", PHOTO, compression=kind) for kind in ("tiff_lzw", "tiff_deflate", "jpeg", "raw")),
        by_pillow("TIFF", PHOTO.convert("1"), compression="group4"),
        by_pillow("TIFF", PHOTO.convert("CMYK"), compression="packbits", **MORE),
        *(by_opencv(".tif", COLOUR.astype(dtype)) for dtype in (np.uint16, np.float32, np.float64)),
    ],
    ".exr": lambda: [by_openexr(), by_openexr(tiles="TileDescription")],
}


def damaged(data, seed):
    """Cut short, or with a few bytes or bits changed, half of them where headers and directories are."""
    rng, data = random.Random(seed), bytearray(data)
    if rng.random() < 0.25:
        return data[: rng.randrange(len(data))]
    for _ in range(rng.randrange(1, 6)):
        near = rng.randrange(min(300, len(data)))
        at = rng.choice([near, len(data) - 1 - near, rng.randrange(len(data)), rng.randrange(len(data))])
        data[at] = rng.choice([rng.randrange(256), data[at] ^ 1 << rng.randrange(8)])
    return with_checksums(data) if data[:4] == b"\x89PNG" and rng.random() < 0.8 else data


def with_checksums(data):
    """A PNG whose checksums are right, so that what is damaged is looked at."""
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        struct.pack_into(">I", data, at + 8 + length, zlib.crc32(data[at + 4 : at + 8 + length]))
        at += 12 + length
    return data


@pytest.mark.parametrize("suffix", WHOLE)
def test_a_damaged_file_is_one_line_or_pixels(tmp_path, suffix, capfd):
    path, outcomes = tmp_path / f"x{suffix}", {"read": 0, "refused": 0}
    for seed, data in enumerate((WHOLE[suffix]() * BUDGET)[:BUDGET]):
        path.write_bytes(damaged(data, seed))
        for reader in (io.read_raw, io.read_alpha, io.read_trimap, probe):
            try:
                reader(path) if reader is probe else reader(path, max_megapixels=1)
                outcomes["read"] += 1
            except MattekitError as error:
                outcomes["refused"] += 1
                assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
    assert min(outcomes.values()) > BUDGET / 10  # neither all alike
    assert capfd.readouterr() == ("", "")


@given(data=st.binary(max_size=200), start=st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0+"]))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_behind_a_signature_are_one_line_or_pixels(tmp_path, start, data):
    (tmp_path / "x").write_bytes(start + data)
    for reader in (io.read_raw, io.read_size):
        try:
            reader(tmp_path / "x", max_megapixels=1)
        except MattekitError as error:
            assert "\n" not in str(error)


def test_other_threads_are_heard_while_one_is_silenced():
    """What Python prints to stdout and stderr elsewhere is neither lost nor late, and all is as before afterwards."""
    code = """
import os, sys, threading, warnings
from mattekit.imaging.codecs.silence import silent_libraries
def other():
    print("a result"); print("a note", file=sys.stderr)
inside, done = threading.Event(), threading.Event()
def decode():
    with silent_libraries():
        inside.set(); print("OpenEXR says"); os.write(2, b"libpng says\\n"); warnings.warn("Pillow says"); done.wait()
thread = threading.Thread(target=decode)
thread.start(); inside.wait(); other()
with silent_libraries():
    os.write(2, b"libjpeg says\\n")
done.set(); thread.join()
other(); os.write(2, b"the end\\n"); sys.stdout.flush()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "a result\n" * 2
    assert done.stderr == "a note\na note\nthe end\n"


def test_silence_ends_with_its_block_and_leaves_warnings_and_pillows_limit_as_they_were(capfd):
    limit, filters = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    barrier = threading.Barrier(8)

    def work():
        barrier.wait()
        for _ in range(50):
            with silent_libraries():
                assert Image.MAX_IMAGE_PIXELS is None

    threads = [threading.Thread(target=work) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert Image.MAX_IMAGE_PIXELS == limit and list(warnings.filters) == filters
    print("heard")  # noqa: T201
    assert capfd.readouterr() == ("heard\n", "")
