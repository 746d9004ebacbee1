"""Run a network on an image whole or in tiles, as the memory allows, and compute only tiles with unknown pixels."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mattekit import progress
from mattekit.errors import InputError, is_out_of_memory
from mattekit.tiling import memory
from mattekit.tiling.context import TileContext, Window, collect_global_context, dependency_stages
from mattekit.tiling.global_layers import GlobalLayer, overridden
from mattekit.tiling.tiles import Tile, needed_margin, spans

log = logging.getLogger("mattekit")

OVERLAP = 256  # pixels; tests/benchmarks/bench_tiling.py measures this and others
SIDES = (1024, 768, 512)  # of tiles, in the order in which they are tried; smaller ones see too little
SHARE = 0.25  # of the available memory that a tile may take when tiles are needed
BUDGET = 3 << 30  # bytes that are enough where tiles are needed, however many are available
PLENTY = 1 << 12  # bytes a pixel, more than any network here takes: with so much available, nothing is measured
PROBE = 512  # side of the input whose memory is measured; a smaller one overestimates

Decode = Callable[[Any], Tensor]  # of what `encode` returns: (1, planes, h, w)
Setting = int | str  # side of tiles in pixels, "auto" or "off"


class Tiling:
    """Runs a network on a prepared image whole or in tiles.

    The alpha in tiles is that of the whole image, up to what the network sees beyond a tile's overlap; see the
    package's text.

    Parameters
    ----------
    network : nn.Module
        Has `encode`, `decode` and `stride`.
    device : str
        Where the network is.
    tile : "auto", "off" or int
        Tiles of that side; "auto" takes tiles where the image would need more memory than is available, or on a CPU, if
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
        self.stride = network.stride
        self._memory: int | None = None
        self._order: list[list[GlobalLayer]] | None = None
        self._margin: int | None = None

    def __call__(self, window: Window, unknown: np.ndarray) -> np.ndarray:
        """Return the raw alpha (H, W) float32, 0 in tiles without unknown pixels.

        Parameters
        ----------
        window : function of rows and columns
            Returns that part of the network's input, (1, C, h, w), on the network's device.
        unknown : (H, W) bool

        Raises
        ------
        InputError
            If the overlap does not fit the tiles.
        MemoryError, torch.OutOfMemoryError, RuntimeError
            If memory runs out with the smallest tiles, too.
        """
        return self._smaller_until_it_fits(window, unknown, self.network.decode)[0]

    def layers(self, window: Window, size: tuple[int, int]) -> np.ndarray:
        """Return all of a network's `outputs`, (planes, H, W) float32, everywhere; arguments and errors as above."""
        return self._smaller_until_it_fits(window, np.ones(size, bool), self.network.decode_layers)

    def _smaller_until_it_fits(self, window: Window, unknown: np.ndarray, decode: Decode) -> np.ndarray:
        """Return what `decode` gives, (planes, H, W), in tiles that get smaller while memory runs out."""
        sides = self._sides(window, unknown.shape)
        for side, smaller in zip(sides, [*sides[1:], None], strict=True):
            try:
                with torch.inference_mode():
                    return self._run(window, unknown, side, decode)
            except Exception as error:
                if smaller is None or not is_out_of_memory(error):
                    raise
            log.warning("out of memory; now in tiles of %d pixels.", smaller)
            if self.device.startswith("cuda"):
                torch.cuda.empty_cache()
        raise AssertionError("one side at least is tried")

    def fits(self, window: Window, size: tuple[int, int], count: int) -> bool:
        """Whether so many images of a size fit the memory at once, each whole."""
        if self.tile != "auto":
            return self.tile == "off"
        pixels = count * size[0] * size[1]
        return pixels * self._bytes_per_pixel(window, size) <= memory.allowed(self.device, pixels)

    def _sides(self, window: Window, size: tuple[int, int]) -> list[int]:
        """Sides of tiles in the order in which they are tried; the whole image is a tile of its longer side."""
        if self.tile == "off":
            return [max(size)]
        if isinstance(self.tile, int):
            return [self.tile, *(side for side in SIDES if side < self.tile and self._fits(side))]
        smaller = [side for side in SIDES if side < max(size) and self._fits(side)]
        if not smaller:
            return [max(size)]
        available = memory.allowed(self.device, size[0] * size[1])
        if PLENTY * size[0] * size[1] <= available:
            return [max(size), *smaller]
        each = self._bytes_per_pixel(window, size)
        needed = each * size[0] * size[1]
        log.info("%d MB needed for the whole image, %d MB available.", needed >> 20, available >> 20)
        if needed <= available:
            return [max(size), *smaller]
        within = [side for side in smaller if each * side**2 <= SHARE * min(available, BUDGET)] or smaller[-1:]
        log.info("in tiles of %d pixels.", within[0])
        return within

    def _fits(self, side: int) -> bool:
        """Whether such tiles are larger than the overlap."""
        return self.overlap is None or self.overlap <= side - self.stride

    def _bytes_per_pixel(self, window: Window, size: tuple[int, int]) -> int:
        """Memory that the network takes while it runs; measured once, with a part of the first image."""
        if self._memory is None:
            x = window(*(slice(0, min(PROBE // self.stride * self.stride + side % self.stride, side)) for side in size))
            with torch.inference_mode():
                self._memory = memory.bytes_per_pixel(
                    lambda: self.network.decode(self.network.encode(x)), x.shape[2] * x.shape[3]
                )
        return self._memory

    def _run(self, window: Window, unknown: np.ndarray, side: int, decode: Decode) -> np.ndarray:
        overlap = min(OVERLAP, side // 2) if self.overlap is None else self.overlap
        tiles = self._tiles(unknown.shape, side, overlap)
        if len(tiles) == 1:
            return self._compute(window(slice(None), slice(None)), decode)
        needed = [(rows, columns) for rows, columns in tiles if unknown[rows.blend, columns.blend].any()]
        log.info("%d of %d tiles have unknown pixels.", len(needed), len(tiles))
        close = self._tiles(unknown.shape, side, overlap // 2)
        self._check_margin(window, side, overlap)
        contexts = collect_global_context(self.network, self._stages(window), window, (tiles, close), unknown.shape)
        whole = np.zeros((1, *unknown.shape), np.float32)
        for count, (rows, columns) in enumerate(needed):
            progress.report("tiles", count, len(needed))
            with overridden(contexts, TileContext((rows, columns), contexts)):
                y = self._compute(window(rows.input, columns.input), decode)
            if len(y) > len(whole):
                whole = np.zeros((len(y), *unknown.shape), np.float32)
            y = y[:, _within(rows.blend, rows.input), _within(columns.blend, columns.input)]
            whole[:, rows.blend, columns.blend] += np.outer(rows.weights, columns.weights) * y
        return whole

    def _check_margin(self, window: Window, side: int, overlap: int) -> None:
        """Log a warning, once, if tiles of a chosen size see less around what they own than the network needs."""
        if self._margin is not None or (self.tile == "auto" and self.overlap is None):
            return
        self._margin = needed_margin(self.network, self._corner(window))
        if overlap < 2 * self._margin:
            log.warning(
                "tiles of %d pixels overlap by %d, but this network needs about %d for the alpha of the whole image.",
                *(side, overlap, 2 * self._margin),
                extra={"remedy": "tile"},
            )

    def _corner(self, window: Window) -> Tensor:
        """Return a small input, of a size that the network takes."""
        return window(slice(0, 2 * self.stride), slice(0, 2 * self.stride))

    def _compute(self, x: Tensor, decode: Decode) -> np.ndarray:
        return decode(self.network.encode(x))[0].float().cpu().numpy()

    def _tiles(self, size: tuple[int, int], side: int, overlap: int) -> list[Tile]:
        down, across = (spans(length, side, overlap, self.stride) for length in size)
        return [(rows, columns) for rows in down for columns in across]

    def _stages(self, window: Window) -> list[list[GlobalLayer]]:
        """Order of the global layers; found once."""
        if self._order is None:
            x = self._corner(window)
            noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)).to(x)
            self._order = dependency_stages(self.network, noise)
        return self._order


def _within(part: slice, whole: slice) -> slice:
    return slice(part.start - whole.start, part.stop - whole.start)
