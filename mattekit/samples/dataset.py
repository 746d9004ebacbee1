"""Data sets of training samples, drawn from sources, augmented by steps and returned as tensors.

`Samples` makes each sample anew. `Pool` makes a number of samples once, keeps them as files and reuses them, each time
with another random "turn": it pays where samples take longer to make than to train on, mainly because of classical
estimates of alpha.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from torch import Tensor

from mattekit import files
from mattekit.errors import InputError
from mattekit.imaging.codecs.encode import quantise
from mattekit.samples.augment import Step, apply
from mattekit.samples.sample import Sample

logger = logging.getLogger("mattekit")

FIRST_REPEATED = "turn"  # the first step that is repeated whenever a sample of the pool is used

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


def split_steps(steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """Split steps into those applied once to each sample of a pool, and those repeated whenever it is used.

    Raises
    ------
    InputError
        If there is no step "turn".
    """
    names = [name for name, _, _ in steps]
    if FIRST_REPEATED not in names:
        raise InputError(f"data.pool: no step {FIRST_REPEATED}. Add it as the last one, or set data.pool=0.")
    cut = names.index(FIRST_REPEATED)
    return list(steps[:cut]), list(steps[cut:])


class Pool(Samples):
    """Samples by epoch and index, each a random one of the pool after the repeated steps.

    Sample n of the pool depends on the seed and n alone, and is made when it is first drawn. Processes and runs share
    the folder; it may be deleted at any time.

    Parameters
    ----------
    sources, seed, tries : as for `Samples`.
    steps : those before "turn" are applied once; "turn" and later ones whenever the sample is used.
    count : number of samples in the pool.
    folder : folder of the samples, one file of uint8 arrays each; None makes them anew each time.

    Raises
    ------
    InputError
        If there is no step "turn".
    """

    def __init__(
        self,
        sources: Drawable,
        steps: Iterable[Step],
        *,
        count: int,
        folder: Path | None,
        seed: int = 0,
        tries: int = 1,
    ) -> None:
        super().__init__(sources, steps, seed=seed, tries=tries)
        self.once, self.repeated = split_steps(self.steps)
        self.count, self.folder = count, folder

    def packed(self, key: tuple[int, int]) -> dict[str, Tensor]:
        """See `Samples.packed`."""
        rng = np.random.default_rng([self.seed, *key])
        return self._tensors(apply(self._sample(int(rng.integers(self.count))), self.repeated, rng))

    def pictures(self, number: int) -> dict[str, np.ndarray]:
        """Return the pictures of sample `number` of the pool as uint8, from the folder or made and saved there."""
        pictures = self._read(number)
        if pictures is None:
            pictures = self._make(number)
            self._write(number, pictures)
        return pictures

    def _sample(self, number: int) -> Sample:
        pictures = self.pictures(number)
        exact = {name: pictures[name] / np.float32(scale) for name, scale in SCALES.items() if name in pictures}
        return Sample(**pictures | exact, placed=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.safetensors"

    def _read(self, number: int) -> dict[str, np.ndarray] | None:
        if self.folder is None:
            return None
        try:
            return load_file(self._path(number))
        except (OSError, SafetensorError):  # not made yet, or damaged
            return None

    def _make(self, number: int) -> dict[str, np.ndarray]:
        sample = self._draw(self.once, np.random.default_rng([self.seed, number]))
        pictures = {name: getattr(sample, name) for name in self.keys if getattr(sample, name) is not None}
        return {name: np.ascontiguousarray(to_bytes(name, pixels)) for name, pixels in pictures.items()}

    def _write(self, number: int, arrays: dict[str, np.ndarray]) -> None:
        if self.folder is None:
            return
        try:
            with files.replacing(self._path(number)) as part:
                save_file(arrays, part)
        except (OSError, SafetensorError) as error:  # a full disk: it goes on, slower
            logger.warning("%s: samples cannot be kept (%s); each is made anew.", self.folder, error)
            self.folder = None
