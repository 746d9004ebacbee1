"""The table of kinds of foreground, and `foreground`, which draws one."""

from collections.abc import Callable

import numpy as np

from mattekit.errors import InputError
from mattekit.synthetic import layers
from mattekit.synthetic.hair import fur, hair
from mattekit.synthetic.nets import lace, net
from mattekit.synthetic.noise import Size
from mattekit.synthetic.plants import grass, plant
from mattekit.synthetic.solids import defocused, moving, sharp
from mattekit.synthetic.translucent import glass, smoke

# Each function draws a layer, (H, W, 4) float32: RGB premultiplied by alpha, and alpha.
KINDS: dict[str, Callable[[np.random.Generator, Size], np.ndarray]] = {
    "hair": hair,
    "fur": fur,
    "grass": grass,
    "net": net,
    "lace": lace,
    "smoke": smoke,
    "glass": glass,
    "plant": plant,
    "defocused": defocused,
    "moving": moving,
    "sharp": sharp,
}
SMALLEST = 16  # pixels a side
DEFOCUSED = 0.5  # share of foregrounds that are slightly blurred as a whole
# Relative frequencies: highest for the kinds that are hardest in photographs.
SHARES = {"hair": 5, "fur": 5, "net": 3, "plant": 3, "grass": 2, "lace": 2, "defocused": 2} | dict.fromkeys(
    ("smoke", "glass", "moving", "sharp"), 1
)


def foreground(rng: np.random.Generator, size: Size, kind: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Draw a foreground with its exact alpha.

    Parameters
    ----------
    rng : the only source of randomness.
    size : (height, width) in pixels.
    kind : row of `KINDS`; drawn by `SHARES` if not given.

    Returns
    -------
    fg : (height, width, 3) float32, RGB in 0..1, not premultiplied, smooth where alpha is 0
    alpha : (height, width) float32 in 0..1

    Raises
    ------
    InputError
        If the kind is unknown, or a side is shorter than 16 pixels.
    """
    check(kind, size)
    shares = np.array(list(SHARES.values()), np.float64)
    kind = kind or str(rng.choice(list(SHARES), p=shares / shares.sum()))
    layer = KINDS[kind](rng, size)
    if rng.random() < DEFOCUSED:
        layer = layers.blur(layer, rng.uniform(0.4, 1.5))
    return layers.unpremultiply(layer)


def check(kind: str | None, size: Size) -> None:
    """Raise InputError if the kind is unknown, or a side of `size` is too short."""
    if kind is not None and kind not in KINDS:
        raise InputError(f"kind {kind}: unknown. Choose from {', '.join(KINDS)}.")
    if min(size) < SMALLEST:
        raise InputError(f"size {size[0]}x{size[1]}: wanted {SMALLEST} pixels or more a side.")
