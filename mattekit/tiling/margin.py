"""The margin that a network needs around what a tile owns, measured by experiment."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.tiling.global_layer import GlobalLayer, global_layers, overridden

CHANGED = 128  # columns of the input that are changed
WATCHED = 512  # columns beside them; a network that needs more is not for tiles
ROWS = 4  # of the input, times the network's stride
TOLERANCE = 0.03  # effect on a feature, relative to the effect inside the change, that is ignored


def needed_margin(network: nn.Module, x: Tensor) -> int:
    """Return the distance in pixels up to which a change of the input has a noticeable effect.

    The contexts of global layers are held, since tiles get those of the whole image. Looked at are the output and the
    inputs of the global layers, from which the contexts are collected. Noise stands for the image, random or trained
    weights alike.

    Parameters
    ----------
    network : nn.Module
        Has `encode`, `decode` and `stride`.
    x : (1, C, h, w)
        Any input; gives the number of channels, type and device.

    Returns
    -------
    int
        A multiple of the scale of a feature map; `WATCHED` at most.
    """
    before, contexts = _features(network, _noise(network, x, 0), {})
    changed = _noise(network, x, 0)
    changed[..., :CHANGED] = _noise(network, x, 1)[..., :CHANGED]
    after, _ = _features(network, changed, contexts)
    return max(_distance(one, other) for one, other in zip(before, after, strict=True))


def _noise(network: nn.Module, x: Tensor, seed: int) -> Tensor:
    """Return patches with grain."""
    random, height, width = torch.Generator().manual_seed(seed), ROWS * network.stride, CHANGED + WATCHED
    patches = torch.randn(1, x.shape[1], -(-height // 16), -(-width // 16), generator=random)
    grain = torch.randn(1, x.shape[1], height, width, generator=random)
    return (F.interpolate(patches, (height, width)) + 0.2 * grain).to(x)


def _features(
    network: nn.Module, x: Tensor, held: dict[GlobalLayer, Tensor]
) -> tuple[list[Tensor], dict[GlobalLayer, Tensor]]:
    """Return the inputs of the global layers and the output, and the contexts, which are those held if any."""
    inputs, contexts = [], {}

    def override(layer: GlobalLayer, y: Tensor) -> Tensor:
        inputs.append(y)
        contexts[layer] = held[layer] if layer in held else layer.context(y)
        return contexts[layer]

    with torch.inference_mode(), overridden(global_layers(network), override):
        output = network.decode(network.encode(x))
    return [*inputs, output], contexts


def _distance(before: Tensor, after: Tensor) -> int:
    """Return the distance from the changed columns at which two feature maps no longer differ noticeably."""
    scale = round((CHANGED + WATCHED) / before.shape[3])
    effect = (after.float() - before.float()).abs().mean((0, 1, 2))
    inside = effect[: CHANGED // scale].mean()
    beyond = torch.nonzero(effect[CHANGED // scale :] > TOLERANCE * inside)
    return scale * (int(beyond.max()) + 1) if len(beyond) else 0
