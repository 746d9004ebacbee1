"""The outputs of a matting graph that are alpha and colours, and their planes for a picture."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mattekit.errors import InputError, WeightsError
from mattekit.inference.graph import Graph
from mattekit.models.graph_rule import GraphRule

ALPHA = ("alpha", "alphas", "pha", "phas", "matte", "alpha_pred", "alpha_matte")
FOREGROUND = ("foreground", "fg", "fgr", "fgs", "fg_pred")
BACKGROUND = ("background", "bg", "bgr", "bgs", "bg_pred")
LAYERS = 7  # planes of alpha, foreground and background in one output (FBA)
LOWEST, HIGHEST = -1.0, 2.0  # of an output that still is an alpha; networks without a last activation leave 0..1


class Outputs(NamedTuple):
    """Names of the outputs of a graph: alpha, and of colours unless it has none or one output holds all."""

    alpha: str
    foreground: str | None
    background: str | None
    joined: bool  # `alpha` has seven planes

    @property
    def names(self) -> list[str]:
        """All that are wanted."""
        return [self.alpha, *filter(None, (self.foreground, self.background))]

    @property
    def layers(self) -> bool:
        """Whether the graph gives the foreground's colours."""
        return self.joined or self.foreground is not None


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
    bg = next((usual[name] for name in BACKGROUND if name in usual), None) if fg else None
    shape = known[alpha].shape
    return Outputs(alpha, fg, bg, len(shape) == 4 and LAYERS in (shape[1], shape[3]))


def planes(
    path: object, arrays: Sequence[np.ndarray], chosen: Outputs, rule: GraphRule, size: tuple[int, int]
) -> np.ndarray:
    """Return what a graph gave as planes (h, w, C): alpha, then RGB of the foreground and of the background, if any.

    Raises
    ------
    WeightsError
        If the outputs are no maps of that size, hold NaN or infinity, or values that are no alpha's.
    """
    wanted = [LAYERS if chosen.joined else 1, *[3] * (len(arrays) - 1)]
    maps = [_map(path, name, array, size) for name, array in zip(chosen.names, arrays, strict=True)]
    for name, each, count in zip(chosen.names, maps, wanted, strict=True):
        if not np.isfinite(each).all():
            raise WeightsError(f"{path}: {name} holds NaN or infinity, wanted numbers. Check how it was exported.")
        if each.shape[2] != count:
            raise WeightsError(f"{path}: {name} has {each.shape[2]} planes, wanted {count}.", remedy="adopt")
    found = np.concatenate(maps, 2)
    alpha = found[..., 0]
    if rule.activation == "sigmoid":
        alpha[:] = 1 / (1 + np.exp(-alpha.clip(-30, 30)))
    if alpha.min(initial=0) < LOWEST or alpha.max(initial=0) > HIGHEST:
        given = f"{alpha.min():.3g} to {alpha.max():.3g}"
        raise WeightsError(f"{path}: {chosen.alpha} holds {given}, wanted alphas of 0 to 1.", remedy="activation")
    if rule.order == "bgr":
        found[..., 1:] = found[..., 1:].reshape(*size, -1, 3)[..., ::-1].reshape(*size, -1)
    return found


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
