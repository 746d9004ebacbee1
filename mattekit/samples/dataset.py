"""A data set of training samples: drawn from sources, augmented by steps, returned as tensors."""

from collections.abc import Collection, Iterable
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from mattekit.errors import InputError
from mattekit.imaging.codecs.encode import quantise
from mattekit.samples.augment import Step, apply
from mattekit.samples.sample import Sample

KEYS = ("image", "trimap", "alpha", "fg", "bg", "prior")
SCALES = {"trimap": 2}  # the integer that stands for 1 in the packed form; 255 for all other pictures


class Drawable(Protocol):
    """The interface of `samples.sources.Sources`, from which samples are drawn.

    lacking : names of pictures that only some samples have; batches are made without them.
    """

    lacking: Collection[str]

    def draw(self, rng: np.random.Generator) -> Sample:
        """Draw a random sample."""
        ...


class Samples(torch.utils.data.Dataset):
    """Samples by epoch and index, which determine them together with the seed.

    `samples[(epoch, index)]` is a dictionary of float32 tensors: "image" (3, h, w) in 0..1, "trimap" (1, h, w) of 0,
    0.5 and 1, "alpha" (1, h, w) and, where there are any, "fg" and "bg" (3, h, w) and "prior" (E, h, w).

    Parameters
    ----------
    sources : each sample is drawn from them.
    steps : as `augment.check_steps` returns them.
    seed : of all samples.
    tries : limit of draws for a sample whose trimap lacks known foreground or known background.
    depth : "8" rounds pictures to 8 bits, as in files, which makes batches from worker processes a quarter as large;
        "float" does not round.

    Raises
    ------
    InputError
        On access, if the steps make no image, no trimap, or pictures of different sizes.
    """

    def __init__(
        self,
        sources: Drawable,
        steps: Iterable[Step],
        *,
        seed: int = 0,
        tries: int = 1,
        depth: Literal["8", "float"] = "8",
    ) -> None:
        self.sources, self.steps, self.seed, self.tries, self.depth = sources, list(steps), seed, tries, depth
        certain = {name for name, probability, _ in self.steps if probability == 1}  # the step "prior" makes a prior
        self.keys = [name for name in KEYS if name in certain or name not in getattr(sources, "lacking", ())]

    def __getitem__(self, key: tuple[int, int]) -> dict[str, Tensor]:
        return unpacked(self.packed(key))

    def packed(self, key: tuple[int, int]) -> dict[str, Tensor]:
        """Return the sample as uint8 tensors where `depth` is "8"; `unpacked` turns them into `samples[key]`."""
        rng = np.random.default_rng([self.seed, *key])
        return self._tensors(self._draw(self.steps, rng))

    def _draw(self, steps: list[Step], rng: np.random.Generator) -> Sample:
        for _ in range(self.tries):
            sample = apply(self.sources.draw(rng), steps, rng)
            if sample.trimap is None or {0, 1} <= {sample.trimap.min(), sample.trimap.max()}:
                break
        return sample

    def _tensors(self, sample: Sample) -> dict[str, Tensor]:
        pictures = {name: getattr(sample, name) for name in self.keys if getattr(sample, name) is not None}
        _check(pictures)
        return {name: self._pack(name, pixels) for name, pixels in pictures.items()}

    def _pack(self, name: str, pixels: np.ndarray) -> Tensor:
        if self.depth == "8":
            pixels = to_bytes(name, pixels)
        planes = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
        return torch.from_numpy(np.ascontiguousarray(planes))


def to_bytes(name: str, pixels: np.ndarray) -> np.ndarray:
    """Convert a picture of a sample to uint8 in units of the packed form."""
    return (pixels * SCALES[name]).astype(np.uint8) if name in SCALES else quantise(pixels, "8")


def unpacked(tensors: dict[str, Tensor], device: Any = None) -> dict[str, Tensor]:
    """Convert packed tensors, single or batched, to float32 on a device, to which they are copied in packed form."""
    moved = {name: tensor.to(device, non_blocking=True) if device else tensor for name, tensor in tensors.items()}
    return {
        name: tensor.float() / SCALES.get(name, 255) if tensor.dtype == torch.uint8 else tensor
        for name, tensor in moved.items()
    }


def _check(pictures: dict[str, np.ndarray]) -> None:
    for name, step in (("image", "compose"), ("trimap", "trimap")):
        if name not in pictures:
            raise InputError(f"augmentation: it leaves a sample without {name}. Add the step {step}.")
    size = pictures["alpha"].shape[:2]
    for name, pixels in pictures.items():
        if pixels.shape[:2] != size:
            (h, w), (height, width) = pixels.shape[:2], size
            raise InputError(f"augmentation: {name} {h}x{w}, but the alpha is {height}x{width}. Check the steps.")
