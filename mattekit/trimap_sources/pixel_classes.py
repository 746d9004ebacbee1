"""Probabilities that pixels near a rough mask's edge are background, mixed or foreground: a perceptron on `cues`.

How its weights were trained is told in `examples/trimap-weights/`.
"""

from functools import lru_cache
from importlib.resources import files

import numpy as np

FAR = 5.0  # standard deviations, beyond which cues count as this
AT_ONCE = 1 << 15  # pixels


@lru_cache(maxsize=1)
def _weights() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Means and standard deviations of the cues, and matrices and offsets of the layers in turn."""
    with files("mattekit.trimap_sources").joinpath("pixel_classes.npz").open("rb") as file, np.load(file) as stored:
        arrays = {name: stored[name].astype(np.float32) for name in stored.files}
    layers = [arrays[f"layer {index}"] for index in range(len(arrays) - 2)]
    return arrays["mean"], arrays["deviation"], layers


def class_probabilities(cues: np.ndarray) -> np.ndarray:
    """Return the probabilities of background, mixed and foreground.

    Parameters
    ----------
    cues : (N, C) float32, in the order of `cues.cues`

    Returns
    -------
    (N, 3) float32
        Each row sums up to 1.
    """
    mean, deviation, layers = _weights()
    probabilities = np.empty((len(cues), 3), np.float32)
    for start in range(0, len(cues), AT_ONCE):
        values = ((cues[start : start + AT_ONCE] - mean) / deviation).clip(-FAR, FAR)
        for index in range(0, len(layers), 2):
            values = values @ layers[index].T + layers[index + 1]
            if index < len(layers) - 2:
                np.maximum(values, 0, out=values)
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        probabilities[start : start + AT_ONCE] = powers / powers.sum(axis=1, keepdims=True)
    return probabilities
