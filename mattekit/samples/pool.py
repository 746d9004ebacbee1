"""A pool of samples that are made once, kept as files, and used again and again, each time turned another way.

For samples that take longer to make than to learn from: estimates by classical methods are the most of it.
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
from mattekit.samples.dataset import SCALES, Drawable, Samples, in_bytes
from mattekit.samples.sample import Sample

logger = logging.getLogger("mattekit")

AGAIN = "turn"  # the step at which a sample from the pool goes on


def parted(steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """Steps that are taken once for each sample of a pool, and those that are taken whenever it is used.

    Raises
    ------
    InputError
        If there is no step "turn".
    """
    names = [name for name, _, _ in steps]
    if AGAIN not in names:
        raise InputError(f"data.pool: no step {AGAIN}. Add it as the last one, or set data.pool=0.")
    cut = names.index(AGAIN)
    return list(steps[:cut]), list(steps[cut:])


class Pool(Samples):
    """Samples by epoch and index, each a random one of the pool after its last steps.

    Number n of the pool depends on the seed and n alone, whoever makes it and when: it is made when it is first drawn.
    Processes share the folder, and so do runs; it may be deleted at any time.

    Parameters
    ----------
    sources, seed, tries : as of `Samples`.
    steps : those before "turn" are taken once; it and what follows whenever the sample is used.
    count : of samples.
    folder : where they are kept, a file of bytes each; None makes them whenever they are drawn.

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
        self.once, self.again = parted(self.steps)
        self.count, self.folder = count, folder

    def packed(self, key: tuple[int, int]) -> dict[str, Tensor]:
        """See `Samples.packed`."""
        rng = np.random.default_rng([self.seed, *key])
        return self._tensors(apply(self._kept(int(rng.integers(self.count))), self.again, rng))

    def keep(self, number: int) -> dict[str, np.ndarray]:
        """The pictures of one sample of the pool, as bytes; made and kept, if they are not yet."""
        kept = self._read(number)
        if kept is None:
            kept = self._made(number)
            self._write(number, kept)
        return kept

    def _kept(self, number: int) -> Sample:
        kept = self.keep(number)
        exact = {name: kept[name] / np.float32(scale) for name, scale in SCALES.items() if name in kept}
        return Sample(**kept | exact, placed=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.safetensors"

    def _read(self, number: int) -> dict[str, np.ndarray] | None:
        if self.folder is None:
            return None
        try:
            return load_file(self._path(number))
        except (OSError, SafetensorError):  # not made yet, or damaged
            return None

    def _made(self, number: int) -> dict[str, np.ndarray]:
        sample = self._drawn(self.once, np.random.default_rng([self.seed, number]))
        pictures = {name: getattr(sample, name) for name in self.keys if getattr(sample, name) is not None}
        return {name: np.ascontiguousarray(in_bytes(name, pixels)) for name, pixels in pictures.items()}

    def _write(self, number: int, arrays: dict[str, np.ndarray]) -> None:
        if self.folder is None:
            return
        try:
            with files.replacing(self._path(number)) as part:
                save_file(arrays, part)
        except (OSError, SafetensorError) as error:  # a full disk: it goes on, slower
            logger.warning("%s: samples cannot be kept (%s); each is made anew.", self.folder, error)
            self.folder = None
