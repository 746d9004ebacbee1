"""Files that are no files, have no end, or are larger than they look: one line, at once, in little memory."""

import io as memory
import itertools
import os
import subprocess
import sys
import zlib
from struct import pack, unpack_from

import cv2
import numpy as np
import pytest

from mattekit.errors import InputError, MattekitError, MissingFileError
from mattekit.imaging import io
from mattekit.imaging.codecs import tiff
from mattekit.imaging.codecs.probe import probe

pytestmark = pytest.mark.skipif(os.name != "posix", reason="special files are a matter of POSIX")
READERS = [io.read_raw, io.read_size, probe]


@pytest.mark.parametrize("reader", READERS)
def test_pipes_devices_and_links_in_a_circle_are_refused_by_name(tmp_path, reader):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "full.png").symlink_to("/dev/full")
    (tmp_path / "a.png").symlink_to("b.png")
    (tmp_path / "b.png").symlink_to("a.png")
    (tmp_path / "dead.png").symlink_to("nowhere.png")
    (tmp_path / "folder.png").mkdir()
    for name, text in {
        "pipe": "a pipe, wanted a regular file",
        "zero": "a device or socket, wanted a regular file",
        "full": "a device or socket, wanted a regular file",
        "a": "cannot be read .Too many levels of symbolic links",
        "folder": "a folder, wanted a file",
    }.items():
        with pytest.raises(InputError, match=f"^{tmp_path}/{name}.png: {text}"):
            reader(tmp_path / f"{name}.png")
    with pytest.raises(MissingFileError, match=f"^{tmp_path}/dead.png: a link to a file that does not exist"):
        reader(tmp_path / "dead.png")


