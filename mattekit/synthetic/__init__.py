"""Synthetic foregrounds with exact alpha, and backgrounds, drawn from a random generator alone.

    fg, alpha = foreground(np.random.default_rng(1), (512, 512), "hair")
    image = composite(fg, background(np.random.default_rng(2), (512, 512)), alpha)

Each kind of foreground is a row of `KINDS`. The same generator state gives the same bytes in every
process and with any number of threads.
"""

from mattekit.synthetic.backgrounds import background
from mattekit.synthetic.foregrounds import KINDS, foreground

__all__ = ["KINDS", "background", "foreground"]
