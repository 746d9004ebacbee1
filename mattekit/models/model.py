"""The interface of all models, and what one may be asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from mattekit.errors import InputError

Pair = tuple[np.ndarray, np.ndarray]  # image (H, W, 3) float32 RGB in 0..1; trimap (H, W) float32 of 0, 0.5 and 1


@dataclass(frozen=True)
class Capabilities:
    """Features that a model supports.

    Attributes
    ----------
    tiles : bool
        Images larger than memory are computed in tiles, whose side and overlap can be chosen.
    refinement : bool
        Its alphas can be refined by backpropagation, by `Model.refined`.
    views : bool
        Its alphas may be averaged over flipped, transposed and resized views of the image.
    devices : tuple of str
        Kinds of device it computes on: "cpu", "cuda", "mps".
    precisions : tuple of str
        Number formats that can be chosen; empty if it has only its own.
    batch : int
        Images of one size that it best computes at once on its device.
    batches : bool
        `Model.alphas` computes several images at once; otherwise one after another.
    needs_both_classes : bool
        The trimap must have known foreground and known background.
    compiles : bool
        Its first use on a computer compiles functions, which then stay compiled.
    layers : bool
        It makes foreground and background, too, by `Model.layers`.
    """

    tiles: bool = False
    refinement: bool = False
    views: bool = True
    devices: tuple[str, ...] = ("cpu",)
    precisions: tuple[str, ...] = ()
    batch: int = 1
    batches: bool = False
    needs_both_classes: bool = False
    compiles: bool = False
    layers: bool = False


@runtime_checkable
class Model(Protocol):
    """Base of all models, which make alphas from images and trimaps; a subclass has to write `alpha`.

    Making one must be cheap and check all that can be checked without reading weights, so that commands refuse a bad
    model before any work; `load`, or the first alpha, reads the rest.

    Attributes
    ----------
    name : str
        As messages and results call it: a name or a path.
    kind : str
        A noun for messages, such as "classical method".
    capabilities : Capabilities
    placement : str or None
        Where it computes and with which numbers, such as "cuda, fp16"; None if there is no choice.
    """

    name: str
    kind: str = "plug-in model"
    capabilities: Capabilities = Capabilities()
    placement: str | None = None

    def load(self) -> None:
        """Read what `alpha` needs, now instead of at the first alpha."""

    def alpha(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the alpha of an image.

        Parameters
        ----------
        image : (H, W, 3) float32 RGB in 0..1
        trimap : (H, W) float32, exactly 0, 0.5 and 1

        Returns
        -------
        (H, W) float32 in 0..1, exactly 0 and 1 where the trimap is

        Raises
        ------
        MattekitError
            If there is no alpha for this input, or the model's file cannot be used.
        """
        ...

    def alphas(self, batch: Sequence[Pair]) -> list[np.ndarray]:
        """Return the alphas of images with equal `input_size`, computed at once if the model can."""
        return [self.alpha(image, trimap) for image, trimap in batch]

    def layers(self, image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the alpha (H, W) of an image with its foreground and background (H, W, 3), float32 in 0..1.

        Raises
        ------
        InputError
            If the model makes alpha alone; see `Capabilities.layers`.
        """
        raise InputError(f"{self.name}: a {self.kind} that makes alpha alone, no foreground.")

    def refined(
        self, image: np.ndarray, trimap: np.ndarray, settings: Any, report: Callable[[Any], None]
    ) -> np.ndarray:
        """Return the refined alpha of an image; `report` is called with what the refinement did.

        Parameters
        ----------
        image, trimap
            As for `alpha`.
        settings : RefinementSettings
        report : function of Refined
        """
        raise cannot_refine(self)

    def input_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size (height, width) in which the model computes an image of a size."""
        return size


def cannot_refine(model: Model) -> InputError:
    """Return the error for a model without refinement."""
    return InputError(
        f"{model.name}: a {model.kind}, wanted a network's file of weights: refinement needs gradients of a decoder.",
        remedy="refinement",
    )
