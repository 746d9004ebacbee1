"""Sessions of onnxruntime: opened on a device, run, and their failures in one line."""

from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from mattekit.errors import InputError, MissingExtraError, WeightsError
from mattekit.files import missing
from mattekit.inference.device import require_name

INPUT, OUTPUT = "image_and_trimap", "alpha"  # names in the file
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def open_session(model: str | Path | bytes, device: str = "auto", *, optimise: bool = True):
    """Open an `onnxruntime.InferenceSession` of a file or of its content, with as many threads as PyTorch has.

    Parameters
    ----------
    model : str, Path or bytes
    device : "auto", "cpu", "cuda" or "cuda:1"
        "auto" is the CUDA device if this onnxruntime has one, else the CPU.
    optimise : bool
        Let onnxruntime change the graph to run faster, which takes a while.

    Raises
    ------
    MissingExtraError
        Without the package onnxruntime.
    InputError
        If the device is not there.
    MissingFileError, WeightsError
        If there is no such file, or it holds something else.
    """
    library = onnxruntime(model if isinstance(model, (str, Path)) else "ONNX")
    if isinstance(model, (str, Path)) and not Path(model).is_file():
        raise missing(Path(model))
    providers = _providers(library, device)
    options = library.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
    options.log_severity_level = 4  # what goes wrong is raised, too
    if not optimise:
        options.graph_optimization_level = library.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = library.InferenceSession(
            model if isinstance(model, bytes) else str(model), options, providers=providers
        )
    except Exception as error:  # onnxruntime's own errors have no base in common
        raise WeightsError(
            f"{_name(model)}: no model that onnxruntime {library.__version__} runs ({' '.join(str(error).split())})."
        ) from error
    _require_first(session, providers, device)
    return session


def run(session, x: np.ndarray) -> np.ndarray:
    """Return the raw alphas (N, 1, H, W) of inputs (N, C, H, W).

    Raises
    ------
    MemoryError
        If onnxruntime cannot allocate.
    """
    try:
        return session.run([OUTPUT], {INPUT: np.ascontiguousarray(x)})[0]
    except Exception as error:
        if "allocate" in str(error).lower():  # onnxruntime has no type for it
            raise MemoryError(str(error)) from error
        raise


def onnxruntime(name: object) -> ModuleType:
    """Import the package; MissingExtraError, beginning with `name`, if it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError(f'{name}: ONNX needs other packages: pip install "mattekit[onnx]".') from None
    return onnxruntime


def device_of(device: str) -> str:
    """Return where an ONNX model computes on a device as `open_session` takes it: "cpu", "cuda" or "cuda:1"."""
    on_cpu = _providers(onnxruntime("ONNX"), device)[0] == CPU
    return "cpu" if on_cpu else device.replace("auto", "cuda")


def _providers(library: ModuleType, device: str) -> list:
    """Return the execution providers of a device; the CPU takes over single operations that CUDA does not have."""
    require_name(device)
    has_cuda = CUDA in library.get_available_providers()
    kind, _, number = device.partition(":")
    if kind == "cpu" or (kind == "auto" and not has_cuda):
        return [CPU]
    if kind not in ("auto", "cuda") or not has_cuda:
        raise InputError(
            f"device: {device}, but onnxruntime {library.__version__} has none here. "
            "Use auto or cpu; CUDA needs the package onnxruntime-gpu."
        )
    if hasattr(library, "preload_dlls"):
        library.preload_dlls()  # the CUDA libraries that PyTorch has brought
    return [(CUDA, {"device_id": int(number or 0)}), CPU]


def _require_first(session, providers: list, device: str) -> None:
    """Refuse a session that fell back on another device than asked for."""
    wanted = providers[0] if isinstance(providers[0], str) else providers[0][0]
    if session.get_providers()[0] != wanted:
        raise InputError(f"device: {device}, but onnxruntime cannot use it ({wanted} did not start). Use cpu.")


def _name(model: str | Path | bytes) -> str:
    return "ONNX" if isinstance(model, bytes) else str(model)
