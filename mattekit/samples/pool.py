"""A pool of samples that are made once, kept as files, and reused, each time with another random "turn".

It pays where samples take longer to make than to train on, mainly because of classical estimates of alpha.
"""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from torch import Tensor

from mattekit import files
from mattekit.errors import InputError
from mattekit.samples.augment import Step, apply
from mattekit.samples.dataset import SCALES, Drawable, Samples, to_bytes
from mattekit.samples.sample import Sample

logger = logging.getLogger("mattekit")

FIRST_REPEATED = "turn"  # the first step that is repeated whenever a sample of the pool is used


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
