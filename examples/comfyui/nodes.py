"""Nodes on ComfyUI's tensors: IMAGE is (B, H, W, C) and MASK (B, H, W) or (H, W), floats from 0 to 1.

An alpha is a MASK that is 1 in the foreground. A trimap is a MASK of 0, 1 and anything between, which is unknown. Of a
batch every picture is matted by itself; one mask serves a whole batch of images, and the other way round.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import mattekit
from mattekit.baselines import DEFAULT_FOREGROUND, FOREGROUND
from mattekit.models import registry

METHOD = (list(FOREGROUND), {"default": DEFAULT_FOREGROUND})
BAND = ("INT", {"default": 0, "min": 0, "max": 1000, "tooltip": "Width of the unknown band in pixels; 0 finds it."})


class Node:
    """Settings that all nodes share; each has one function, which ComfyUI calls with its inputs by name."""

    CATEGORY, FUNCTION = "image/matting", "run"


class Matte(Node):
    """The alpha of an image, and what belongs to it, by a trimap or by a rough mask."""

    RETURN_TYPES, RETURN_NAMES = ("MASK", "IMAGE", "MASK"), ("alpha", "foreground", "trimap")
    DESCRIPTION = "Mattes an image with a trimap (0 background, 1 foreground, else unknown), or with a rough mask."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:  # noqa: N802 (ComfyUI's name)
        """Return the inputs by name, with their types and settings."""
        weights = {"default": "", "tooltip": "A network's .safetensors or .onnx file, in place of the model."}
        return {
            "required": {"image": ("IMAGE",), "model": (registry.names(), {"default": "default"})},
            "optional": {
                "trimap": ("MASK",), "mask": ("MASK",), "band": BAND, "foreground_method": METHOD,
                "weights": ("STRING", weights),
            },
        }  # fmt: skip

    def run(
        self,
        image: torch.Tensor,
        model: str,
        trimap: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        band: int = 0,
        foreground_method: str = DEFAULT_FOREGROUND,
        weights: str = "",
    ) -> tuple[torch.Tensor, ...]:
        """Return the alpha, the foreground's colours, and the trimap that was used."""
        if (trimap is None) == (mask is None):
            raise ValueError("Matte (mattekit): connect a trimap or a mask, one of both.")
        matter = mattekit.load_model(weights.strip() or model)

        def one(photo: np.ndarray, given: np.ndarray) -> tuple[np.ndarray, ...]:
            levels = given if mask is None else _trimap_of(photo, given, band)
            alpha = mattekit.predict(photo, levels, matter)
            return alpha, mattekit.estimate_foreground(photo, alpha, foreground_method), levels

        return _each(one, _images(image), _masks(trimap if mask is None else mask))


class Trimap(Node):
    """The trimap of a mask: its band follows the image if there is one, and has a width in pixels otherwise."""

    RETURN_TYPES, RETURN_NAMES = ("MASK",), ("trimap",)
    DESCRIPTION = "Makes a trimap of a rough mask or an alpha; with an image its unknown band follows hair and edges."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:  # noqa: N802
        """Return the inputs by name, with their types and settings."""
        reach = ("INT", {"default": 10, "min": 0, "max": 1000, "tooltip": "Pixels; without an image."})
        return {
            "required": {"mask": ("MASK",)},
            "optional": {"image": ("IMAGE",), "band": BAND, "erode": reach, "dilate": reach},
        }

    def run(
        self, mask: torch.Tensor, image: torch.Tensor | None = None, band: int = 0, erode: int = 10, dilate: int = 10
    ) -> tuple[torch.Tensor]:
        """Return the trimap."""
        if image is None:
            return _each(lambda given: (mattekit.make_trimap(given, erode=erode, dilate=dilate),), _masks(mask))
        return _each(lambda photo, given: (_trimap_of(photo, given, band),), _images(image), _masks(mask))


class Foreground(Node):
    """The colours of the foreground alone, without those of the old background in hair and edges."""

    RETURN_TYPES, RETURN_NAMES = ("IMAGE",), ("foreground",)
    DESCRIPTION = "Estimates the foreground's colours, free of the old background."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:  # noqa: N802
        """Return the inputs by name, with their types and settings."""
        return {"required": {"image": ("IMAGE",), "alpha": ("MASK",), "method": METHOD}}

    def run(self, image: torch.Tensor, alpha: torch.Tensor, method: str) -> tuple[torch.Tensor]:
        """Return the foreground's colours."""
        estimate = mattekit.estimate_foreground
        return _each(lambda photo, given: (estimate(photo, given, method),), _images(image), _masks(alpha))


class Composite(Node):
    """A foreground before a background, which is scaled and cropped to cover it."""

    RETURN_TYPES, RETURN_NAMES = ("IMAGE",), ("image",)
    DESCRIPTION = "Puts a foreground with its alpha before a background."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:  # noqa: N802
        """Return the inputs by name, with their types and settings."""
        return {"required": {"foreground": ("IMAGE",), "alpha": ("MASK",), "background": ("IMAGE",)}}

    def run(self, foreground: torch.Tensor, alpha: torch.Tensor, background: torch.Tensor) -> tuple[torch.Tensor]:
        """Return the composite."""
        layers = _images(foreground), _masks(alpha), _images(background)
        return _each(lambda *parts: (mattekit.composite(*parts),), *layers)


def _trimap_of(photo: np.ndarray, mask: np.ndarray, band: int) -> np.ndarray:
    if photo.shape[:2] != mask.shape:
        raise ValueError(f"mask: {mask.shape[1]}x{mask.shape[0]}, but the image is {photo.shape[1]}x{photo.shape[0]}.")
    return mattekit.make_trimap(mask, image=photo, band=band or "auto")


def _images(batch: torch.Tensor) -> list[np.ndarray]:
    """Return the images (H, W, 3) of a batch; an alpha channel is left out."""
    return [picture[..., :3] for picture in _arrays(batch, 4)]


def _masks(batch: torch.Tensor) -> list[np.ndarray]:
    """Return the masks (H, W) of a batch, or of a single one."""
    return _arrays(batch if batch.ndim == 3 else batch[None], 3)


def _arrays(batch: torch.Tensor, dimensions: int) -> list[np.ndarray]:
    if batch.ndim != dimensions:
        raise ValueError(f"a tensor of shape {tuple(batch.shape)}, wanted {dimensions} dimensions.")
    return list(batch.detach().cpu().float().clamp(0, 1).numpy())


def _each(one: Callable[..., tuple[np.ndarray, ...]], *batches: list[np.ndarray]) -> tuple[torch.Tensor, ...]:
    """Call `one` on each picture of batches of one length, or of one picture; return its results as batches."""
    count = max(map(len, batches))
    if not all(len(batch) in (1, count) for batch in batches):
        raise ValueError(
            f"batches of {' and '.join(str(len(batch)) for batch in batches)} pictures, wanted equal ones."
        )
    made = [one(*(batch[i % len(batch)] for batch in batches)) for i in range(count)]
    return tuple(torch.from_numpy(np.stack(kind).astype(np.float32)) for kind in zip(*made, strict=True))
