"""Colours of video: luma and chroma to RGB and back, by the matrix and the range that a frame states.

ITU-T H.273 names the matrices and defines the equations: 8.3, (36) to (46) for the range, (47) to (58) for the matrix.
"""

import logging
from typing import Any

import numpy as np

from mattekit.errors import InputError

log = logging.getLogger("mattekit")

BT709 = 1
UNSPECIFIED = 2
LIMITED, FULL = 1, 2  # values of `frame.color_range`
# matrix coefficients of H.273 -> weights of red and blue in luma
WEIGHTS = {
    BT709: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
LARGEST_SD = (576, 1279)  # height, width; larger pictures that state no matrix are taken for BT.709, as players do


def matrix_of(frame: Any, name: str) -> int:
    """Return the matrix of a frame that states one, else the one its size suggests; InputError for rare others."""
    matrix = int(frame.colorspace)
    if matrix in WEIGHTS:
        return matrix
    if matrix not in (0, UNSPECIFIED):
        raise InputError(f"{name}: colour matrix {matrix} of H.273, wanted BT.709, BT.601 or BT.2020. Convert it.")
    large = frame.height > LARGEST_SD[0] or frame.width > LARGEST_SD[1]
    return BT709 if large else 6


def is_full(frame: Any) -> bool:
    """Whether a frame's values fill the whole range: as it states, else for grey and for the formats of JPEG."""
    if int(frame.color_range) in (LIMITED, FULL):
        return int(frame.color_range) == FULL
    return frame.format.name.startswith(("gray", "yuvj"))


def scales(bits: int, full: bool) -> tuple[float, float, float, float]:
    """Return offset and extent of luma, and offset and extent of chroma, in values of so many bits."""
    if full:
        return 0.0, 2.0**bits - 1, 2.0 ** (bits - 1), 2.0**bits - 1
    step = 2.0 ** (bits - 8)
    return 16 * step, 219 * step, 128 * step, 224 * step


def to_rgb(matrix: int, bits: int, full: bool) -> np.ndarray:
    """Return the (3, 4) float64 matrix from stored (Y, Cb, Cr, 1) to RGB in 0..1."""
    red, blue = WEIGHTS[matrix]
    green = 1 - red - blue
    mixed = np.array(
        [
            [1, 0, 2 * (1 - red)],
            [1, -2 * (1 - blue) * blue / green, -2 * (1 - red) * red / green],
            [1, 2 * (1 - blue), 0],
        ]
    )
    low, extent, middle, reach = scales(bits, full)
    mixed = mixed / [extent, reach, reach]
    return np.column_stack([mixed, -mixed @ [low, middle, middle]])


def from_rgb(matrix: int, bits: int, full: bool) -> np.ndarray:
    """Return the (3, 4) float64 matrix from (R, G, B, 1) in 0..1 to stored Y, Cb, Cr."""
    forward = to_rgb(matrix, bits, full)
    back = np.linalg.inv(forward[:, :3])
    return np.column_stack([back, -back @ forward[:, 3]])
