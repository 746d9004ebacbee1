"""Reading idx files, the format of MNIST and Fashion-MNIST: a header, then numbers, perhaps all of it gzipped.

The header is four bytes (0, 0, the type of the numbers, how many dimensions) and each dimension as a big-endian
32-bit number (Yann LeCun, "The MNIST database of handwritten digits", section "File formats").
"""

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mattekit.errors import InputError, MissingFileError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
LARGEST = 1 << 31  # bytes; what a damaged header asks for is not tried
SPLITS = {"train": "train-images", "test": "t10k-images"}  # as the files of MNIST are named
ENDINGS = ("-idx3-ubyte", ".idx3-ubyte")  # published, and as some tools unpack it


def read_idx(path: Path) -> np.ndarray:
    """The numbers of an idx file, of any type and number of dimensions, in this machine's byte order.

    Parameters
    ----------
    path : Path
        A file as it is or gzipped, which its first bytes say.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no idx file, or holds fewer or more numbers than its header says.
    """
    if not path.is_file():
        raise MissingFileError(f"{path}: no such file. Check the path.")
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if zipped else path.open("rb") as file:
            return _parse(path, file)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: a damaged gzip file ({error}). Fetch it again.") from error


def _parse(path: Path, file: BinaryIO) -> np.ndarray:
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES:
        raise InputError(f"{path}: begins with {start.hex() or 'nothing'}, wanted 0000 and a type: no idx file.")
    kind, axes = np.dtype(TYPES[start[2]]), file.read(4 * start[3])
    if len(axes) < 4 * start[3]:
        raise InputError(f"{path}: ends within its header. Fetch it again.")
    shape = tuple(np.frombuffer(axes, ">u4").tolist())
    wanted = math.prod(shape) * kind.itemsize
    if wanted > LARGEST:
        raise InputError(f"{path}: {'x'.join(map(str, shape))} numbers, more than 2 GiB. Is the file damaged?")
    data = file.read(wanted + 1)
    if len(data) != wanted:
        found = f"{len(data)} bytes" if len(data) < wanted else "more"
        raise InputError(f"{path}: {found}, wanted {wanted} for {'x'.join(map(str, shape))} numbers. Fetch it again.")
    return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="))


def read_images(folder: Path, split: str) -> np.ndarray:
    """The images of MNIST, Fashion-MNIST or any set whose files are named like theirs: (N, H, W) uint8.

    Parameters
    ----------
    folder : Path
        Has "train-images-idx3-ubyte" and "t10k-images-idx3-ubyte", or with ".gz" at their end.
    split : "train" or "test"

    Raises
    ------
    MissingFileError
        If there is no such file; the message says which names were looked for.
    InputError
        If the file is damaged, or holds no images of 8 bits.
    """
    names = [SPLITS[split] + ending + zipped for ending in ENDINGS for zipped in ("", ".gz")]
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        raise MissingFileError(f"{folder}: no {names[0]}, gzipped or not. Give the folder that holds MNIST's files.")
    images = read_idx(path)
    if images.ndim != 3 or images.dtype != np.uint8 or not images.size:
        raise InputError(f"{path}: {images.dtype} of shape {images.shape}, wanted images, uint8 (N, H, W).")
    return images
