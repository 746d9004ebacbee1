"""Conversion of a network's raw outputs to the probability of the foreground: output, layout, classes."""

from collections.abc import Sequence

import numpy as np

from mattekit.errors import InputError, WeightsError
from mattekit.trimap_sources.segmentation.class_names import shown
from mattekit.trimap_sources.segmentation.rule import Rule

SMALLEST = 8  # pixels of the shorter side of a map, unless the input is smaller
TOLERANCE = 1e-3  # by which rounded probabilities leave 0..1
RANGE = 0.1  # of an answer, below which it is not stretched: that would make a subject of noise


def foreground(
    path: object, outputs: Sequence[np.ndarray], names: Sequence[str], rule: Rule, size: tuple[int, int]
) -> np.ndarray:
    """Return the probability (h, w) float32 in 0..1 of the foreground.

    Parameters
    ----------
    path : object
        Begins errors.
    outputs : sequence of arrays
        Any of (1, C, h, w), (1, h, w, C), (1, h, w), (h, w); whole numbers are classes.
    names : sequence of str
        Of the outputs.
    rule : Rule
    size : (height, width)
        Of the input, whose proportions tell where an output has its channels.

    Raises
    ------
    WeightsError
        If no output, or not the one of the rule, is a map of the picture; or it holds NaN or infinity.
    InputError
        If the network has several classes and none is chosen, or not those.
    """
    maps = _chosen(path, [_map(output, size) for output in outputs], outputs, names, rule)
    if not np.isfinite(maps).all():
        raise WeightsError(f"{path}: its answer holds NaN or infinity, wanted numbers. Check how it was exported.")
    if np.issubdtype(maps.dtype, np.integer) and maps.shape[0] == 1:
        return _labelled(path, maps[0], rule)
    probability = _added(path, _activated(maps.astype(np.float32), rule.activation), rule)
    return _stretched(probability) if rule.stretch else probability


def _map(output: np.ndarray, size: tuple[int, int]) -> np.ndarray | None:
    """An output as (C, h, w); None if it is no map of a picture of that size."""
    if output.ndim == 2:
        output = output[None]
    if output.ndim == 3:
        output = output[:, None] if output.shape[0] == 1 else output[None]
    if output.ndim != 4 or output.shape[0] != 1:
        return None
    for maps in (output[0], output[0].transpose(2, 0, 1)):
        if _fits(maps.shape[1:], size):
            return maps
    return None


def _fits(found: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether a map's sides are the same share of the input's, but for rounding, and no single numbers."""
    height, width = (side / whole for side, whole in zip(found, size, strict=True))
    enough = min(found) >= min(SMALLEST, *size)
    return enough and abs(height - width) <= 1.01 * max(1 / side for side in size)


def _chosen(
    path: object,
    maps: Sequence[np.ndarray | None],
    outputs: Sequence[np.ndarray],
    names: Sequence[str],
    rule: Rule,
) -> np.ndarray:
    found = ", ".join(f"{name} {array.shape}" for name, array in zip(names, outputs, strict=True))
    index = rule.output
    if isinstance(index, str):
        index = names.index(index) if index in names else len(names)
    if index is not None and not -len(maps) <= index < len(maps):
        raise WeightsError(f"{path}: outputs {found}, wanted output {rule.output}. Correct the rule.")
    usable = [each for each in ([maps[index]] if index is not None else maps) if each is not None]
    if not usable:
        raise WeightsError(f"{path}: outputs {found}, wanted a map of the picture, 1xCxHxW or 1xHxWxC.")
    return max(usable, key=lambda each: each.shape[1] * each.shape[2])  # the first of the largest


def _activated(maps: np.ndarray, activation: str) -> np.ndarray:
    if activation == "auto":
        plain = maps.min() >= -TOLERANCE and maps.max() <= 1 + TOLERANCE
        activation = "none" if plain else "sigmoid" if maps.shape[0] == 1 else "softmax"
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-maps.clip(-30, 30)))
    if activation == "softmax":
        powers = np.exp(maps - maps.max(axis=0))
        return powers / powers.sum(axis=0)
    return maps.clip(0, 1)


def _added(path: object, maps: np.ndarray, rule: Rule) -> np.ndarray:
    """Sum of the probabilities of the chosen classes; of two classes the second is the foreground."""
    count, classes = maps.shape[0], rule.classes
    if count == 1 and not classes:
        return maps[0]
    if not classes and count != 2:
        named = f" ({shown(rule.names)})" if rule.names else ""
        raise InputError(f"{path}: {count} classes, 0 to {count - 1}{named}, wanted to know which.", remedy="class")
    outside = [number for number in classes if number >= count]
    if outside:
        raise InputError(f"{path}: class {outside[0]}, but it tells apart {count}, 0 to {count - 1}.", remedy="class")
    return maps[sorted(set(classes)) or [1]].sum(axis=0).clip(0, 1)


def _labelled(path: object, labels: np.ndarray, rule: Rule) -> np.ndarray:
    """Certainties from a map of class numbers."""
    if not rule.classes and labels.max(initial=0) > 1:
        named = f" ({shown(rule.names)})" if rule.names else ""
        raise InputError(f"{path}: classes 0 to {labels.max()} and more{named}, wanted to know which.", remedy="class")
    return np.isin(labels, rule.classes or (1,)).astype(np.float32)


def _stretched(probability: np.ndarray) -> np.ndarray:
    low, high = probability.min(), probability.max()
    return probability if high - low < RANGE else (probability - low) / (high - low)
