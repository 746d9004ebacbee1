"""Colours as they occur: a few families, shared by foregrounds and backgrounds, so that both often look alike."""

from collections.abc import Sequence

import numpy as np

# Hue in degrees, saturation and value, each from .. to.
FAMILIES = {
    "skin": ((12, 32), (0.25, 0.65), (0.35, 0.95)),
    "brown": ((14, 36), (0.35, 0.8), (0.12, 0.55)),
    "blond": ((28, 48), (0.3, 0.75), (0.5, 0.95)),
    "dark": ((0, 360), (0.05, 0.4), (0.04, 0.25)),
    "grey": ((0, 360), (0.0, 0.12), (0.3, 0.95)),
    "cream": ((25, 60), (0.08, 0.35), (0.7, 1.0)),
    "foliage": ((55, 140), (0.3, 0.85), (0.15, 0.75)),
    "sky": ((185, 235), (0.1, 0.65), (0.45, 1.0)),
    "stone": ((15, 60), (0.08, 0.35), (0.25, 0.8)),
    "vivid": ((0, 360), (0.6, 1.0), (0.4, 1.0)),
    "any": ((0, 360), (0.0, 1.0), (0.0, 1.0)),
}


def draw(rng: np.random.Generator, count: int, families: Sequence[str] = (), *, spread: float = 0.35) -> np.ndarray:
    """Draw colours that go together: all from one family, near one of its colours.

    Parameters
    ----------
    families : the family is one of these; of all if not given.
    spread : share of the family's range that the colours may take up.

    Returns
    -------
    (count, 3) float32, RGB in 0..1
    """
    names = list(families or FAMILIES)
    ranges = np.array(FAMILIES[names[int(rng.integers(len(names)))]], np.float64)
    middle = rng.random(3)
    places = np.clip(middle + spread * rng.uniform(-1, 1, (count, 3)), 0, 1)
    hue, saturation, value = (ranges[:, 0] + places * (ranges[:, 1] - ranges[:, 0])).T
    sextant = np.array([5.0, 3.0, 1.0])  # of red, green and blue: where each is at its largest
    k = (sextant + hue[:, None] / 60) % 6
    rgb = value[:, None] * (1 - saturation[:, None] * np.clip(np.minimum(k, 4 - k), 0, 1))
    return rgb.astype(np.float32)
