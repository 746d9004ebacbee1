"""A segmentation network, loaded and run: by onnxruntime where it is installed, else by OpenCV."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import cv2
import numpy as np

from mattekit.errors import InputError, MissingExtraError, WeightsError, is_out_of_memory
from mattekit.imaging.codecs.silence import silent_libraries
from mattekit.inference import onnx_graph
from mattekit.inference.graph import Graph, require_picture
from mattekit.trimap_sources.segmentation import tflite_graph
from mattekit.trimap_sources.segmentation.trial import require_survivors

LARGEST = 1 << 31  # bytes; protocol buffers, and so ONNX files, hold no more
READERS = {".onnx": onnx_graph.read_graph, ".tflite": tflite_graph.read_graph}
Runner = Callable[[np.ndarray], list[np.ndarray]]


class Network:
    """A network of a file, whose input and outputs are known at once and whose weights are read when it is loaded.

    Parameters
    ----------
    path : Path
        A .onnx file; or a .tflite file, as far as OpenCV computes its layers.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it is none of the two kinds.
    WeightsError
        If it is damaged, or its input is no RGB picture of floats.
    MissingExtraError
        If its weights lie in a file of their own, and onnxruntime is not installed.
    """

    def __init__(self, path: Path):
        self.path, suffix = path, path.suffix.lower()
        if suffix not in READERS:
            raise InputError(f"{path}: wanted a network's .onnx or .tflite file. Export it to one.")
        self.graph: Graph = READERS[suffix](path)
        if path.stat().st_size > LARGEST:
            raise WeightsError(f"{path}: more than 2 GB, wanted a network's file of at most that. Check the path.")
        require_picture(path, self.graph)
        self.by_onnxruntime = suffix == ".onnx" and has_onnxruntime()
        if self.graph.external and not self.by_onnxruntime:  # OpenCV would follow any path
            needed = 'Install onnxruntime, which reads them: pip install "mattekit[onnx]"'
            raise MissingExtraError(f"{path}: its weights lie in a file of their own. {needed}.")
        self._runner: Runner | None = None
        self._lock = Lock()  # a folder's pictures are read by several threads

    def load(self, size: tuple[int, int]) -> None:
        """Read the weights; WeightsError if they are damaged, or a layer is unknown.

        `size` is the height and width of the pictures to come.
        """
        with self._lock:
            if self._runner is None:
                self._runner = self._by_onnxruntime() if self.by_onnxruntime else self._by_opencv(size)

    def run(self, x: np.ndarray) -> list[np.ndarray]:
        """Return all outputs for a picture (1, 3, h, w) float32; WeightsError if they cannot be computed."""
        self.load(x.shape[2:])
        try:
            return self._runner(x)
        except Exception as error:  # onnxruntime's own errors have no base in common
            if is_out_of_memory(error):
                raise
            if "allocate" in str(error).lower():
                raise MemoryError(str(error)) from error
            raise WeightsError(f"{self.path}: cannot be computed for {_sides(x)} ({_reason(error)}).") from error

    def _by_onnxruntime(self) -> Runner:
        from mattekit.inference.onnx import open_session

        session, image = open_session(self.path), self.graph.image
        names = [tensor.name for tensor in self.graph.outputs]
        return lambda x: session.run(names, {image.name: self._arranged(x).astype(image.kind)})

    def _by_opencv(self, size: tuple[int, int]) -> Runner:
        require_survivors(self.path, size, channels_last=self._channels_last)
        read, lock = {".onnx": cv2.dnn.readNetFromONNX, ".tflite": cv2.dnn.readNetFromTFLite}, Lock()
        try:
            with silent_libraries():
                network = read[self.path.suffix.lower()](str(self.path))
        except cv2.error as error:
            if is_out_of_memory(error):
                raise
            found = f"{self.path}: no model that OpenCV {cv2.__version__} runs ({_reason(error)})."
            raise (WeightsError(found) if self._lite else WeightsError(found, remedy="onnxruntime")) from error
        found = network.getUnconnectedOutLayersNames()
        own = [tensor.name for tensor in self.graph.outputs]
        names = own if set(own) <= set(found) else list(found)

        def run(x: np.ndarray) -> list[np.ndarray]:
            with lock, silent_libraries():
                network.setInput(self._arranged(x))
                return list(network.forward(names))

        return run

    @property
    def _lite(self) -> bool:
        return self.path.suffix.lower() == ".tflite"

    @property
    def _channels_last(self) -> bool:
        """Whether the input is (1, h, w, 3); OpenCV turns those of TensorFlow Lite files to (1, 3, h, w)."""
        return self.graph.layout == "nhwc" and not self._lite

    def _arranged(self, x: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(x.transpose(0, 2, 3, 1)) if self._channels_last else x


def has_onnxruntime() -> bool:
    """Whether the package onnxruntime is installed."""
    return importlib.util.find_spec("onnxruntime") is not None


def _sides(x: np.ndarray) -> str:
    return f"a picture of {x.shape[3]}x{x.shape[2]}"


def _reason(error: Exception) -> str:
    """Return a library's error message in one line, without its positions in the source."""
    return " ".join(str(getattr(error, "err", None) or error).split())[:300]
