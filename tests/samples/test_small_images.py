"""idx files are read as their header says, and refused where they hold something else."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mattekit.errors import InputError, MissingFileError
from mattekit.samples.small_images import read_idx, read_images

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def encoded(array):
    """An idx file by its definition: big-endian header and numbers."""
    code = CODES[array.dtype.str[1:]]
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@given(st.sampled_from(sorted(CODES)), st.lists(st.integers(0, 4), max_size=4), st.booleans(), st.integers(0, 99))
def test_every_type_and_shape_is_read(tmp_path_factory, kind, shape, zipped, seed):
    array = np.random.default_rng(seed).integers(0, 100, shape).astype(kind)
    path = tmp_path_factory.mktemp("idx") / "numbers"
    path.write_bytes(gzip.compress(encoded(array)) if zipped else encoded(array))
    found = read_idx(path)
    assert found.dtype == np.dtype(kind) and found.shape == tuple(shape) and (found == array).all()


IMAGES = np.arange(5 * 3 * 4, dtype=np.uint8).reshape(5, 3, 4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "begins with nothing, wanted 0000 and a type: no idx file"),
        (b"\x89PNG\r\n", "begins with 89504e47"),
        (encoded(IMAGES)[:10], "ends within its header"),
        (encoded(IMAGES)[:-7], "53 bytes, wanted 60 for 5x3x4 numbers"),
        (encoded(IMAGES) + b"x", "more, wanted 60 for 5x3x4"),
        (struct.pack(">BBBB3I", 0, 0, 8, 3, 1 << 20, 1 << 10, 1 << 10), "more than 2 GiB"),
        (gzip.compress(encoded(IMAGES), mtime=0)[:-12], "damaged gzip file"),
    ],
)
def test_damage_is_named(tmp_path, data, message):
    (tmp_path / "train").write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_idx(tmp_path / "train")


@pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz", "t10k-images.idx3-ubyte"])
def test_images_are_found_by_mnists_names(tmp_path, name):
    data = encoded(IMAGES)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert (read_images(tmp_path, "test") == IMAGES).all()
    with pytest.raises(MissingFileError, match="no train-images-idx3-ubyte, gzipped or not"):
        read_images(tmp_path, "train")


def test_labels_are_no_images(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(encoded(np.arange(5, dtype=np.uint8)))
    with pytest.raises(InputError, match=r"uint8 of shape \(5,\), wanted images"):
        read_images(tmp_path, "train")
