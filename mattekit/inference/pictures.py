"""The pictures made with an alpha: the alpha itself, clean foreground, cut-out, composite, preview, and its trimap."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from mattekit import baselines
from mattekit.imaging import matte_in_source
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb
from mattekit.imaging.composite import composite
from mattekit.imaging.sheets import contact_sheet

KINDS = ("alpha", "foreground", "cutout", "composite", "preview", "trimap", matte_in_source.KIND)
COLOURS = ("foreground", "cutout", "composite")  # in scene-linear light where the image is


@dataclass(frozen=True)
class Pictures:
    """An image with its alpha, of which pictures are made.

    Attributes
    ----------
    image : (H, W, 3) float32 RGB in 0..1
    trimap, alpha : (H, W) float32
    background : (H, W, 3) float32, optional
    foreground_method : str
        A name of `baselines.FOREGROUND`; the foreground is estimated once, and only if a picture needs it.
    light : (H, W, 3) float32, optional
        The image in scene-linear light; foreground, cut-out and composite are then in light as well.
    foreground : (H, W, 3) float32, optional
        A network's own, in place of an estimate; of images without `light`.
    """

    image: np.ndarray
    trimap: np.ndarray
    alpha: np.ndarray
    background: np.ndarray | None = None
    foreground_method: str = baselines.DEFAULT_FOREGROUND
    light: np.ndarray | None = None
    foreground: np.ndarray | None = None

    def make(self, kinds: Collection[str]) -> dict[str, np.ndarray]:
        """Return float32 pictures of these kinds: (H, W), (H, W, 3) or, of the cut-out, (H, W, 4) straight RGBA."""
        fg = self.foreground
        if fg is None and needs_colours(kinds):
            fg = baselines.estimate(
                self.image if self.light is None else self.light, self.alpha, self.foreground_method
            )
        return {kind: getattr(self, f"_{kind.replace('-', '_')}")(fg) for kind in kinds}

    def _alpha(self, fg: np.ndarray) -> np.ndarray:
        return self.alpha

    _matte_in_source = _alpha

    def _trimap(self, fg: np.ndarray) -> np.ndarray:
        return self.trimap

    def _foreground(self, fg: np.ndarray) -> np.ndarray:
        return fg

    def _cutout(self, fg: np.ndarray) -> np.ndarray:
        return np.concatenate([fg, self.alpha[..., None]], axis=2)

    def _composite(self, fg: np.ndarray) -> np.ndarray:
        behind = self.background if self.light is None else decode_srgb(self.background)
        return composite(fg, behind, self.alpha)

    def _preview(self, fg: np.ndarray) -> np.ndarray:
        new = None if self.background is None else self._composite(fg)
        if self.light is not None:
            fg, new = encode_srgb(fg), None if new is None else encode_srgb(new)
        return contact_sheet(self.image, self.trimap, self.alpha, fg, new)


def needs_colours(kinds: Collection[str]) -> bool:
    """Whether a picture of these kinds shows the foreground's colours."""
    return bool(set(kinds) - {"alpha", "trimap", matte_in_source.KIND})
