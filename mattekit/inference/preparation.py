"""Preparations of whole images for networks: PREPARATIONS, by the names that files of weights carry.

The authors of every network tested it on whole images fitted to its stride, by resizing or padding in different ways.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from mattekit.errors import InputError

Size = tuple[int, int]  # height, width


class Preparation(NamedTuple):
    """A fitting of images to a network's input size, and its inverse for alphas.

    Attributes
    ----------
    prepare : function of image (H, W, 3) and trimap (H, W), both float32
        Returns the two in the input size.
    restore : function of raw alpha in the input size, float32, and size (H, W)
        Returns the alpha (H, W), not clipped everywhere.
    window : function of size (H, W)
        Returns the rows and columns of the input that are not padding.
    size : function of size (H, W)
        Returns the input size.
    """

    prepare: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
    restore: Callable[[np.ndarray, Size], np.ndarray]
    window: Callable[[Size], tuple[slice, slice]]
    size: Callable[[Size], Size]


def resizing(stride: int, extra: int = 0, interpolation: int = cv2.INTER_CUBIC) -> Preparation:
    """Resize each side up to a multiple of `stride`, plus `extra`: mostly bicubic, the trimap nearest (IndexNet).

    Proportions change a little. Resizing before the normalisation or after it, as the released code does, is the same
    but for rounding, since bicubic weights add up to 1.
    """

    def size(of: Size) -> Size:
        return tuple(side + -side % stride + extra for side in of)

    def prepare(image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = size(trimap.shape)
        return (
            cv2.resize(image, (width, height), interpolation=interpolation),
            cv2.resize(trimap, (width, height), interpolation=cv2.INTER_NEAREST),
        )

    def restore(alpha: np.ndarray, size: Size) -> np.ndarray:
        return cv2.resize(alpha, size[::-1], interpolation=interpolation)

    return Preparation(prepare, restore, lambda of: (slice(None), slice(None)), size)


def reflecting(stride: int) -> Preparation:
    """Reflect at the bottom and the right up to multiples of `stride`, without repeating the edge (A2U)."""

    def prepare(image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bottom, right = (-side % stride for side in trimap.shape)
        return _reflect(image, 0, bottom, 0, right), _reflect(trimap, 0, bottom, 0, right)

    def restore(alpha: np.ndarray, size: Size) -> np.ndarray:
        return alpha[window(size)]

    def window(size: Size) -> tuple[slice, slice]:
        return slice(0, size[0]), slice(0, size[1])

    return Preparation(prepare, restore, window, lambda of: tuple(side + -side % stride for side in of))


def filling(stride: int, colour: Sequence[float]) -> Preparation:
    """Pad at the bottom and the right up to multiples of `stride`, with a colour and known background (ViTMatte).

    With the mean that the image is normalised by, all four planes are padded with zeros.
    """
    rule = reflecting(stride)

    def prepare(image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = rule.size(trimap.shape)
        filled = np.empty((height, width, 3), np.float32), np.zeros((height, width), np.float32)
        filled[0][:] = colour
        for whole, part in zip(filled, (image, trimap), strict=True):
            whole[: trimap.shape[0], : trimap.shape[1]] = part
        return filled

    return rule._replace(prepare=prepare)


def bordered(stride: int) -> Preparation:
    """Reflect by `stride` on all sides, at the bottom and the right up to the next multiple of it (MatteFormer)."""

    def prepare(image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bottom, right = (stride + -side % stride for side in trimap.shape)
        return _reflect(image, stride, bottom, stride, right), _reflect(trimap, stride, bottom, stride, right)

    def restore(alpha: np.ndarray, size: Size) -> np.ndarray:
        return alpha[window(size)]

    def window(size: Size) -> tuple[slice, slice]:
        return slice(stride, stride + size[0]), slice(stride, stride + size[1])

    return Preparation(prepare, restore, window, lambda of: tuple(side + -side % stride + 2 * stride for side in of))


RING_CAP = 2176  # longest side that LSA's network sees; each side is capped by itself
RING_STRIDE = 64
RING = 16  # width of the ring of reflections, and of the ring of zeros around it


def _ring(image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # The released code rounds a capped image to 8 bits before all else; here it stays as it is.
    height, width = capped = _capped(trimap.shape)
    if capped != trimap.shape:
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        trimap = cv2.resize(trimap, (width, height), interpolation=cv2.INTER_NEAREST)
    bottom, right = -height % RING_STRIDE, -width % RING_STRIDE
    # In two steps: the ring reflects what the first has reflected.
    image, trimap = (_reflect(_reflect(a, 0, bottom, 0, right), *[RING] * 4) for a in (image, trimap))
    return tuple(cv2.copyMakeBorder(a, *[RING] * 4, cv2.BORDER_CONSTANT, value=0) for a in (image, trimap))


def _unring(alpha: np.ndarray, size: Size) -> np.ndarray:
    alpha = alpha[_inside(size)].clip(0, 1)
    return alpha if alpha.shape == size else cv2.resize(alpha, size[::-1], interpolation=cv2.INTER_LINEAR)


def _inside(size: Size) -> tuple[slice, slice]:
    height, width = _capped(size)
    return slice(2 * RING, 2 * RING + height), slice(2 * RING, 2 * RING + width)


def _ringed(size: Size) -> Size:
    return tuple(side + -side % RING_STRIDE + 4 * RING for side in _capped(size))


def _capped(size: Size) -> Size:
    return min(size[0], RING_CAP), min(size[1], RING_CAP)


def _reflect(array: np.ndarray, top: int, bottom: int, left: int, right: int) -> np.ndarray:
    return cv2.copyMakeBorder(array, top, bottom, left, right, cv2.BORDER_REFLECT_101)


MEAN = (0.485, 0.456, 0.406)  # ImageNet's
FILLED = (16, 32, 64)

PREPARATIONS = {
    "resize-32": resizing(32),  # IndexNet, Deep Image Matting
    "resize-16": resizing(16),
    "resize-16+1": resizing(16, 1),  # DeepLabv3+, for its corners on corners
    "resize-32+1": resizing(32, 1),  # RefineNet
    "lanczos-8": resizing(8, interpolation=cv2.INTER_LANCZOS4),  # FBA, whose code resizes the trimap so, too
    "reflect-16": reflecting(16),  # A2U
    "reflect-32": reflecting(32),  # GCA
    "border-32": bordered(32),
    "lsa-ring": Preparation(_ring, _unring, _inside, _ringed),
    **{f"zeros-{stride}": filling(stride, MEAN) for stride in FILLED},  # ViTMatte
}


def preparation(name: str, mean: Sequence[float] = MEAN) -> Preparation:
    """Find a preparation by its name; `mean`, which images are then normalised by, is what some pad with.

    Raises
    ------
    InputError
        If none has that name.
    """
    if name not in PREPARATIONS:
        raise InputError(f"unknown preparation {name!r}, wanted one of {', '.join(PREPARATIONS)}.")
    kind, _, stride = name.partition("-")
    return filling(int(stride), mean) if kind == "zeros" else PREPARATIONS[name]