def test_a_sparse_file_of_6_gb_and_endless_input_are_refused_in_little_memory(tmp_path):
    """A megabyte more than Python and OpenCV take is no more than what is read at once."""
    for name, start in {"zeros.png": b"", "picture.png": cv2.imencode(".png", np.zeros((2, 2)))[1].tobytes()}.items():
        with open(tmp_path / name, "wb") as file:
            file.write(start)
            file.truncate(6 << 30)
    code = (
        "import resource, sys; from pathlib import Path; from mattekit.imaging import io; import cv2\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for name in sys.argv[1:]:\n"
        "    try: io.read_raw(Path(name))\n"
        "    except io.InputError as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    with open("/dev/zero", "rb") as endless:
        done = subprocess.run(
            [sys.executable, "-c", code, tmp_path / "zeros.png", tmp_path / "picture.png", "-"],
            stdin=endless, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
    zeros, picture, endless, grown = done.stdout.splitlines()
    assert "zeros.png: not an image" in zeros and "standard input: not an image" in endless
    assert "picture.png: a file of more than 1041 MB, too large for a picture" in picture
    assert int(grown) < 32 << 10  # KiB, on Linux


def test_standard_input_is_read_no_further_than_the_limit(monkeypatch):
    class Endless:
        given = 0

        def read(self, size):
            Endless.given += size
            return b"\x89PNG\r\n\x1a\n".ljust(size, b"\0")

    monkeypatch.setattr(sys, "stdin", type("In", (), {"buffer": Endless()}))
    with pytest.raises(InputError, match="standard input: a file of more than 37 MB") as caught:
        io.read_raw(io.STANDARD, max_megapixels=5)
    assert caught.value.remedy == "max-pixels" and Endless.given < 40e6


def png(width, height, bits, colour):
    """A PNG that says much and holds little."""
    head = b"IHDR" + pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = [head, b"IDAT" + zlib.compress(bytes(1000)), b"IEND"]
    chunks = [pack(">I", len(part) - 4) + part + pack(">I", zlib.crc32(part)) for part in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        (png(1000, 1000, 8, 6), False),
        (png(1000, 1000, 16, 0), False),
        (png(1000, 1000, 16, 2), "1000x1000 pixels of 6 bytes are 6 MB, wanted at most 4 MB"),
        (png(1000, 1000, 16, 4), "1000x1000 pixels of 8 bytes are 8 MB"),
        (png(1001, 1000, 1, 0), "1001x1000 is 1.001 megapixels, wanted at most 1"),
    ],
)
def test_bytes_are_bounded_before_decoding(tmp_path, content, refused):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(InputError, match=refused or "damaged or truncated PNG data"):
        io.read_raw(tmp_path / "x.png", max_megapixels=1)


@pytest.mark.parametrize(("dtype", "fits"), [(np.uint8, True), (np.uint16, False), (np.float32, False), (float, False)])
def test_bytes_of_a_tiff_are_bounded(tmp_path, dtype, fits):
    cv2.imwrite(str(tmp_path / "x.tif"), np.zeros((100, 100, 3), dtype))
    if fits:
        assert io.read_raw(tmp_path / "x.tif", max_megapixels=0.01).pixels.shape == (100, 100, 3)
    else:
        with pytest.raises(InputError, match=r"bytes are 0\..* MB, wanted at most 0.04 MB"):
            io.read_raw(tmp_path / "x.tif", max_megapixels=0.01)


@pytest.mark.parametrize("parts", [1, 50])
def test_channels_and_parts_of_an_exr_are_bounded(tmp_path, parts):
    OpenEXR = pytest.importorskip("OpenEXR")
    header = {"type": OpenEXR.scanlineimage}
    plane = np.zeros((100, 100), np.float32)
    planes = {f"x.{i}": plane for i in range(200 // parts)} | {"Y": plane}
    stream = memory.BytesIO()
    OpenEXR.File([OpenEXR.Part(dict(header), dict(planes), f"part {i}") for i in range(parts)]).write(stream)
    (tmp_path / "x.exr").write_bytes(stream.getvalue())
    with pytest.raises(InputError, match=r"100x100 pixels of \d{3,4} bytes are .* wanted at most 4 MB"):
        io.read_raw(tmp_path / "x.exr", max_megapixels=1)
    assert io.read_size(tmp_path / "x.exr") == (100, 100)


@pytest.mark.parametrize(
    "tag",
    [
        tiff.Tag.WIDTH,
        tiff.Tag.HEIGHT,
        tiff.Tag.BITS_PER_SAMPLE,
        tiff.Tag.SAMPLES_PER_PIXEL,
        tiff.Tag.STRIP_OFFSETS,
        tiff.Tag.COMPRESSION,
    ],
)
def test_sizes_of_a_tiff_that_are_no_numbers_are_one_line(tmp_path, tag):
    """Text, rational numbers, negative and infinite ones in the place of each tag."""
    data = bytearray(cv2.imencode(".tif", np.zeros((4, 4, 3), np.uint8))[1].tobytes())
    (start,) = unpack_from("<I", data, 4)
    (count,) = unpack_from("<H", data, start)
    (at,) = (at for at in range(start + 2, start + 2 + 12 * count, 12) if unpack_from("<H", data, at)[0] == tag)
    values = [b"-9\0\0", b"12\0\0", pack("<f", float("inf")), pack("<i", -9), bytes(4)]
    for kind, value, reader in itertools.product([2, 3, 4, 5, 9, 11, 12, 99], values, READERS):
        data[at + 2 : at + 4], data[at + 8 : at + 12] = pack("<H", kind), value
        (tmp_path / "x.tif").write_bytes(data)
        try:
            reader(tmp_path / "x.tif")
        except MattekitError as error:
            assert str(error).startswith(f"{tmp_path}/x.tif: ") and "\n" not in str(error)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("suffix", [".tif", ".exr"])
def test_values_that_are_not_finite_are_told_of_the_file_they_are_in(tmp_path, suffix, value):
    """Else they become NaN in the alpha, and the output is blamed; no warning of NumPy's comes before."""
    pixels = np.full((4, 5, 3), 0.5)
    pixels[0, :2] = value
    if suffix == ".tif":
        cv2.imwrite(str(tmp_path / "x.tif"), pixels)
    else:
        OpenEXR = pytest.importorskip("OpenEXR")
        with np.errstate(over="ignore"):
            planes = dict(zip("RGB", np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32), strict=True))
        OpenEXR.File({"type": OpenEXR.scanlineimage}, planes).write(str(tmp_path / "x.exr"))
    for reader in (io.read_raw, io.read_image, io.read_alpha, io.read_trimap):
        with pytest.raises(InputError, match=f"^{tmp_path}/x{suffix}: 6 values are NaN or infinite, wanted numbers"):
            reader(tmp_path / f"x{suffix}")


def test_a_trimap_takes_some_bytes_a_pixel_and_not_twenty(tmp_path):
    """An alpha and a trimap in floats are 8 bytes, masks and levels some more: 3.2 GB at the pixel limit."""
    cv2.imwrite(str(tmp_path / "a.png"), np.repeat(np.uint8([[0] * 3000 + [90] * 1000 + [255] * 2000]), 3000, axis=0))
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((50, 50), np.uint8))
    code = (
        "import resource; from pathlib import Path; from mattekit.jobs.trimap import TrimapJob, make\n"
        "def made(name):\n"
        "    make(TrimapJob(name=name, source=Path(name), targets={'trimap': Path('out.png')}, remove_strays=4))\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "print(-(made('small.png') - made('a.png')) / 18e6)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 15
