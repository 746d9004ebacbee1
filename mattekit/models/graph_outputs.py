"""The outputs of a matting graph that are alpha and foreground, and their planes for a picture."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mattekit.errors import InputError, WeightsError
from mattekit.inference.graph import Graph
from mattekit.models.graph_rule import GraphRule

ALPHA = ("alpha", "alphas", "pha", "phas", "matte", "alpha_pred", "alpha_matte")
FOREGROUND = ("foreground", "fg", "fgr", "fgs", "fg_pred")
LAYERS = 7  # planes of alpha, foreground and background in one output (FBA)
LOWEST, HIGHEST = -1.0, 2.0  # of an output that still is an alpha; networks without a last activation leave 0..1


class Outputs(NamedTuple):
    """Names of the outputs of a graph: alpha, and the foreground's unless it has none or one output holds both."""

    alpha: str
    foreground: str | None
    layers: bool  # `alpha` has seven planes

    @property
    def names(self) -> list[str]:
        """All that are wanted."""
        return [self.alpha, *([self.foreground] if self.foreground else [])]

    @property
    def has_foreground(self) -> bool:
        """Whether the graph gives the foreground's colours."""
        return self.layers or self.foreground is not None


def outputs(path: object, graph: Graph, rule: GraphRule) -> Outputs:
    """Choose the outputs by a rule, or else by their names.

    Raises
    ------
    WeightsError
        If the rule names one that is not there.
    InputError
        If none is named alpha, and there are several.
    """
    known = {tensor.name: tensor for tensor in graph.outputs}
    found = ", ".join(map(str, graph.outputs)) or "none"
    for name in (rule.output, rule.foreground):
        if name is not None and name not in known:
            raise WeightsError(f"{path}: outputs {found}, wanted {name}.", remedy="adopt")
    usual = {name.lower(): name for name in known}
    alpha = rule.output or next((usual[name] for name in ALPHA if name in usual), None)
    if alpha is None:
        if len(known) != 1:
            raise InputError(f"{path}: outputs {found}, wanted to know which is the alpha.", remedy="adopt")
        (alpha,) = known
    fg = rule.foreground or next((usual[name] for name in FOREGROUND if name in usual), None)
    shape = known[alpha].shape
    return Outputs(alpha, fg, len(shape) == 4 and LAYERS in (shape[1], shape[3]))


def layers(
    path: object, arrays: Sequence[np.ndarray], chosen: Outputs, rule: GraphRule, size: tuple[int, int]
) -> np.ndarray:
    """Return the planes (h, w, 1), alpha, or (h, w, 4), the foreground's RGB and alpha, of what a graph gave.

    Raises
    ------
    WeightsError
        If the outputs are no maps of that size, hold NaN or infinity, or values that are no alpha's.
    """
    maps = [_map(path, name, array, size) for name, array in zip(chosen.names, arrays, strict=True)]
    if not all(np.isfinite(each).all() for each in maps):
        raise WeightsError(f"{path}: output holds NaN or infinity, wanted numbers. Check how it was exported.")
    alpha, fg = maps[0][..., :1], maps[0][..., 1:4] if maps[0].shape[2] == LAYERS else None
    if maps[0].shape[2] not in (1, LAYERS):
        raise WeightsError(f"{path}: {chosen.alpha} has {maps[0].shape[2]} planes, wanted 1.", remedy="adopt")
    if rule.activation == "sigmoid":
        alpha = 1 / (1 + np.exp(-alpha.clip(-30, 30)))
    if alpha.min(initial=0) < LOWEST or alpha.max(initial=0) > HIGHEST:
        found = f"{alpha.min():.3g} to {alpha.max():.3g}"
        raise WeightsError(f"{path}: {chosen.alpha} holds {found}, wanted alphas of 0 to 1.", remedy="activation")
    if len(maps) > 1:
        fg = maps[1]
    if fg is None:
        return alpha
    if fg.shape[2] != 3:
        raise WeightsError(f"{path}: {chosen.foreground} has {fg.shape[2]} planes, wanted 3.", remedy="adopt")
    return np.concatenate([fg[..., ::-1] if rule.order == "bgr" else fg, alpha], 2)


def _map(path: object, name: str, array: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An output as (h, w, C) float32."""
    found = array
    while array.ndim > 2 and array.shape[0] == 1 and (array.ndim == 4 or array.shape[1:3] == size):
        array = array[0]
    if array.ndim == 2:
        array = array[None]
    if array.ndim == 3 and array.shape[1:] == size:
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[:2] != size or not np.issubdtype(array.dtype, np.floating):
        wanted = f"floats of {size[1]}x{size[0]} pixels as its input"
        raise WeightsError(f"{path}: {name} is {found.dtype} of shape {found.shape}, wanted {wanted}.", remedy="adopt")
    return array.astype(np.float32)
