"""Networks on images larger than memory: tile by tile, only where something is unknown, as if in one piece."""

import logging

import numpy as np
import torch
from torch import Tensor, nn

from mattekit.errors import InputError, is_out_of_memory
from mattekit.inference import memory
from mattekit.inference.survey import Answers, Tile, Window, stages, survey
from mattekit.inference.tiles import spans
from mattekit.operators.whole import attached

log = logging.getLogger("mattekit")

OVERLAP = 256  # pixels; tests/benchmarks/bench_tiling.py shows what it and others give
SIDES = (1024, 768, 512)  # of tiles, in the order in which they are tried; smaller ones see too little
SHARE = 0.25  # of the memory that may be had, that a tile may take when tiles are needed
BUDGET = 3 << 30  # bytes that are enough where tiles are needed, however much is there
PLENTY = 1 << 12  # bytes a pixel, more than any network here takes: where there is so much, nothing is counted
PROBE = 512  # side of what is run to count; the smaller, the more it is too much

Setting = int | str  # side of tiles in pixels, "auto" or "off"


class Tiling:
    """Runs a network on a prepared image whole or in tiles, whatever the memory allows.

    Layers that look at the whole image get the whole image's view first, by passes over all tiles (`survey`). Then only
    tiles in which something is unknown are run. So alphas are those of the whole image, up to what the network sees
    beyond a tile's overlap.

    Parameters
    ----------
    network : nn.Module
        Has `encode`, `decode` and `stride`.
    device : str
        Where it runs.
    tile : "auto", "off" or int
        Tiles of that side; "auto" takes tiles where the image would need more memory than there is, or on a CPU, if
        larger than 4 megapixels, than half of it. Where memory runs out nevertheless, smaller ones are taken, with a
        note; "off" never takes any.
    overlap : int, optional
        Of neighbouring tiles, in pixels; 256, or half a tile if that is less.

    Raises
    ------
    InputError
        If `tile` or `overlap` is something else.
    """

    def __init__(self, network: nn.Module, device: str, *, tile: Setting = "auto", overlap: int | None = None):
        if tile not in ("auto", "off") and not (isinstance(tile, int) and tile > 0):
            raise InputError(f"tile: {tile!r}, wanted auto, off or a number of pixels.")
        if overlap is not None and overlap < 0:
            raise InputError(f"overlap: {overlap}, wanted a number of pixels.")
        self.network, self.device, self.tile, self.overlap = network, device, tile, overlap
        self.stride = getattr(network, "stride", 1)
        self._each: int | None = None
        self._found: list | None = None

    def __call__(self, window: Window, unknown: np.ndarray) -> np.ndarray:
        """Raw alpha (H, W) float32, 0 in tiles without unknown pixels.

        Parameters
        ----------
        window : function of rows and columns
            That part of the network's input, (1, C, h, w), where the network is.
        unknown : (H, W) bool

        Raises
        ------
        InputError
            If the overlap does not fit the tiles.
        MemoryError, torch.OutOfMemoryError, RuntimeError
            If memory runs out with the smallest tiles, too.
        """
        sides = self._sides(window, unknown.shape)
        for side, smaller in zip(sides, [*sides[1:], None], strict=True):
            try:
                with torch.inference_mode():
                    return self._run(window, unknown, side)
            except Exception as error:
                if smaller is None or not is_out_of_memory(error):
                    raise
            log.warning("out of memory; now in tiles of %d pixels.", smaller)
            if self.device.startswith("cuda"):
                torch.cuda.empty_cache()
        raise AssertionError("one side at least is tried")

    def fits(self, window: Window, size: tuple[int, int], count: int) -> bool:
        """Whether the network can have so many images of a size at once, each whole."""
        if self.tile != "auto":
            return self.tile == "off"
        pixels = count * size[0] * size[1]
        return pixels * self._bytes_per_pixel(window, size) <= memory.allowed(self.device, pixels)

    def _sides(self, window: Window, size: tuple[int, int]) -> list[int]:
        """Of tiles, in the order in which they are tried; the whole image is a tile of its longer side."""
        if self.tile == "off":
            return [max(size)]
        if isinstance(self.tile, int):
            return [self.tile, *(side for side in SIDES if side < self.tile and self._fits(side))]
        smaller = [side for side in SIDES if side < max(size) and self._fits(side)]
        if not smaller:
            return [max(size)]
        there = memory.allowed(self.device, size[0] * size[1])
        if PLENTY * size[0] * size[1] <= there:
            return [max(size), *smaller]
        each = self._bytes_per_pixel(window, size)
        wanted = each * size[0] * size[1]
        log.info("%d MB needed for the whole image, %d MB may be had.", wanted >> 20, there >> 20)
        if wanted <= there:
            return [max(size), *smaller]
        within = [side for side in smaller if each * side**2 <= SHARE * min(there, BUDGET)] or smaller[-1:]
        log.info("in tiles of %d pixels.", within[0])
        return within

    def _fits(self, side: int) -> bool:
        """Whether the overlap leaves something of such tiles."""
        return self.overlap is None or self.overlap <= side - self.stride

    def _bytes_per_pixel(self, window: Window, size: tuple[int, int]) -> int:
        """What the network takes while it runs; counted once, with a part of the first image."""
        if self._each is None:
            x = window(*(slice(0, min(PROBE // self.stride * self.stride + side % self.stride, side)) for side in size))
            with torch.inference_mode():
                self._each = memory.bytes_per_pixel(
                    lambda: self.network.decode(self.network.encode(x)), x.shape[2] * x.shape[3]
                )
        return self._each

    def _run(self, window: Window, unknown: np.ndarray, side: int) -> np.ndarray:
        overlap = min(OVERLAP, side // 2) if self.overlap is None else self.overlap
        tiles = self._tiles(unknown.shape, side, overlap)
        if len(tiles) == 1:
            return _array(self.network.decode(self.network.encode(window(slice(None), slice(None)))))
        asked = [(rows, columns) for rows, columns in tiles if unknown[rows.answered, columns.answered].any()]
        log.info("%d of %d tiles have unknown pixels.", len(asked), len(tiles))
        close = self._tiles(unknown.shape, side, overlap // 2)
        known = survey(self.network, self._stages(window), window, (tiles, close), unknown.shape)
        alpha = np.zeros(unknown.shape, np.float32)
        for rows, columns in asked:
            with attached(known, Answers((rows, columns), known)):
                y = _array(self.network.decode(self.network.encode(window(rows.seen, columns.seen))))
            y = y[rows.first - rows.start :, columns.first - columns.start :]
            weights = np.outer(rows.weights, columns.weights)
            alpha[rows.answered, columns.answered] += weights * y[: weights.shape[0], : weights.shape[1]]
        return alpha

    def _tiles(self, size: tuple[int, int], side: int, overlap: int) -> list[Tile]:
        down, across = (spans(length, side, overlap, self.stride) for length in size)
        return [(rows, columns) for rows in down for columns in across]

    def _stages(self, window: Window) -> list:
        """Of the layers that look at the whole image; found once."""
        if self._found is None:
            side = 2 * self.stride
            x = window(slice(0, side), slice(0, side))
            self._found = stages(self.network, torch.randn(x.shape, generator=torch.Generator().manual_seed(0)).to(x))
        return self._found


def _array(y: Tensor) -> np.ndarray:
    return y[0, 0].float().cpu().numpy()
