"""An endless supply of foregrounds with exact alpha, and of backgrounds, drawn from a random generator alone.

    fg, alpha = foreground(np.random.default_rng(1), (512, 512), "hair")
    image = composite(fg, background(np.random.default_rng(2), (512, 512)), alpha)

Each kind of foreground is a row of `KINDS`. The same generator state gives the same bytes, whatever the number of
threads and whichever process asks.
"""

from mattekit.synthetic.backgrounds import background
from mattekit.synthetic.foregrounds import KINDS, foreground

__all__ = ["KINDS", "background", "foreground"]
