"""The tiles of an image: what of it each sees, what it owns, and where it is blended; and the margin that it needs."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.tiling.global_layers import GlobalLayer, global_layers, overridden

# Of the measurement of the margin.
CHANGED = 128  # columns of the input that are changed
WATCHED = 512  # columns beside them; a network that needs more is not for tiles
ROWS = 4  # of the input, times the network's stride
TOLERANCE = 0.03  # effect on a feature, relative to the effect inside the change, that is ignored


class Span(NamedTuple):
    """One side of a tile, in pixels of the network's input.

    Attributes
    ----------
    input : slice
        What the network sees.
    owned : slice
        What belongs to no other tile; it ends in the middle of the overlaps, at multiples of the stride.
    blend : slice
        Where the tile's alpha counts.
    weights : (n,) float32
        Weights of the alpha in the blend range; those of all tiles add up to 1.
    """

    input: slice
    owned: slice
    blend: slice
    weights: np.ndarray


Tile = tuple[Span, Span]  # rows, columns


def spans(length: int, size: int, overlap: int, stride: int) -> list[Span]:
    """Cut a side into spans that begin at multiples of the stride and end with the side.

    Neighbours share at least `overlap`. The seam is blended smoothly over the overlap's middle quarter; what lies
    further out is margin for the network, since near a tile's edge its output differs from that of the image.

    Parameters
    ----------
    length : int
        A multiple of the stride, or one more, which tiles then have too.
    size, overlap, stride : int
        In pixels; the size is rounded up to a multiple of the stride.

    Raises
    ------
    InputError
        If the overlap leaves less than a stride of a tile.
    """
    extra = length % stride
    size = -(-size // stride) * stride
    if size + extra >= length:
        return [Span(slice(0, length), slice(0, length), slice(0, length), np.ones(length, np.float32))]
    step = (size - overlap) // stride * stride
    if step < stride:
        raise InputError(f"tiles: an overlap of {overlap} in tiles of {size}, wanted at most {size - stride}.")
    room = length - extra - size
    number = -(-room // step) + 1
    starts = [round(i * room / (number - 1) / stride) * stride for i in range(number)]
    stops = [start + size + extra for start in starts]
    narrowest = min(b - a for a, b in zip(starts, starts[1:], strict=False))  # blends of tiny steps must not overlap
    seams = [_Seam(start, stop, narrowest, stride) for start, stop in zip(starts[1:], stops, strict=False)]
    return [
        _span(start, stop, before, after)
        for start, stop, before, after in zip(starts, stops, [None, *seams], [*seams, None], strict=True)
    ]


class _Seam:
    """The seam of two spans that share `start` to `stop`, blended over at most so many pixels."""

    def __init__(self, start: int, stop: int, most: int, stride: int):
        width = min((stop - start) // 4, most)
        self.first = (start + stop - width) // 2
        self.last = self.first + width
        self.middle = (start + stop + stride) // (2 * stride) * stride  # the nearest multiple of the stride
        t = (np.arange(width, dtype=np.float32) + 0.5) / max(width, 1)
        self.rise = t * t * (3 - 2 * t)


def _span(start: int, stop: int, before: _Seam | None, after: _Seam | None) -> Span:
    blend = slice(before.first if before else start, after.last if after else stop)
    owned = slice(before.middle if before else start, after.middle if after else stop)
    weights = np.ones(blend.stop - blend.start, np.float32)
    if before:
        weights[: len(before.rise)] *= before.rise
    if after:
        weights[len(weights) - len(after.rise) :] *= 1 - after.rise
    return Span(slice(start, stop), owned, blend, weights)


def needed_margin(network: nn.Module, x: Tensor) -> int:
    """Return the distance in pixels up to which a change of the input has a noticeable effect.

    The contexts of global layers are held, since tiles get those of the whole image. Looked at are the output and the
    inputs of the global layers, from which the contexts are collected. Noise stands for the image, random or trained
    weights alike.

    Parameters
    ----------
    network : nn.Module
        Has `encode`, `decode` and `stride`.
    x : (1, C, h, w)
        Any input; gives the number of channels, type and device.

    Returns
    -------
    int
        A multiple of the scale of a feature map; `WATCHED` at most.
    """
    before, contexts = _features(network, _noise(network, x, 0), {})
    changed = _noise(network, x, 0)
    changed[..., :CHANGED] = _noise(network, x, 1)[..., :CHANGED]
    after, _ = _features(network, changed, contexts)
    return max(_distance(one, other) for one, other in zip(before, after, strict=True))


def _noise(network: nn.Module, x: Tensor, seed: int) -> Tensor:
    """Return patches with grain."""
    random, height, width = torch.Generator().manual_seed(seed), ROWS * network.stride, CHANGED + WATCHED
    patches = torch.randn(1, x.shape[1], -(-height // 16), -(-width // 16), generator=random)
    grain = torch.randn(1, x.shape[1], height, width, generator=random)
    return (F.interpolate(patches, (height, width)) + 0.2 * grain).to(x)


def _features(
    network: nn.Module, x: Tensor, held: dict[GlobalLayer, Tensor]
) -> tuple[list[Tensor], dict[GlobalLayer, Tensor]]:
    """Return the inputs of the global layers and the output, and the contexts, which are those held if any."""
    inputs, contexts = [], {}

    def override(layer: GlobalLayer, y: Tensor) -> Tensor:
        inputs.append(y)
        contexts[layer] = held[layer] if layer in held else layer.context(y)
        return contexts[layer]

    with torch.inference_mode(), overridden(global_layers(network), override):
        output = network.decode(network.encode(x))
    return [*inputs, output], contexts


def _distance(before: Tensor, after: Tensor) -> int:
    """Return the distance from the changed columns at which two feature maps no longer differ noticeably."""
    scale = round((CHANGED + WATCHED) / before.shape[3])
    effect = (after.float() - before.float()).abs().mean((0, 1, 2))
    inside = effect[: CHANGED // scale].mean()
    beyond = torch.nonzero(effect[CHANGED // scale :] > TOLERANCE * inside)
    return scale * (int(beyond.max()) + 1) if len(beyond) else 0
