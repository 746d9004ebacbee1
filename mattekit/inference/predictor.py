"""Methods as functions (image, trimap) -> alpha; what calls them cannot tell a classical one from a network."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mattekit import baselines
from mattekit.errors import InputError
from mattekit.imaging.trimap import pin_known, reduced
from mattekit.networks.packaged import DEFAULT, packaged

log = logging.getLogger("mattekit")

Predictor = Callable[[np.ndarray, np.ndarray], np.ndarray]
FALLBACK = "closed-form"


def default_model() -> str:
    """The model that is used if none is named: the weights that come with mattekit, or without them closed-form."""
    if DEFAULT in packaged():
        return DEFAULT
    log.warning("mattekit's own weights are not installed; using %s.", FALLBACK)
    return FALLBACK


def predictor(model: str, device: str = "auto", **options: Any) -> Predictor:
    """Find a method by its name, or load a network from its file; the same file is loaded once in a process.

    Parameters
    ----------
    model : a name of `baselines.ALPHA` or of weights that come with mattekit (`networks.packaged`), or the path of a
        file of weights (`networks.weights`) or of an ONNX model of `mattekit export`.
    device : where a network runs: "auto", "cpu", "cuda", "cuda:1" or "mps". Classical methods need none.
    **options : `tile`, `overlap`, `precision` and `compile` of networks in files of weights, as for
        `network.file_predictor`.

    Returns
    -------
    function of image (H, W, 3) float32 RGB in 0..1 and trimap (H, W) of 0, 0.5, 1, giving alpha (H, W)
    float32 in 0..1 in which known pixels are exactly 0 and 1.

    Raises
    ------
    InputError
        If no method has that name, or the device is not there.
    MissingFileError, WeightsError, MissingExtraError
        If the file is not there or cannot be used, or what reads it is not installed.
    """
    if model in baselines.ALPHA:
        return baselines.ALPHA[model]
    model = located(model)
    if _is_onnx(model):
        from mattekit.inference import onnx

        return onnx.file_predictor(model, device=device)
    from mattekit.inference.device import resolve
    from mattekit.inference.network import file_predictor

    return file_predictor(model, device=resolve(device), **options)


def refining_predictor(model: str, device: str, how: Any, report: Callable | None = None) -> Predictor:
    """Like `predictor`, of a network whose alphas are refined.

    Parameters
    ----------
    model, device : as for `predictor`.
    how : a `refine.Refinement`.
    report : what to do with each `refine.Refined`; if not given, it is logged.

    Raises
    ------
    InputError, MissingFileError, WeightsError
        As `predictor`, and for classical methods.
    """
    _require_decoder(model)
    from mattekit.inference.device import resolve
    from mattekit.inference.refine import tell
    from mattekit.inference.refiner import file_refiner

    refiner = file_refiner(located(model), device=resolve(device))
    return lambda image, trimap: refiner(image, trimap, how, report or tell)


def _require_decoder(model: str) -> None:
    if model in baselines.ALPHA:
        raise InputError(
            f"{model}: refinement changes a network's decoder, and this has none. Give -m a network's file."
        )
    if _is_onnx(model):
        raise InputError(
            f"{model}: refinement needs gradients, which an ONNX model has not. Give -m the file it was exported from."
        )
    located(model)


def check_model(model: str, device: str = "auto", *, refined: bool = False, tiled: bool = False) -> None:
    """Raise what `predictor` would, as far as the head of a file tells, without loading weights."""
    if refined:
        _require_decoder(model)
    if tiled and (refined or model in baselines.ALPHA or _is_onnx(model)):
        what = "refinement works on whole images" if refined else f"{model} works on whole images"
        log.warning("%s; tiles are for networks' files of weights.", what)
    if model in baselines.ALPHA:
        if device not in ("auto", "cpu"):
            log.warning("%s runs on the CPU; the device %s is for networks.", model, device)
        return
    model = located(model)
    from mattekit.inference.preparation import preparation
    from mattekit.networks import find

    header = _head(model, device)
    preparation(header.preparation)
    if find(header.network).task != "matting":
        raise InputError(f"{model}: {header.network}, which is no matting network.")


def _head(model: str, device: str) -> Any:
    """The header of a network's file, having asked for the device."""
    if _is_onnx(model):
        from mattekit.inference import onnx

        return onnx.read_header(model, device)
    from mattekit.inference.device import resolve
    from mattekit.networks.weights import read_header

    header = read_header(model)
    resolve(device)
    return header


def computing(model: str, device: str, precision: str) -> str:
    """Where a network will compute, and with which numbers: "cpu, fp32"."""
    model = located(model)
    if _is_onnx(model):
        from mattekit.inference import onnx

        return f"{onnx.resolve(device)}, by onnxruntime"
    from mattekit.inference.device import resolve
    from mattekit.inference.precision import choose
    from mattekit.networks.weights import read_header

    return f"{resolve(device)}, {choose(precision, read_header(model).network, resolve(device))}"


def _is_onnx(model: str) -> bool:
    return Path(model).suffix.lower() == ".onnx"


def located(model: str) -> str:
    """The path of weights that come with mattekit, by their name; a path stays as it is.

    Raises
    ------
    InputError
        If it is no such name, and no path either.
    """
    own = packaged()
    if model in own:
        return str(own[model])
    if not Path(model).suffix and not Path(model).is_file():
        names = ", ".join([*own, *baselines.ALPHA])
        raise InputError(f"{model}: no such model. Use one of {names}, or a network's file of weights.")
    return model


def predict_alpha(
    image: np.ndarray,
    trimap: np.ndarray,
    model: str,
    *,
    device: str = "auto",
    max_size: int | None = None,
    tta: str = "none",
    refinement: Any = None,
    report: Callable | None = None,
    **options: Any,
) -> np.ndarray:
    """Alpha of an image by a method's name or a network's file, at full size whatever size the method works at.

    Parameters
    ----------
    image : (H, W, 3) float32 RGB in 0..1
    trimap : (H, W) float32, exactly 0, 0.5 and 1
    model, device : as for `predictor`.
    max_size : longest side in pixels at which the method runs; larger images are reduced for it and the
        alpha is enlarged back.
    tta : a name of `tta.MODES`, the views that are averaged.
    refinement, report : a `refine.Refinement`, if the alpha of each view shall be refined, and what becomes of its
        costs; as for `refining_predictor`.
    **options : as for `predictor`; refinement works on the whole image, in float32.

    Returns
    -------
    (H, W) float32 in 0..1, exactly 0 and 1 where the trimap says so; the trimap itself if nothing is unknown.
    """
    if not (trimap == 0.5).any():
        return trimap.copy()
    from mattekit.inference.tta import augmented

    if refinement:
        method = refining_predictor(model, device, refinement, report)
    else:
        method = predictor(model, device, **options)
    method = augmented(method, tta)
    height, width = trimap.shape
    scale = (max_size or max(height, width)) / max(height, width)
    if scale >= 1:
        return pin_known(method(image, trimap), trimap)
    small = max(1, round(width * scale)), max(1, round(height * scale))
    small_image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    small_trimap = reduced(trimap, small)
    alpha = method(small_image, small_trimap)
    return pin_known(cv2.resize(alpha, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1), trimap)
