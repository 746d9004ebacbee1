"""Networks in files of weights as models, run by PyTorch."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mattekit.baselines.priors import PRIORS, Prior
from mattekit.errors import InputError, WeightsError
from mattekit.inference.device import PRECISIONS, choose_precision, detect_device_loss, resolve_device
from mattekit.inference.network import NetworkPredictor, network_predictor
from mattekit.inference.preparation import preparation
from mattekit.inference.refinement import Refined, RefinementSettings, Refiner
from mattekit.models.model import Capabilities, Model, Pair
from mattekit.networks import Network, find
from mattekit.networks.header import Header
from mattekit.networks.safetensors_file import load_network, read_header
from mattekit.tiling.runner import Setting

BATCH = {"cuda": 8, "mps": 4}  # images at once; on a CPU one image keeps all cores busy


class TorchModel(Model):
    """A network of a file that training or `networks.safetensors_file.save_network` wrote.

    Parameters
    ----------
    path : str or Path
    name : str, optional
        In place of the path.
    device : "auto", "cpu", "cuda", "cuda:1" or "mps"
    precision : "auto", "fp32", "bf16" or "fp16"
        See `inference.device.choose_precision`.
    compile : bool
        See `inference.compiled.compile_network`.
    tile, overlap
        As for `tiling.runner.Tiling`.

    Raises
    ------
    InputError
        If the device is not there, or the file's network is for another task.
    MissingFileError, WeightsError
        If there is no such file, or it holds something else.
    """

    kind = "network"

    def __init__(
        self,
        path: str | Path,
        *,
        name: str | None = None,
        device: str = "auto",
        precision: str = "auto",
        compile: bool = False,
        tile: Setting = "auto",
        overlap: int | None = None,
    ):
        self.path, self.name = Path(path), name or str(path)
        self.header = self.read_header()
        self.device = resolve_device(device)
        prior = matting_prior(self.name, self.header)
        self.precision = choose_precision(precision, self.header.network, self.device)
        self.placement = f"{self.device}, {self.precision}"
        self._options = {"precision": self.precision, "compile": compile, "tile": tile, "overlap": overlap}
        self.capabilities = Capabilities(
            tiles=True,
            refinement=True,
            devices=("cpu", "cuda", "mps"),
            precisions=tuple(PRECISIONS),
            batch=BATCH.get(self.device.partition(":")[0], 1),
            batches=tile in ("auto", "off"),
            compiles=prior is not None and prior.compiles,
            layers=find(self.header.network).layers,
        )

    def read_header(self) -> Header:
        """Return what the file says of its network, without reading weights."""
        return read_header(self.path)

    def load_network(self) -> Network:
        """Build the network with its weights."""
        return load_network(self.path)

    def load(self) -> None:
        """Read the weights."""
        _ = self._predictor

    def alpha(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the alpha (H, W) of an image (H, W, 3) and a trimap (H, W); see `Model.alpha`."""
        return self._predictor(image, trimap)

    def alphas(self, batch: Sequence[Pair]) -> list[np.ndarray]:
        """Return the alphas of images with equal `input_size`, computed together as far as memory allows."""
        return self._predictor.several(*zip(*batch, strict=True)) if batch else []

    def layers(self, image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the network's own alpha, foreground and background; see `Model.layers`."""
        return self._predictor.layers(image, trimap)

    def refined(
        self, image: np.ndarray, trimap: np.ndarray, settings: RefinementSettings, report: Callable[[Refined], None]
    ) -> np.ndarray:
        """Return the refined alpha, computed in float32 on the whole image; see `Model.refined`."""
        return self._refiner(image, trimap, settings, report)

    def input_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size of the network's input for an image of a size."""
        return preparation(self.header.preparation).size(size)

    @cached_property
    def _predictor(self) -> NetworkPredictor:
        return self._make(**self._options)

    @cached_property
    def _refiner(self) -> Refiner:
        return Refiner(self._make(fold=False))

    def _make(self, **options: Any) -> NetworkPredictor:
        network, header = self.load_network(), self.header
        with detect_device_loss(self.device):
            return network_predictor(network, header.preparation, header.normalisation, device=self.device, **options)


def matting_prior(path: object, header: Header) -> Prior | None:
    """Check that a header names a matting network and a preparation that exist; return the estimates it takes.

    Raises
    ------
    InputError
        If the network is known, and takes no image with a trimap.
    WeightsError
        If the network, its estimates or its preparation are unknown.
    """
    try:
        preparation(header.preparation)
        task = find(header.network).task
        prior = find(header.network).estimates_of(header.arguments)
    except InputError as error:
        raise WeightsError(f"{path}: {error}") from error
    if task != "matting":
        raise InputError(f"{path}: {header.network}, which is no matting network.")
    if prior is None:
        return None
    if not isinstance(prior, str) or prior not in PRIORS:
        raise WeightsError(f"{path}: unknown estimates {prior!r}, wanted one of {', '.join(PRIORS)}.")
    return PRIORS[prior]
