"""A network as a function (image, trimap) -> alpha, with the preparation that its authors tested it with."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mattekit.baselines.priors import PRIORS, Prior
from mattekit.errors import InputError, is_out_of_memory
from mattekit.imaging.trimap import pin_known
from mattekit.inference.compiled import compile_network
from mattekit.inference.device import PRECISIONS, detect_device_loss
from mattekit.inference.preparation import Preparation
from mattekit.inference.preparation import preparation as preparation_of
from mattekit.networks.base import LAYERS, Network
from mattekit.networks.header import IMAGENET
from mattekit.networks.inference_copy import inference_copy
from mattekit.tiling.runner import Setting, Tiling

UNKNOWN = 128 / 255  # of the trimap's channel, where files have 128


class Layers(NamedTuple):
    """Alpha (H, W) with foreground and background (H, W, 3) RGB, all float32 in 0..1."""

    alpha: np.ndarray
    foreground: np.ndarray
    background: np.ndarray


Normalisation = Mapping[str, Sequence[float]]  # "mean" and "std" of RGB in 0..1


def network_predictor(
    module: Network,
    preparation: str,
    normalisation: Normalisation = IMAGENET,
    *,
    device: str = "cpu",
    precision: str = "fp32",
    compile: bool = False,
    fold: bool = True,
    tile: Setting = "auto",
    overlap: int | None = None,
) -> "NetworkPredictor":
    """Make a predictor of a network; it keeps a copy that computes the same faster.

    Parameters
    ----------
    module : Network
        From (N, 4, h, w), normalised RGB and the trimap, to (N, 1, h, w); more channels where it takes estimates.
    preparation : str
        A name of `preparation.PREPARATIONS`.
    normalisation : mapping of "mean" and "std" to three numbers
        Of RGB in 0..1; ImageNet's unless given.
    device : str
        By PyTorch's name, such as "cpu", "cuda" or "mps".
    precision : "fp32", "bf16" or "fp16"
    compile : bool
        See `compiled.compile_network`.
    fold : bool
        Fold norms into convolutions, which rounds differently; without, the module computes as it stands.
    tile, overlap
        As for `tiling.runner.Tiling`.

    Returns
    -------
    NetworkPredictor

    Raises
    ------
    InputError
        If the preparation or the precision is unknown, or the tiles do not fit.
    """
    rule = preparation_of(preparation, normalisation["mean"])
    if precision not in PRECISIONS:
        raise InputError(f"precision: {precision!r}, wanted one of {', '.join(PRECISIONS)}.")
    dtype = getattr(torch, PRECISIONS[precision])
    network = inference_copy(module, fold=fold).to(device, dtype)
    tiling = Tiling(compile_network(network) if compile else network, device, tile=tile, overlap=overlap)
    prior = PRIORS[module.prior] if module.prior else None
    return NetworkPredictor(
        tiling, rule, lambda *parts: network_input(*parts[:2], normalisation, *parts[2:]).to(device, dtype), prior
    )


class NetworkPredictor:
    """A network with all that turns images and trimaps into its input, and its output into alphas.

    Parameters
    ----------
    tiling : Tiling
        Runs the network.
    rule : Preparation
    as_input : function
        From a prepared image (H, W, 3), its trimap (H, W) and the estimates of `prior`, if there is one, to the
        network's input (1, C, H, W), on its device.
    prior : Prior, optional
        The estimates that the network takes behind image and trimap.
    """

    def __init__(self, tiling: Tiling, rule: Preparation, as_input: Callable[..., Tensor], prior: Prior | None = None):
        self.tiling, self.rule, self.as_input, self.prior = tiling, rule, as_input, prior
        self.network, self.device, self.channels = tiling.network, tiling.device, prior.channels if prior else 0

    def prepared(self, image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return image, trimap and, if the network takes estimates, those, all in the size of its input."""
        pair = self.rule.prepare(image, trimap)
        return pair if self.prior is None else (*pair, self.prior.estimate(*pair))

    def __call__(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the alpha (H, W) of an image (H, W, 3) float32 RGB in 0..1 and a trimap (H, W) of 0, 0.5 and 1.

        It is float32 in 0..1, and exactly 0 and 1 where the trimap is.
        """
        trimap = self.completed(image, trimap)
        with detect_device_loss(self.tiling.device):
            return self._restore(self.raw(image, trimap), image, trimap)

    def completed(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the trimap (H, W), with guessed pixels of a class that it lacks if the network's estimates need it."""
        return self.prior.complete(image, trimap) if self.prior else trimap

    def raw(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the raw alpha in the size of the network's input; nothing else of that size is kept."""
        parts = self.prepared(image, trimap)

        def window(rows: slice, columns: slice) -> Tensor:
            return self.as_input(*(part[rows, columns] for part in parts))

        return self.tiling(window, parts[1] == 0.5)

    def layers(self, image: np.ndarray, trimap: np.ndarray) -> Layers:
        """Return the alpha with the network's own foreground and background; arguments as above.

        The colours are the image's where the alpha leaves no choice: the foreground's where it is 1, the background's
        where it is 0.

        Raises
        ------
        InputError
            If the network gives alpha alone.
        """
        if self.network.outputs != LAYERS:
            raise InputError(f"{self.network.name}: gives alpha alone, no foreground.")
        trimap = self.completed(image, trimap)
        parts = self.prepared(image, trimap)
        with detect_device_loss(self.tiling.device):
            planes = self.tiling.layers(
                lambda *window: self.as_input(*(part[window] for part in parts)), parts[1].shape
            )
        alpha = self._restore(planes[0], image, trimap)
        fg, bg = (
            self.rule.restore(np.ascontiguousarray(planes[i : i + 3].transpose(1, 2, 0)), trimap.shape).clip(0, 1)
            for i in (1, 4)
        )
        fg[alpha == 1], bg[alpha == 0] = image[alpha == 1], image[alpha == 0]
        return Layers(alpha, fg, bg)

    def several(self, images: Sequence[np.ndarray], trimaps: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the alphas of images with one input size, computed together as far as memory allows."""
        half = len(images) // 2
        if half == 0:
            return [self(*pair) for pair in zip(images, trimaps, strict=True)]
        trimaps = [self.completed(*pair) for pair in zip(images, trimaps, strict=True)]
        prepared = [self.prepared(*pair) for pair in zip(images, trimaps, strict=True)]
        if self._fit(prepared):
            try:
                with detect_device_loss(self.tiling.device), torch.inference_mode():
                    x = torch.cat([self.as_input(*parts) for parts in prepared])
                    network = self.tiling.network
                    y = network.decode(network.encode(x))[:, 0].float().cpu().numpy()
                return [self._restore(*each) for each in zip(y, images, trimaps, strict=True)]
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
        return self.several(images[:half], trimaps[:half]) + self.several(images[half:], trimaps[half:])

    def _fit(self, prepared: Sequence[tuple[np.ndarray, ...]]) -> bool:
        first = prepared[0]
        return self.tiling.fits(
            lambda *window: self.as_input(*(part[window] for part in first)), first[1].shape, len(prepared)
        )

    def _restore(self, raw: np.ndarray, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        return self.finish(self.rule.restore(raw, trimap.shape), image, trimap)

    def finish(self, raw: np.ndarray, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the alpha (H, W) in 0..1 of a raw alpha (H, W), exact where the trimap is known."""
        return postprocess_alpha(raw, image, trimap, self.prior)


def network_input(
    image: np.ndarray,
    trimap: np.ndarray,
    normalisation: Normalisation = IMAGENET,
    estimates: np.ndarray | None = None,
) -> Tensor:
    """Return the network's input of a prepared image (H, W, 3), its trimap (H, W) and perhaps estimates (H, W, E).

    Returns
    -------
    (1, 4 + E, H, W) float32
    """
    mean, std = (np.asarray(values, np.float32) for values in (normalisation["mean"], normalisation["std"]))
    count = 0 if estimates is None else estimates.shape[2]
    x = np.empty((*trimap.shape, 4 + count), np.float32)
    np.subtract(image, mean, out=x[..., :3])
    x[..., :3] /= std
    x[..., 3] = np.where(trimap == 0.5, np.float32(UNKNOWN), trimap)
    if count:
        x[..., 4:] = estimates
    return torch.from_numpy(x).permute(2, 0, 1)[None]  # strides say channels last, which convolutions like


def postprocess_alpha(raw: np.ndarray, image: np.ndarray, trimap: np.ndarray, prior: Prior | None) -> np.ndarray:
    """Return the alpha (H, W) in 0..1 of a raw alpha (H, W) of the image's size, exact where the trimap is."""
    alpha = raw.clip(0, 1)
    return pin_known(prior.finish(image, trimap, alpha) if prior else alpha, trimap)
