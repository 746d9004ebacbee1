"""Matting networks in ONNX files that others exported, as models run by onnxruntime."""

import logging
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mattekit.errors import WeightsError, is_out_of_memory
from mattekit.imaging.distance_maps import distance_maps
from mattekit.imaging.trimap import pin_known, reduced
from mattekit.inference.network import UNKNOWN
from mattekit.inference.onnx import device_of, open_session
from mattekit.inference.onnx_graph import read_graph, read_metadata
from mattekit.models.graph_inputs import Slot, slots, understood
from mattekit.models.graph_outputs import LAYERS, outputs, planes
from mattekit.models.graph_rule import GraphRule, rule_file, stated, written
from mattekit.models.model import Capabilities, Model
from mattekit.tiling import memory
from mattekit.tiling.tiles import spans

log = logging.getLogger("mattekit")

SMALLEST = 512  # pixels, the shorter side of a fixed size from which larger pictures are computed in tiles
LEAST = 0.01  # of the background that must be visible, so that its colour is told
SHARED = 4  # of a tile's side, the part that neighbours share unless told


class GraphModel(Model):
    """A matting graph in an ONNX file, of whatever inputs (`graph_inputs`) and outputs (`graph_outputs`).

    Parameters
    ----------
    path : str or Path
    device : "auto", "cpu", "cuda" or "cuda:1"
        "auto" is the CUDA device if this onnxruntime has one, else the CPU.
    tile : "auto", "off" or int
        Where the graph takes one size alone, larger pictures are computed in tiles of it, or, if it is small or with
        "off", reduced to it. Other graphs see the whole picture, or with a number tiles of that side.
    overlap : int, optional
        Of neighbouring tiles, in pixels.
    rule : GraphRule, optional
        In place of what lies beside the file or is found out.

    Raises
    ------
    MissingExtraError
        Without the package onnxruntime.
    InputError
        If the device is not there, or the file does not tell its use.
    MissingFileError, WeightsError
        If there is no such file, or it holds something else.
    """

    kind = "network in ONNX"

    def __init__(
        self,
        path: str | Path,
        *,
        device: str = "auto",
        tile: int | str = "auto",
        overlap: int | None = None,
        rule: GraphRule | None = None,
    ):
        self.path, self.name, self.device = Path(path), str(path), device
        self.placement = f"{device_of(device)}, by onnxruntime"
        graph = read_graph(self.path)
        self.files = [self.path, *_inside(self.path, graph.external)]
        self.rule = rule or stated(self.path, read_metadata(self.path)) or understood(self.path, graph)
        self.slots = slots(self.path, graph, self.rule)
        self.outputs = outputs(self.path, graph, self.rule)
        self.fixed, self.tile, self.overlap = self.slots[0].size, tile, overlap
        self.capabilities = Capabilities(tiles=True, devices=("cpu", "cuda"), layers=self.outputs.layers)
        self._noted = False

    def load(self) -> None:
        """Read the weights and let onnxruntime optimise the graph."""
        _ = self._session

    def alpha(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the alpha (H, W) of an image (H, W, 3) and a trimap (H, W); see `Model.alpha`.

        Raises
        ------
        WeightsError
            If the graph cannot be computed, or gives no alpha.
        """
        return pin_known(self._solved(image, trimap)[..., 0].clip(0, 1), trimap)

    def layers(self, image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return alpha, foreground and background; see `Model.layers`, and errors as of `alpha`.

        Where the graph gives no background, it is what remains of the image.
        """
        if not self.capabilities.layers:
            return super().layers(image, trimap)
        found = self._solved(image, trimap).clip(0, 1)
        alpha, fg = found[..., 0], found[..., 1:4]
        bg = found[..., 4:] if found.shape[2] > 4 else _remainder(image, alpha[..., None], fg)
        alpha = pin_known(alpha, trimap)
        fg[alpha == 1], bg[alpha == 0] = image[alpha == 1], image[alpha == 0]
        return alpha, fg, bg

    def _solved(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return raw planes (H, W, C), alpha first, the whole picture at once, reduced or in tiles."""
        side = self.tile if isinstance(self.tile, int) else None
        most = [own or side or length for own, length in zip(self.fixed, trimap.shape, strict=True)]
        if all(length <= limit for length, limit in zip(trimap.shape, most, strict=True)):
            return self._run(image, trimap)
        tiled = side or (self.tile == "auto" and min(most) >= SMALLEST)
        if None not in self.fixed:
            self._note("in tiles" if tiled else "reduced to that")
        return self._in_tiles(image, trimap, most) if tiled else self._reduced(image, trimap, most)

    def _note(self, how: str) -> None:
        if not self._noted:
            self._noted = True
            height, width = self.fixed
            log.warning("%s takes %dx%d pixels alone; larger pictures are computed %s.", self.name, width, height, how)

    def _reduced(self, image: np.ndarray, trimap: np.ndarray, most: list[int]) -> np.ndarray:
        height, width = trimap.shape
        scale = min(limit / length for length, limit in zip(trimap.shape, most, strict=True))
        small = max(1, int(width * scale)), max(1, int(height * scale))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        found = cv2.resize(self._run(image, reduced(trimap, small)), (width, height), interpolation=cv2.INTER_CUBIC)
        return found.reshape(height, width, -1)  # OpenCV drops a single plane

    def _in_tiles(self, image: np.ndarray, trimap: np.ndarray, most: list[int]) -> np.ndarray:
        """Compute the tiles with unknown pixels, and blend them."""
        shared = [limit // SHARED if self.overlap is None else min(self.overlap, limit - 1) for limit in most]
        cut = [spans(*each, 1) for each in zip(trimap.shape, most, shared, strict=True)]
        count = 1 if not self.outputs.layers else 4 if len(self.outputs.names) == 2 else LAYERS
        whole = np.zeros((*trimap.shape, count), np.float32)
        for rows in cut[0]:
            for columns in cut[1]:
                if (trimap[rows.blend, columns.blend] == 0.5).any():
                    found = self._run(image[rows.input, columns.input], trimap[rows.input, columns.input])
                    top, left = rows.blend.start - rows.input.start, columns.blend.start - columns.input.start
                    own = found[top : top + len(rows.weights), left : left + len(columns.weights)]
                    whole[rows.blend, columns.blend] += np.outer(rows.weights, columns.weights)[..., None] * own
        return whole

    def _run(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return raw planes (H, W, C) of a picture that the graph can take at once."""
        height, width = trimap.shape
        size = tuple(
            own or length + -length % self.rule.pad for own, length in zip(self.fixed, trimap.shape, strict=True)
        )
        session = self._session
        feeds = {slot.tensor.name: self._feed(slot, image, trimap, size) for slot in self.slots}
        try:
            found = session.run(self.outputs.names, feeds)
        except Exception as error:  # onnxruntime's own errors have no base in common
            if is_out_of_memory(error):
                raise
            if "allocate" in str(error).lower():  # onnxruntime has no type for it
                raise MemoryError(str(error)) from error
            reason = " ".join(str(error).split())[:300]
            raise WeightsError(f"{self.name}: cannot be computed for {size[1]}x{size[0]} pixels ({reason}).") from error
        return planes(self.path, found, self.outputs, self.rule, size)[:height, :width]

    def _feed(self, slot: Slot, image: np.ndarray, trimap: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Return the array for an input: its planes side by side, padded to a size."""
        planes = np.concatenate([self._planes(part, count, image, trimap) for part, count in slot.parts], 2)
        margins = [(0, whole - length) for whole, length in zip(size, trimap.shape, strict=True)]
        planes = np.pad(planes, [*margins, (0, 0)], mode="constant" if self.rule.fill == "zeros" else "reflect")
        planes = np.rint(planes).clip(0, 255) if slot.tensor.kind == "uint8" else planes
        planes = planes if slot.last else planes.transpose(2, 0, 1)
        planes = planes[:1] if len(slot.tensor.shape) == 3 else planes[None]
        return np.ascontiguousarray(planes, dtype=slot.tensor.kind)

    def _planes(self, part: str, count: int, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the planes (H, W, C) of a part of an input."""
        rule = self.rule
        if part in ("image", "plain"):
            ordered = (image[..., ::-1] if rule.order == "bgr" else image) * np.float32(rule.scale)
            return ordered if part == "plain" else (ordered - np.float32(rule.mean)) / np.float32(rule.std)
        if part == "distances":
            return distance_maps(trimap)
        if count == 1:
            return (np.where(trimap == 0.5, np.float32(UNKNOWN), trimap) * np.float32(rule.scale))[..., None]
        classes = (0, 1) if count == 2 else (0, 0.5, 1)
        return np.stack([trimap == value for value in classes], 2).astype(np.float32)

    @cached_property
    def _session(self) -> Any:
        needed, free = sum(file.stat().st_size for file in self.files), memory.available("cpu")
        if needed > free:
            raise WeightsError(
                f"{self.path}: {needed >> 20} MB of weights, {free >> 20} MB of memory available. Close other programs."
            )
        return open_session(self.path, self.device)


def _remainder(image: np.ndarray, alpha: np.ndarray, fg: np.ndarray) -> np.ndarray:
    """Return the background (H, W, 3) with which the two compose the image; where it is hidden, the image."""
    visible = 1 - alpha
    return np.where(visible > LEAST, (image - alpha * fg) / np.maximum(visible, LEAST), image).clip(0, 1)


def describe(path: str | Path) -> dict:
    """Return the fields of the graph's rule, its inputs and outputs, and "bytes"; errors as for `GraphModel`."""
    model = GraphModel(path, device="cpu")
    graph = read_graph(path)
    shapes = {"graph inputs": list(map(str, graph.inputs)), "graph outputs": list(map(str, graph.outputs))}
    beside = rule_file(model.path)
    told = str(beside) if beside.is_file() else "the file itself"
    size = sum(file.stat().st_size for file in model.files)
    return {**written(model.rule), **shapes, "told by": told, "bytes": size}


def _inside(path: Path, external: tuple[str, ...]) -> list[Path]:
    """Return the files in which weights lie; WeightsError if one is not in the graph's own folder, or not there."""
    folder = path.resolve().parent
    found = [folder / name for name in external]
    for name, file in zip(external, found, strict=True):
        if not name or not file.resolve().is_relative_to(folder):
            where = name[:100] or "a place that it does not name"
            raise WeightsError(f"{path}: weights in {where!r}, wanted a file of its own folder. Get the model anew.")
        if not file.is_file():
            raise WeightsError(f"{path}: its weights in {name!r} are missing. Copy that file beside it.")
    return found
