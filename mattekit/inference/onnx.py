"""Networks in ONNX files, run by onnxruntime: the same preparation, alphas and errors as for files of weights."""

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from mattekit.baselines.coarse import PRIORS
from mattekit.errors import InputError, MissingExtraError, MissingFileError, WeightsError
from mattekit.inference.network import KEPT, finished, network_input
from mattekit.inference.predictor import Predictor
from mattekit.inference.preparation import preparation
from mattekit.networks import prior_name
from mattekit.networks.header import Header, from_metadata

INPUT, OUTPUT = "image_and_trimap", "alpha"  # names in the file
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def file_predictor(path: str | Path, *, device: str = "auto") -> Predictor:
    """Make a predictor of an ONNX file that `mattekit export` wrote; the last ones made are kept.

    Parameters
    ----------
    path : str or Path
    device : "auto", "cpu", "cuda" or "cuda:1"
        "auto" is the CUDA device if this onnxruntime has one, else the CPU.

    Returns
    -------
    function of image (H, W, 3) float32 RGB in 0..1 and trimap (H, W) of 0, 0.5, 1, giving alpha (H, W) float32 in
    0..1 in which known pixels are exactly 0 and 1

    Raises
    ------
    MissingExtraError
        Without the package onnxruntime.
    InputError
        If the device is not there.
    MissingFileError, WeightsError
        If there is no such file, or it holds something else.
    """
    path = Path(path)
    stamp = path.stat().st_mtime_ns if path.is_file() else None
    return _file_predictor(path, stamp, device, torch.get_num_threads())


@lru_cache(maxsize=KEPT)
def _file_predictor(path: Path, stamp: int | None, device: str, threads: int) -> Predictor:
    session = open_session(path, device)
    header = _header(path, session)
    rule, prior = preparation(header.preparation), PRIORS.get(prior_name(header.network, header.arguments))

    def predict(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        pair = rule.prepare(image, trimap)
        x = network_input(*pair, header.normalisation, prior.estimate(*pair) if prior else None)
        return finished(rule.restore(run(session, x.numpy())[0, 0], trimap.shape), image, trimap, prior)

    return predict


def read_header(path: str | Path, device: str = "auto") -> Header:
    """What an ONNX file says of its network; errors as for `file_predictor`."""
    return _header(path, open_session(path, device, optimise=False))


def describe(path: str | Path) -> dict:
    """The Header's fields, and "bytes"; errors as for `file_predictor`."""
    return {**asdict(read_header(path, "cpu")), "bytes": Path(path).stat().st_size}


def open_session(model: str | Path | bytes, device: str = "auto", *, optimise: bool = True):
    """Open an `onnxruntime.InferenceSession` of a file or of its content; errors as for `file_predictor`.

    It computes with as many threads as PyTorch does.
    """
    library = onnxruntime(model if isinstance(model, (str, Path)) else "ONNX")
    if isinstance(model, (str, Path)) and not Path(model).is_file():
        raise MissingFileError(f"{model}: no such file. Check the path.")
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
            f"{_name(model)}: no model that onnxruntime {library.__version__} runs ({error})."
        ) from error
    _require_first(session, providers, device)
    return session


def run(session, x: np.ndarray) -> np.ndarray:
    """Raw alphas (N, 1, H, W) of inputs (N, C, H, W)."""
    try:
        return session.run([OUTPUT], {INPUT: np.ascontiguousarray(x)})[0]
    except Exception as error:
        if "allocate" in str(error).lower():  # onnxruntime has no type for it
            raise MemoryError(str(error)) from error
        raise


def onnxruntime(name: object) -> ModuleType:
    """The package; MissingExtraError, beginning with `name`, if it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError(f'{name}: ONNX needs other packages: pip install "mattekit[onnx]".') from None
    return onnxruntime


def resolve(device: str) -> str:
    """Where an ONNX model computes if asked for a device: "cpu", "cuda" or "cuda:1"; errors as `file_predictor`."""
    on_cpu = _providers(onnxruntime("ONNX"), device)[0] == CPU
    return "cpu" if on_cpu else device.replace("auto", "cuda")


def _providers(library: ModuleType, device: str) -> list:
    """What onnxruntime is to run on; the CPU takes over single operations that CUDA does not have."""
    there = CUDA in library.get_available_providers()
    kind, _, number = device.partition(":")
    if kind == "cpu" or (kind == "auto" and not there):
        return [CPU]
    if kind not in ("auto", "cuda") or not there:
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


def _header(path: str | Path, session) -> Header:
    metadata = session.get_modelmeta().custom_metadata_map
    if "mattekit.format" not in metadata:
        raise WeightsError(f"{path}: an ONNX model that names no network. Make one with: mattekit export")
    return from_metadata(path, metadata)


def _name(model: str | Path | bytes) -> str:
    return "ONNX" if isinstance(model, bytes) else str(model)
