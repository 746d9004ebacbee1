import os

import numpy as np

from mattekit.samples.sources.files import PixelCache


def reading(path):
    reading.times += 1
    pixels = np.frombuffer(path.read_bytes(), np.uint8)
    return pixels, 255 - pixels


def setup(tmp_path):
    (tmp_path / "file").write_bytes(b"pixels")
    reading.times = 0
    return tmp_path / "file", PixelCache(tmp_path / "cache")


def test_a_file_is_read_once(tmp_path):
    path, decoded = setup(tmp_path)
    for _ in range(3):
        first, second = decoded.read(reading, path, parts=2)
        assert first.tobytes() == b"pixels" and np.array_equal(second, 255 - first)
    assert reading.times == 1
    PixelCache(tmp_path / "cache").read(reading, path, parts=2)
    assert reading.times == 1


def test_a_changed_file_is_read_again(tmp_path):
    path, decoded = setup(tmp_path)
    decoded.read(reading, path, parts=2)
    path.write_bytes(b"others")
    os.utime(path, ns=(1, 1))
    assert decoded.read(reading, path, parts=2)[0].tobytes() == b"others"


def test_what_is_done_to_kept_pixels_stays_here(tmp_path):
    path, decoded = setup(tmp_path)
    decoded.read(reading, path, parts=2)
    decoded.read(reading, path, parts=2)[0][:] = 0
    assert decoded.read(reading, path, parts=2)[0].tobytes() == b"pixels"


def test_a_damaged_entry_is_made_anew(tmp_path):
    path, decoded = setup(tmp_path)
    decoded.read(reading, path, parts=2)
    for entry in (tmp_path / "cache").iterdir():
        entry.write_bytes(entry.read_bytes()[:20])
    assert decoded.read(reading, path, parts=2)[0].tobytes() == b"pixels"
    decoded.read(reading, path, parts=2)
    assert reading.times == 2


def test_without_a_folder_nothing_is_kept(tmp_path):
    path, _ = setup(tmp_path)
    for _ in range(2):
        PixelCache(None).read(reading, path, parts=2)
    assert reading.times == 2 and sorted(each.name for each in tmp_path.iterdir()) == ["file"]


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path, caplog):
    path, _ = setup(tmp_path)
    decoded = PixelCache(path / "no folder")
    for _ in range(2):
        assert decoded.read(reading, path, parts=2)[0].tobytes() == b"pixels"
    assert len(caplog.messages) == 1 and "cannot be kept" in caplog.text
