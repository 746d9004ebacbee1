"""A look at the two ends of a file tells what the whole file tells."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mattekit.errors import InputError
from mattekit.imaging import io
from mattekit.imaging.codecs.probe import HEAD, probe

NOISE = np.random.default_rng(0).integers(0, 256, (300, 400, 4), np.uint8)  # does not compress: larger than the ends
KINDS = {
    "grey.png": NOISE[..., 0],
    "rgb.png": NOISE[..., :3],
    "rgba.png": NOISE,
    "deep.png": NOISE.astype(np.uint16) * 257,
    "rgb.jpg": NOISE[..., :3],
    "rgba.webp": NOISE,
    "rgb.webp": NOISE[..., :3],
    "rgba.tif": NOISE,
    "rgb.tif": NOISE[..., :3],
    "rgb.bmp": NOISE[..., :3],
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("side", [300, 20])
def test_size_and_alpha_of_every_format(tmp_path, name, side):
    io.write_raw(tmp_path / name, np.ascontiguousarray(KINDS[name][:side]))
    pixels = io.read_raw(tmp_path / name).pixels
    assert probe(tmp_path / name) == (pixels.shape[:2], pixels.ndim == 3 and pixels.shape[2] == 4)


@pytest.mark.parametrize("name", ["rgb.png", "rgb.jpg", "rgba.webp", "rgb.tif"])
@pytest.mark.parametrize("missing", [1, 5000])
def test_a_cut_file_is_told(tmp_path, name, missing):
    path = tmp_path / name
    io.write_raw(path, KINDS[name])
    data = path.read_bytes()
    path.write_bytes(data[:-missing])
    try:
        io.read_raw(path)
    except InputError:
        with pytest.raises(InputError, match="truncated|damaged"):
            probe(path)
    else:  # a mark of the end that is half there does not matter to a decoder
        assert missing == 1


def test_of_large_files_only_the_ends_are_read(tmp_path, monkeypatch):
    io.write_raw(tmp_path / "a.png", KINDS["rgb.png"])
    data = (tmp_path / "a.png").read_bytes()
    assert len(data) > 4 * HEAD
    broken = bytearray(data)
    broken[HEAD : -2 * HEAD] = bytes(len(data) - 3 * HEAD)  # which nobody looks at
    (tmp_path / "a.png").write_bytes(broken)
    assert probe(tmp_path / "a.png").size == (300, 400)


def test_metadata_that_is_longer_than_the_head_is_read_too(tmp_path):
    picture = Image.fromarray(np.ascontiguousarray(NOISE[..., :3]))
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    for name, options in {"a.jpg": dict(quality=100, icc_profile=bytes(100_000)), "a.png": {}}.items():
        picture.save(tmp_path / name, exif=exif, **options)
        assert probe(tmp_path / name).size == io.read_size(tmp_path / name) == (400, 300)


def test_a_palette_with_transparency_has_an_alpha(tmp_path):
    picture = Image.fromarray(NOISE[:20, :20, 0] // 64).convert("P")
    picture.save(tmp_path / "a.png", transparency=0)
    assert probe(tmp_path / "a.png").alpha and io.read_raw(tmp_path / "a.png").pixels.shape[2] == 4
    cv2.imwrite(str(tmp_path / "b.png"), NOISE[:20, :20, 0])
    assert not probe(tmp_path / "b.png").alpha


def test_what_is_no_image_is_told(tmp_path):
    (tmp_path / "a.png").write_text("words")
    with pytest.raises(InputError, match="not an image"):
        probe(tmp_path / "a.png")
    with pytest.raises(OSError):
        probe(tmp_path / "none.png")
