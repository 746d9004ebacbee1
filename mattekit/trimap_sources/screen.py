"""A green, blue or other screen as a source: surely screen, surely foreground, and what is mixed of both."""

import numpy as np

from mattekit.keying.colour import require_screen
from mattekit.keying.key import KeySettings, key
from mattekit.trimap_sources.source import SourcedTrimap

REASONS = ("screen", "foreground", "mixed colours")


class ScreenSource:
    """Trimaps of plates in front of a screen.

    Parameters
    ----------
    screen : "auto", "green", "blue" or a CSS colour

    Raises
    ------
    InputError
        If no screen can have that colour.
    """

    name = "screen"

    def __init__(self, screen: str = "auto"):
        require_screen(screen)
        self.settings = KeySettings(screen=screen)

    def __call__(self, image: np.ndarray) -> SourcedTrimap:
        """Return the trimap of a plate (H, W, 3), with the key's alpha as probability; InputError without a screen."""
        keyed = key(image, self.settings)
        reasons = np.where(keyed.trimap == 0, 0, np.where(keyed.trimap == 1, 1, 2)).astype(np.uint8)
        return SourcedTrimap(keyed.trimap, keyed.alpha, reasons, REASONS, keyed.facts)
