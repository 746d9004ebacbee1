"""The protocol of sources of trimaps, and what a source returns."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from mattekit.errors import InputError


@dataclass(frozen=True)
class SourcedTrimap:
    """A trimap with the reason for the class of each pixel.

    Attributes
    ----------
    trimap : (H, W) float32 of 0, 0.5 and 1
    probability : (H, W) float32 in 0..1, or None
        How likely a pixel is foreground.
    reasons : (H, W) uint8
        Index into `reason_names`.
    reason_names : tuple of str
    facts : dict
        What else was found, ready for JSON, such as the colour of a screen.
    """

    trimap: np.ndarray
    probability: np.ndarray | None
    reasons: np.ndarray
    reason_names: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def reason_shares(self) -> dict[str, float]:
        """Return the share of the picture (0..1) that has each reason."""
        counts = np.bincount(self.reasons.ravel(), minlength=len(self.reason_names))
        return {name: float(count) / self.reasons.size for name, count in zip(self.reason_names, counts, strict=True)}


class TrimapSource(Protocol):
    """Makes a trimap of a picture; may be called from several threads, and is copied to worker processes.

    Attributes
    ----------
    name : str
        A row of the registry.
    """

    name: str

    def __call__(self, image: np.ndarray) -> SourcedTrimap:
        """Return the trimap of a picture.

        Parameters
        ----------
        image : (H, W, 3) float32 RGB, sRGB-coded, in 0..1
            Float files may exceed 1.

        Raises
        ------
        InputError
            If there is no trimap for this picture; the message does not name a file.
        """
        ...


def checked(name: str, made: Any, size: tuple[int, int]) -> SourcedTrimap:
    """Return what a source made for a picture of `size` (H, W) if it is what the protocol says.

    Raises
    ------
    InputError
        If it is anything else, as a plug-in's may be.
    """
    if not isinstance(made, SourcedTrimap):
        raise InputError(f"source {name}: returned {type(made).__name__}, wanted a SourcedTrimap.")
    for part, pixels in (("trimap", made.trimap), ("reasons", made.reasons), ("probability", made.probability)):
        if pixels is not None and np.shape(pixels) != size:
            raise InputError(f"source {name}: {part} of shape {np.shape(pixels)}, wanted {size}.")
    if not np.isin(made.trimap, np.float32([0, 0.5, 1])).all():
        raise InputError(f"source {name}: a trimap with other values than 0, 0.5 and 1.")
    if made.reasons.dtype != np.uint8 or made.reasons.size and made.reasons.max() >= len(made.reason_names):
        raise InputError(f"source {name}: reasons without a name, wanted uint8 below {len(made.reason_names)}.")
    return made
