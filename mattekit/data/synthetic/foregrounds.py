"""The kinds of foreground, and the choice among them."""

from collections.abc import Callable

import numpy as np

from mattekit.data.synthetic import layers
from mattekit.data.synthetic.fur import fur
from mattekit.data.synthetic.glass import glass
from mattekit.data.synthetic.grass import grass
from mattekit.data.synthetic.hair import hair
from mattekit.data.synthetic.lace import lace
from mattekit.data.synthetic.nets import net
from mattekit.data.synthetic.noise import Size
from mattekit.data.synthetic.plants import plant
from mattekit.data.synthetic.smoke import smoke
from mattekit.data.synthetic.solids import defocused, moving, sharp

# Each draws a layer, (H, W, 4) float32: RGB premultiplied by alpha, and alpha.
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
# How often each is drawn: most where photographs are hardest.
SHARES = {"hair": 5, "fur": 5, "net": 3, "plant": 3, "grass": 2, "lace": 2, "defocused": 2} | dict.fromkeys(
    ("smoke", "glass", "moving", "sharp"), 1
)


def foreground(rng: np.random.Generator, size: Size, kind: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Draw a foreground with its exact alpha.

    Parameters
    ----------
    rng : all randomness comes from it.
    size : (height, width) in pixels.
    kind : row of `KINDS`; drawn if not given.

    Returns
    -------
    fg : (height, width, 3) float32, straight RGB in 0..1, smooth where alpha is 0
    alpha : (height, width) float32 in 0..1
    """
    kind = kind or list(KINDS)[int(rng.integers(len(KINDS)))]
    return layers.straight(KINDS[kind](rng, size))
