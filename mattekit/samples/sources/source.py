"""The interface of a source of samples, and a weighted mixture of several."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mattekit import files

if TYPE_CHECKING:
    from mattekit.samples.sample import Sample


class Source(Protocol):
    """One set of foregrounds with alpha, or of composites.

    composed : its samples have an image, not a foreground, and need no background.
    with_prior : all of its samples have one.
    files : those of its items, in their order; none if they are drawn.
    """

    composed: bool
    with_prior: bool
    files: Sequence[Path]

    def __len__(self) -> int:
        """Return the number of items; for an endless source, how many make an epoch."""
        ...

    def read(self, index: int, rng: np.random.Generator) -> "Sample":
        """Return item `index`: fg and alpha, or image and alpha with trimap and prior if there are; no bg."""
        ...


class Backgrounds(Protocol):
    """Images to compose over.

    files : the images; none if they are drawn.
    """

    files: Sequence[Path]

    def draw(self, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        """Return one, (h, w, 3) float32 in 0..1 or uint8; `size` (H, W) of the foreground is for generated ones."""
        ...


class Sources:
    """Several sources, drawn from by weight, with backgrounds.

    Parameters
    ----------
    sources : at least one.
    weights : how often each is drawn, relative to one another.
    backgrounds : drawn from for every foreground.

    Attributes
    ----------
    shares : probability of each source.
    lacking : names of pictures that not every sample has: "fg" and "bg" if there are composites, "prior" if any is
        without. A batch cannot have them.
    """

    def __init__(self, sources: Sequence[Source], weights: Sequence[float], backgrounds: Backgrounds) -> None:
        self.sources = list(sources)
        self.backgrounds = backgrounds
        self.shares = np.asarray(weights, float) / np.sum(weights)
        self.lacking = {"fg", "bg"} if any(source.composed for source in sources) else set()
        self.lacking |= set() if all(source.with_prior for source in sources) else {"prior"}
        # Only foregrounds can be merged, not composites.
        layers = [0.0 if source.composed else share for source, share in zip(sources, self.shares, strict=True)]
        self._layer_shares = np.asarray(layers) / sum(layers) if any(layers) else None

    def __len__(self) -> int:
        """Return the number of items of all sources."""
        return sum(map(len, self.sources))

    def draw(self, rng: np.random.Generator) -> "Sample":
        """Draw a sample from a source picked by weight.

        A foreground also gets a background, and `draw` for another foreground of the same sources.
        """
        sample = self._read(rng, self.shares)
        if sample.fg is not None:
            if sample.bg is None:  # manifests may name the background
                sample.bg = self.backgrounds.draw(rng, sample.size)
            sample.draw = self.draw_foreground
        return sample

    def draw_foreground(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw a foreground (H, W, 3) and its alpha (H, W), for merging."""
        other = self._read(rng, self._layer_shares)
        return other.fg, other.alpha

    def fingerprint(self) -> str:
        """Return a hash of the sources, their shares and all files, by path, size and time; no file is read."""
        parts = [(source.composed, [files.state(path) for path in source.files]) for source in self.sources]
        backgrounds = [files.state(path) for path in self.backgrounds.files]
        return hashlib.sha256(repr((self.shares.tolist(), parts, backgrounds)).encode()).hexdigest()

    def _read(self, rng: np.random.Generator, shares: np.ndarray) -> "Sample":
        source = self.sources[rng.choice(len(self.sources), p=shares)]
        return source.read(int(rng.integers(len(source))), rng)
