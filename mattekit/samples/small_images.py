"""Small grey images to reconstruct: idx files, the format of MNIST and Fashion-MNIST, and digits and shapes drawn here.

The header is four bytes (0, 0, the type of the numbers, how many dimensions) and each dimension as a big-endian
32-bit number (Yann LeCun, "The MNIST database of handwritten digits", section "File formats").
"""

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from mattekit.errors import InputError, MissingFileError
from mattekit.files import missing

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
LARGEST = 1 << 31  # bytes; what a damaged header asks for is not tried
SPLITS = {"train": "train-images", "test": "t10k-images"}  # as the files of MNIST are named
ENDINGS = ("-idx3-ubyte", ".idx3-ubyte")  # published, and as some tools unpack it
SIZE = 28  # pixels a side, as MNIST has
OVERSAMPLING = 4  # drawn at this multiple of SIZE and averaged, so that edges are as soft as those of scanned digits
FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
STREAMS = {"train": 0, "test": 1}  # of random numbers, so that no test image is a training image


def read_idx(path: Path) -> np.ndarray:
    """Read the numbers of an idx file, of any type and number of dimensions, in this machine's byte order.

    Parameters
    ----------
    path : Path
        A file as it is or gzipped, which its first bytes say.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is not an idx file, or holds fewer or more numbers than its header says.
    """
    if not path.is_file():
        raise missing(path)
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
        held = f"{len(data)} bytes" if len(data) < wanted else "more"
        raise InputError(f"{path}: {held}, wanted {wanted} for {'x'.join(map(str, shape))} numbers. Fetch it again.")
    return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="))


def read_images(folder: Path, split: str) -> np.ndarray:
    """Read the images of MNIST, Fashion-MNIST or any set with the same file names: (N, H, W) uint8.

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


def rendered_images(count: int, split: str = "train", *, seed: int = 0) -> np.ndarray:
    """Draw a set of images: digits, every other one a shape.

    Parameters
    ----------
    count : int
    split : "train" or "test"
    seed : int

    Returns
    -------
    (count, 28, 28) uint8, light on black; image i is the same whatever `count` is
    """
    images = np.empty((count, SIZE, SIZE), np.uint8)
    for i in range(count):
        rng = np.random.default_rng([seed, STREAMS[split], i])
        drawn = (digit if i % 2 == 0 else shape)(rng)
        images[i] = cv2.resize(drawn, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return images


def digit(rng: np.random.Generator) -> np.ndarray:
    """Draw a digit in one of six fonts, of random thickness, rotated, sheared and moved: (112, 112) uint8."""
    side = SIZE * OVERSAMPLING
    canvas, text, font = np.zeros((side, side), np.uint8), str(rng.integers(10)), FONTS[rng.integers(len(FONTS))]
    thickness = int(rng.integers(4, 13))
    (width, height), _ = cv2.getTextSize(text, font, 3, thickness)
    place = (side - width) // 2, (side + height) // 2
    cv2.putText(canvas, text, place, font, 3, int(rng.integers(180, 256)), thickness, cv2.LINE_AA)
    return cv2.warpAffine(canvas, _placement(rng, side), (side, side))


def shape(rng: np.random.Generator) -> np.ndarray:
    """Draw an ellipse, polygon, star or some lines, filled or outlined, evenly lit or not; returns as `digit`."""
    side = SIZE * OVERSAMPLING
    canvas, light = np.zeros((side, side), np.uint8), int(rng.integers(128, 256))
    draw = SHAPES[rng.integers(len(SHAPES))]
    draw(canvas, rng, light, -1 if rng.random() < 0.5 else int(rng.integers(3, 13)))
    if rng.random() < 0.5:  # from dark to light along some direction
        angle = rng.uniform(0, 2 * np.pi)
        x = np.linspace(-0.35, 0.35, side, dtype=np.float32)
        canvas = (canvas * (0.65 + x * np.cos(angle) + x[:, None] * np.sin(angle)).clip(0, 1)).astype(np.uint8)
    return cv2.warpAffine(canvas, _placement(rng, side), (side, side))


def _ellipse(canvas: np.ndarray, rng: np.random.Generator, light: int, thickness: int) -> None:
    middle, axes = (canvas.shape[1] // 2, canvas.shape[0] // 2), rng.integers(13, 43, 2).tolist()
    cv2.ellipse(canvas, middle, axes, 0, 0, 360, light, thickness, cv2.LINE_AA)


def _star(canvas: np.ndarray, rng: np.random.Generator, light: int, thickness: int) -> None:
    """Draw a polygon whose corners lie alternately on two circles, or on one: a star, or a regular polygon."""
    corners, outer = int(rng.integers(3, 9)), rng.uniform(22, 42)
    inner = outer if rng.random() < 0.5 else rng.uniform(0.3, 0.7) * outer
    turns = np.pi * np.arange(2 * corners) / corners
    radius = np.where(np.arange(2 * corners) % 2, inner * np.cos(np.pi / corners) if inner == outer else inner, outer)
    points = np.stack([np.cos(turns), np.sin(turns)], 1) * radius[:, None] + canvas.shape[0] / 2
    _polygon(canvas, points, light, thickness)


def _lines(canvas: np.ndarray, rng: np.random.Generator, light: int, thickness: int) -> None:
    for ends in rng.integers(10, canvas.shape[0] - 10, (int(rng.integers(2, 6)), 2, 2)).tolist():
        cv2.line(canvas, *ends, light, abs(thickness) + 2, cv2.LINE_AA)


def _polygon(canvas: np.ndarray, points: np.ndarray, light: int, thickness: int) -> None:
    points = np.rint(points).astype(np.int32)
    if thickness < 0:
        cv2.fillPoly(canvas, [points], light, cv2.LINE_AA)
    else:
        cv2.polylines(canvas, [points], True, light, thickness, cv2.LINE_AA)


SHAPES = (_ellipse, _star, _lines)


def _placement(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw an affine map (2, 3): rotation up to 20 degrees, shear, scaling and shift, about the centre."""
    angle, shear, scale = np.radians(rng.uniform(-20, 20)), rng.uniform(-0.25, 0.25), rng.uniform(0.75, 1.1)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = scale * np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]])
    middle = np.full(2, side / 2)
    return np.hstack([turn, (middle - turn @ middle + rng.uniform(-8, 8, 2))[:, None]])
