"""One training sample on its way from a source to a batch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mattekit.samples.views import Pixels


@dataclass
class Sample:
    """A foreground to compose, or an image that is already composed, with its true alpha.

    Pictures are RGB or single-channel, float32 in 0..1, or uint8 with 255 for 1: sources should return the bytes of
    files, and steps convert to float32 where they compute. While steps run, pictures may be views (`samples.views`),
    which `np.asarray` turns into arrays; `augment.apply` returns float32 arrays, all of one size.

    alpha : (H, W).
    fg : (H, W, 3); None if the source gives images only.
    bg : (h, w, 3), of any size until the step "background" has placed it.
    image : (H, W, 3), given by the source or made by the step "compose".
    trimap : (H, W) of 0, 0.5 and 1, float32; given by the source or made by the step "trimap".
    prior : (H, W) or (H, W, E), classical estimates of alpha, given by the source or made by the step "prior".
    draw : returns foreground and alpha of another item of the same sources, for the step "merge".
    placed : whether `bg` has the size of the foreground and moves with it.
    """

    alpha: Pixels
    fg: Pixels | None = None
    bg: Pixels | None = None
    image: Pixels | None = None
    trimap: Pixels | None = None
    prior: Pixels | None = None
    draw: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]] | None = None
    placed: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the alpha, in pixels."""
        return self.alpha.shape[:2]
