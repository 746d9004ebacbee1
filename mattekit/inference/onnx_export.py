"""Export of networks as ONNX models for any size, which are compared with PyTorch before they are written."""

import copy
import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from mattekit.errors import InputError, MissingExtraError, WeightsError
from mattekit.files import write_bytes
from mattekit.inference.network import network_input
from mattekit.inference.onnx import INPUT, OUTPUT, onnxruntime, open_session, run
from mattekit.inference.preparation import preparation
from mattekit.networks import find
from mattekit.networks.header import Header, to_metadata
from mattekit.networks.inference_copy import inference_copy
from mattekit.operators.kernels import Pooled

PICTURES = ((75, 101), (141, 90))  # sizes that are compared
TOLERANCE = 1e-3  # of the largest raw alpha: pixels that differ more are outliers
ROUNDINGS = 4  # of a network whose own rounding is larger, as of FBA's with random weights, so many times that
OUTLIERS = 1e-3  # share of pixels that may: where neighbours are equally large, unpooling may pick either


class Comparison(NamedTuple):
    """Raw alphas of one picture by onnxruntime and by PyTorch."""

    size: tuple[int, int]  # of the network's input, height and width
    images: int
    difference: float  # the largest
    outliers: float  # share of pixels that differ by more than TOLERANCE of PyTorch's largest alpha


def export(path: str | Path, network: nn.Module, header: Header) -> list[Comparison]:
    """Write a network as ONNX, if onnxruntime computes the same as PyTorch.

    The model takes `image_and_trimap` (N, 4, H, W) float32: normalised RGB, the trimap and, if the network corrects
    estimates of alpha, those; prepared as the metadata say, H and W multiples of the network's stride (plus 1 for those
    trained so). It gives `alpha` (N, 1, H, W), raw. The metadata are those of files of weights.
    N is free, but for A2U's dynamic kernels, 1: they are filters of each image, and ONNX has no convolution with a
    number of groups that is not known beforehand.

    Parameters
    ----------
    path : str or Path
    network : nn.Module
        As `load_network` gives it.
    header : Header

    Returns
    -------
    list of Comparison
        Of two pictures of different sizes.

    Raises
    ------
    MissingExtraError
        Without the packages onnx, onnxscript and onnxruntime.
    InputError
        If it is no matting network.
    WeightsError
        If the two differ by more than rounding; no file is written.
    """
    require_packages(path)
    if find(header.network).input.channels < 4:
        raise InputError(f"{header.network}: not exported; it is no matting network, of image and trimap.")
    model = Forward(inference_copy(network, fold=False))
    content = record(model, header)
    session = open_session(content, "cpu")
    compared = [compare(session, model, header, size) for size in PICTURES]
    for size, _, difference, outliers in compared:
        if outliers > OUTLIERS:
            raise WeightsError(
                f"{path}: not written; onnxruntime's alphas differ from PyTorch's by up to {difference:.2g}, and much "
                f"in {outliers:.1%} of a picture of {size[1]}x{size[0]}. Update onnxscript and onnxruntime."
            )
    write_bytes(Path(path), content)
    return compared


def require_packages(path: object) -> None:
    """Raise MissingExtraError unless the packages that `export` needs are installed."""
    onnxruntime(path)
    try:
        for name in ("onnx", "onnxscript"):
            import_module(name)
    except ImportError:
        raise MissingExtraError(f'{path}: exporting needs other packages: pip install "mattekit[onnx]".') from None


class Forward(nn.Module):
    """A network without its own padding: inputs are prepared."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 1, H, W)."""
        return self.network.decode(self.network.encode(x))

    @property
    def batched(self) -> bool:
        """Whether the number of images is free."""
        return not any(isinstance(getattr(module, "UV", None), Pooled) for module in self.network.modules())


def record(model: Forward, header: Header) -> bytes:
    """Return the content of an ONNX file; two calls return the same bytes.

    Raises
    ------
    WeightsError
        If PyTorch cannot export the network.
    """
    stride = model.network.stride
    channels, more = max(find(header.network).input.channels, 4), _prepared(header, (1, 1)).shape[2] % stride
    # `more` is what a size has beyond a multiple of the stride.
    example = torch.zeros(2 if model.batched else 1, channels, 4 * stride + more, 5 * stride + more)
    sizes = {axis: stride * torch.export.Dim(name, min=1) + more for axis, name in ((2, "rows"), (3, "columns"))}
    shape = {0: torch.export.Dim("images"), **sizes} if model.batched else sizes
    try:
        with _quiet():
            program = torch.onnx.export(
                model, (example,), input_names=[INPUT], output_names=[OUTPUT], dynamic_shapes=(shape,), verbose=False
            )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().partition("\n")[0]
        raise WeightsError(
            f"{header.network}: PyTorch {torch.__version__} cannot export it as ONNX ({reason})."
        ) from error
    program.model.graph.metadata_props.clear()  # bounds of sizes, in an order that differs from process to process
    _strip(program.model.graph)
    program.model.metadata_props.update(to_metadata(header))
    return program.model_proto.SerializeToString(deterministic=True)


def _strip(graph: Iterable) -> None:
    """Number nodes and values, and remove lines of source code and inner shapes, which differ from run to run."""
    number = 0
    for node in graph:
        node.metadata_props.clear()
        node.name = f"node_{number}"
        for value in node.outputs:
            if value.name != OUTPUT:
                value.name, value.shape = f"value_{number}", None
            value.metadata_props.clear()
            number += 1


def compare(session, model: Forward, header: Header, size: tuple[int, int]) -> Comparison:
    """Compare both on an image of `size`, and on its mirror image if the number of images is free."""
    x = _prepared(header, size)
    x = torch.cat([x, x.flip(3)]) if model.batched else x
    with torch.inference_mode():
        wanted = model(x).numpy()
    difference, allowed = np.abs(run(session, x.numpy()) - wanted), TOLERANCE * np.abs(wanted).max()
    if (difference > allowed).mean() > OUTLIERS:
        allowed = max(allowed, _rounding(model, x, wanted))
    agree = difference <= allowed  # false where either is no number
    return Comparison(tuple(x.shape[2:]), len(x), float(difference.max()), float(1 - agree.mean()))


def _rounding(model: Forward, x: Tensor, alphas: np.ndarray) -> float:
    """Return the difference that rounding alone can make: some times that between float32 and double precision."""
    with torch.inference_mode():
        exact = copy.deepcopy(model).double()(x.double()).numpy()
    return float(ROUNDINGS * np.quantile(np.abs(alphas - exact), 1 - OUTLIERS))


def _prepared(header: Header, size: tuple[int, int]) -> Tensor:
    """Return a smooth random image and trimap as the network takes them."""
    random, (height, width) = np.random.default_rng(0), size
    image, unknown = (
        cv2.resize(random.random(shape, np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        for shape in ((9, 9, 3), (5, 5))
    )
    trimap = np.select([unknown < 0.35, unknown > 0.65], [0, 1], 0.5).astype(np.float32)
    noisy = image + random.normal(0, 0.02, image.shape).astype(np.float32)
    prepared = preparation(header.preparation, header.normalisation["mean"]).prepare(noisy.clip(0, 1), trimap)
    estimates = max(find(header.network).input.channels - 4, 0)
    extra = np.repeat(prepared[1][..., None], estimates, 2) if estimates else None
    return network_input(*prepared, header.normalisation, extra)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's warnings about packages that are not needed and its own old names."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnx_ir", "onnxscript")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
