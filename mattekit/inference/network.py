"""A network as a function (image, trimap) -> alpha, by the rules that its authors tested it with."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from mattekit.errors import InputError
from mattekit.imaging.trimap import pin_known
from mattekit.inference.predictor import Predictor
from mattekit.inference.preparation import preparation as preparation_of
from mattekit.networks.fold import inference_copy

UNKNOWN = 128 / 255  # of the trimap's channel, where files have 128
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Normalisation(NamedTuple):
    """What is subtracted from RGB in 0..1, and what the difference is divided by."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def network_predictor(
    module: nn.Module,
    preparation: str,
    normalisation: Normalisation = IMAGENET,
    *,
    device: str = "cpu",
    precision: str = "float32",
    fold: bool = True,
) -> Predictor:
    """Make a predictor of a network; a copy of it is kept that computes the same faster.

    Parameters
    ----------
    module : nn.Module
        Has `encode` and `decode`; takes (N, 4, h, w), normalised RGB and the trimap, and gives (N, 1, h, w).
    preparation : str
        A name of `preparation.PREPARATIONS`.
    normalisation : Normalisation
    device : str
        As PyTorch names it, such as "cpu", "cuda" or "mps".
    precision : "float32", "bfloat16" or "float16"
        Of the computation.
    fold : bool
        Fold norms into convolutions, which rounds differently; without, the module computes as it stands.

    Returns
    -------
    function of image (H, W, 3) float32 RGB in 0..1 and trimap (H, W) of 0, 0.5, 1, giving alpha (H, W) float32 in
    0..1 in which known pixels are exactly 0 and 1

    Raises
    ------
    InputError
        If the preparation or the precision has another name.
    """
    rule = preparation_of(preparation)
    if precision not in PRECISIONS:
        raise InputError(f"precision: {precision!r}, wanted one of {', '.join(PRECISIONS)}.")
    network = inference_copy(module, fold=fold).to(device, PRECISIONS[precision])

    def predict(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        x = network_input(*rule.prepare(image, trimap), normalisation)
        with torch.inference_mode():
            y = network.decode(network.encode(x.to(device, PRECISIONS[precision])))
        alpha = rule.restore(y[0, 0].float().cpu().numpy(), trimap.shape)
        return pin_known(alpha.clip(0, 1), trimap)

    return predict


def network_input(image: np.ndarray, trimap: np.ndarray, normalisation: Normalisation = IMAGENET) -> Tensor:
    """What a network takes of a prepared image (H, W, 3) and trimap (H, W): (1, 4, H, W) float32."""
    mean, std = (np.asarray(values, np.float32) for values in normalisation)
    x = np.empty((*trimap.shape, 4), np.float32)
    np.subtract(image, mean, out=x[..., :3])
    x[..., :3] /= std
    x[..., 3] = np.where(trimap == 0.5, np.float32(UNKNOWN), trimap)
    return torch.from_numpy(x).permute(2, 0, 1)[None]  # strides say channels last, which convolutions like
