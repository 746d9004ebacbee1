"""Networks in ONNX files as models, run by onnxruntime: prepared and finished as those in files of weights."""

from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mattekit.errors import WeightsError
from mattekit.inference.network import network_input, postprocess_alpha
from mattekit.inference.onnx import INPUT, OUTPUT, device_of, open_session, run
from mattekit.inference.preparation import preparation
from mattekit.models.model import Capabilities, Model
from mattekit.models.torch import matting_prior
from mattekit.networks import find
from mattekit.networks.header import Header, from_metadata

FLOAT = "tensor(float)"  # what onnxruntime calls float32


class OnnxModel(Model):
    """A network of an ONNX file that `inference.onnx_export` wrote.

    Parameters
    ----------
    path : str or Path
    device : "auto", "cpu", "cuda" or "cuda:1"
        "auto" is the CUDA device if this onnxruntime has one, else the CPU.

    Raises
    ------
    MissingExtraError
        Without the package onnxruntime.
    InputError
        If the device is not there, or the file's network is for another task.
    MissingFileError, WeightsError
        If there is no such file, or it holds something else.
    """

    kind = "network in ONNX"

    def __init__(self, path: str | Path, *, device: str = "auto"):
        self.path, self.name, self.device = Path(path), str(path), device
        self.header = read_header(self.path, device)
        self.placement = f"{device_of(device)}, by onnxruntime"
        self._rule = preparation(self.header.preparation, self.header.normalisation["mean"])
        self._prior = matting_prior(path, self.header)
        self.capabilities = Capabilities(devices=("cpu", "cuda"), compiles=bool(self._prior and self._prior.compiles))

    def load(self) -> None:
        """Read the weights and let onnxruntime optimise the graph."""
        _ = self._session

    def alpha(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the alpha (H, W) of an image (H, W, 3) and a trimap (H, W); see `Model.alpha`.

        Raises
        ------
        WeightsError
            If the graph cannot be computed, or its output is no alpha of the input's size.
        """
        if self._prior:
            trimap = self._prior.complete(image, trimap)
        pair = self._rule.prepare(image, trimap)
        x = network_input(*pair, self.header.normalisation, self._prior.estimate(*pair) if self._prior else None)
        y = self._raw(x.numpy())
        return postprocess_alpha(self._rule.restore(y, trimap.shape), image, trimap, self._prior)

    def input_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size of the network's input for an image of a size."""
        return self._rule.size(size)

    def _raw(self, x: np.ndarray) -> np.ndarray:
        """Return the raw alpha (h, w) of an input (1, C, h, w)."""
        try:
            y = run(self._session, x)
        except (MemoryError, WeightsError):
            raise
        except Exception as error:  # onnxruntime's own errors have no base in common
            reason = " ".join(str(error).split())
            raise WeightsError(f"{self.name}: the graph cannot be computed ({reason}).") from error
        wanted = (1, 1, *x.shape[2:])
        if y.shape != wanted:
            raise WeightsError(f"{self.name}: output of shape {y.shape} for an input {x.shape}, wanted {wanted}.")
        if not np.isfinite(y).all():
            raise WeightsError(f"{self.name}: output holds NaN or infinity, wanted numbers.")
        return y[0, 0]

    @cached_property
    def _session(self) -> Any:
        return open_session(self.path, self.device)


def read_header(path: str | Path, device: str = "auto") -> Header:
    """Return what an ONNX file says of its network, having checked its inputs and outputs; errors as `OnnxModel`."""
    session = open_session(path, device, optimise=False)
    header = _header(path, session)
    matting_prior(path, header)
    _require_tensors(path, header, session)
    return header


def describe(path: str | Path) -> dict:
    """Return the Header's fields, and "bytes"; errors as for `OnnxModel`."""
    return {**asdict(read_header(path, "cpu")), "bytes": Path(path).stat().st_size}


def _header(path: str | Path, session: Any) -> Header:
    metadata = session.get_modelmeta().custom_metadata_map
    if "mattekit.format" not in metadata:
        raise WeightsError(f"{path}: an ONNX model that names no network. Make one with: mattekit export")
    return from_metadata(path, metadata)


def _require_tensors(path: str | Path, header: Header, session: Any) -> None:
    """Raise WeightsError unless the graph takes (N, C, H, W) float32 alone, and gives (N, 1, H, W) float32."""
    channels = find(header.network).input.channels
    inputs, outputs = session.get_inputs(), session.get_outputs()
    names = [tensor.name for tensor in inputs]
    if names != [INPUT]:
        raise WeightsError(f"{path}: inputs {', '.join(names) or 'none'}, wanted {INPUT} alone.")
    _require_tensor(path, inputs[0], channels)
    output = next((tensor for tensor in outputs if tensor.name == OUTPUT), None)
    if output is None:
        found = ", ".join(tensor.name for tensor in outputs) or "none"
        raise WeightsError(f"{path}: outputs {found}, wanted {OUTPUT}.")
    _require_tensor(path, output, 1)


def _require_tensor(path: str | Path, tensor: Any, channels: int) -> None:
    shape = list(tensor.shape)
    known = [side for side in (shape[1:2] if len(shape) == 4 else []) if isinstance(side, int)]
    if tensor.type != FLOAT or (shape and len(shape) != 4) or (known and known != [channels]):
        found = f"{tensor.type} of shape {shape}"
        raise WeightsError(f"{path}: {tensor.name} is {found}, wanted {FLOAT} of shape [N, {channels}, H, W].")
