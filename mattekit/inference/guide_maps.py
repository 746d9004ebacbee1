"""Learnt indices and kernels of operators for one image, as a picture (IndexNet Figure 8, A2U Figure 5).

Indices, which are single weights, are averaged over channels (IndexNet section 5.3). Kernels of several taps are shown
by their contrast, the largest weight less the smallest: 0 where all neighbours count the same. Kernels down are shown
as the operator makes them, also where a network pools in their place (A2U section 5).
"""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.baselines.priors import PRIORS
from mattekit.errors import InputError
from mattekit.files import refuse_overwriting
from mattekit.imaging import io
from mattekit.imaging.sheets import PANEL, Cell, resize, sheet
from mattekit.inference.network import network_input
from mattekit.inference.preparation import preparation
from mattekit.networks import NETWORKS, build
from mattekit.networks.safetensors_file import load_network
from mattekit.operators import Guide, Resampler

SEED = 0  # of the untrained operators' weights
DARKEST, LIGHTEST = 1, 99  # percentiles of a map that are shown black and white


def write_guide_maps(target: Path, weights: Path, image: Path, trimap: Path | None = None) -> None:
    """Write a picture of the learnt kernels of a network for an image, beside those of untrained operators.

    Parameters
    ----------
    target : file to write.
    weights : a network's file.
    image, trimap : files; networks of grey images need no trimap.

    Raises
    ------
    MattekitError
        If an input cannot be used, the network learns no kernels from images, or the output would overwrite an input.
    """
    inputs = [weights, image, *([trimap] if trimap else [])]
    refuse_overwriting(target, inputs)
    network = load_network(weights)
    pixels, classes = io.read_image(image).pixels, None
    if trimap:
        classes = io.read_trimap(trimap)
        io.require_same_size(trimap, classes.shape, image, pixels.shape)
    try:
        io.write_image(target, guide_sheet(network, pixels, classes))
    except InputError as error:
        raise InputError(f"{weights}: {error}") from error


def guide_sheet(network: nn.Module, image: np.ndarray, trimap: np.ndarray | None = None) -> np.ndarray:
    """Lay out the kernels of each resolution, finest first: untrained and learnt, going up and, if any, down.

    Parameters
    ----------
    network : as `load_network` gives it.
    image : (H, W, 3) float32 RGB in 0..1; reduced to 480 pixels if larger, so that each value can be seen.
    trimap : (H, W) of 0, 0.5 and 1, for networks that take one.

    Returns
    -------
    (h, w, 3) float32 RGB in 0..1

    Raises
    ------
    InputError
        If the network needs a trimap, or none of its operators looks at features.
    """
    x, shown = prepare(network, image, trimap)
    maps = guide_maps(network, x)
    if not maps:
        raise InputError("no operator of this network makes its kernels from the image: there is nothing to show.")
    size = tuple(side * max(1, PANEL // max(x.shape[-2:])) for side in x.shape[-2:])
    rows = [[Cell(resize(picture, size), [name]) for name, picture in shown.items()]]
    rows += [[_cell(name, picture, size) for name, picture in row.items()] for row in maps]
    columns = max(map(len, rows))
    blank = Cell(np.ones((*size, 3), np.float32), [])
    return sheet([row + [blank] * (columns - len(row)) for row in rows])


def prepare(network: nn.Module, image: np.ndarray, trimap: np.ndarray | None) -> tuple[Tensor, dict[str, np.ndarray]]:
    """Return the network's input (1, C, h, w) and the pictures shown of it by name; arguments as of `guide_sheet`."""
    header = network.header
    channels = NETWORKS[header.network].input.channels
    if trimap is None and channels > 3:
        raise InputError(f"{header.network}: takes a trimap beside the image, none given.", remedy="trimap")
    classes = np.ones(image.shape[:2], np.float32) if trimap is None else trimap
    scale = min(1, PANEL / max(image.shape[:2]))
    small = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    classes = cv2.resize(classes, small, interpolation=cv2.INTER_NEAREST)
    image, classes = preparation(header.preparation).prepare(image, classes)
    image = image.clip(0, 1)  # bicubic
    if channels == 1:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        return torch.from_numpy(grey)[None, None], {"image": grey}
    estimates = PRIORS[network.prior].estimate(image, classes) if network.prior else None
    x = network_input(image, classes, header.normalisation, estimates)
    return x, {"image": image, "trimap": classes}


@torch.no_grad()
def guide_maps(network: nn.Module, x: Tensor) -> list[dict[str, np.ndarray]]:
    """Return maps (h, w) of each operator that looks at features, finest first, by name: "up, learnt" and so on.

    Operators with weights have "untrained" maps besides, of random weights that see the same features.

    Parameters
    ----------
    network : as `load_network` gives it.
    x : (1, C, H, W)
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        fresh = dict(build(network.header.network, **network.header.arguments).named_modules())
    rows = []
    for name, operator, feature, incoming in operator_inputs(network, x):
        if any(True for _ in operator.parameters()):
            # Norms that have seen nothing yet take this image's statistics.
            kinds = {", untrained": fresh[name].train(), ", learnt": operator}
        else:
            kinds = {"": operator}
        maps = {kind: _maps(each.kernels(feature, incoming)) for kind, each in kinds.items()}
        rows.append({side + kind: maps[kind][side] for side in ("up", "down") for kind in kinds if side in maps[kind]})
    return [row for row in rows if row]


def operator_inputs(network: nn.Module, x: Tensor) -> list[tuple[str, Resampler, Tensor, Tensor]]:
    """Return each operator by name with its inputs: the encoder's feature that guides it, the decoder's to go up."""
    operators = {name: m for name, m in network.named_modules() if isinstance(m, Resampler) and m.ratio == 2}
    features = {name: {} for name in operators}

    def record(name: str, method: str) -> None:
        original = getattr(operators[name], method)

        def recorded(feature: Tensor, *rest: object) -> object:
            features[name][method] = feature
            return original(feature, *rest)

        setattr(operators[name], method, recorded)

    for name in operators:
        record(name, "guide")
        record(name, "up")
    try:
        network(x)
    finally:
        for operator in operators.values():
            del operator.guide, operator.up
    return [(name, operators[name], got["guide"], got["up"]) for name, got in features.items() if len(got) == 2]


def _maps(kernels: Guide) -> dict[str, np.ndarray]:
    flat = {side: kernel[0].mean(0) for side, kernel in kernels._asdict().items() if kernel is not None}  # (K, h, w)
    if len(flat.get("down", ())) == 4:  # indices, one for each position of a 2x2 cell
        flat["down"] = F.pixel_shuffle(flat["down"], 2)
    contrast = {side: (taps[0] if len(taps) == 1 else taps.amax(0) - taps.amin(0)) for side, taps in flat.items()}
    return {side: picture.numpy() for side, picture in contrast.items()}


def _cell(name: str, picture: np.ndarray, size: tuple[int, int]) -> Cell:
    low, high = np.percentile(picture, (DARKEST, LIGHTEST))
    grey = ((picture - low) / max(high - low, 1e-12)).clip(0, 1).astype(np.float32)
    height, width = picture.shape
    return Cell(resize(grey, size), [f"{name}, {height}x{width}", f"{low:.3g} to {high:.3g}"])
