"""Composing on the device that trains: the loader reads, moves and crops; the last steps of a recipe follow there.

The random numbers of a sample travel with it, so that the same recipe and seed give the same samples on either side.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from mattekit.errors import InputError
from mattekit.samples.augment import Step, apply
from mattekit.samples.samples import Drawable, Samples
from mattekit.training.batch import Batch
from mattekit.training.device_steps import STEPS

GENERATOR = "generator"  # under which the random numbers travel
NEEDED = ("fg", "bg", "alpha")


def split(steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """Steps for the loader, and the last ones, which the device has too.

    Raises
    ------
    InputError
        If `compose` would not be among these.
    """
    cut = len(steps)
    while cut and steps[cut - 1][0] in STEPS:
        cut -= 1
    if not any(name == "compose" for name, _, _ in steps[cut:]):
        last = steps[cut - 1][0] if cut else "nothing"
        raise InputError(
            f"data.compose: device, but the step {last} is for the loader alone, and comes last or behind compose. "
            f"Only {', '.join(STEPS)} may follow the crop; or set data.compose=loader."
        )
    return list(steps[:cut]), list(steps[cut:])


class Parts(Samples):
    """Samples before their last steps: "fg", "bg", "alpha", perhaps "trimap", and the state of the random numbers.

    Parameters
    ----------
    sources, seed, depth : as of `Samples`.
    steps : those of the loader.
    tries : 1; what would have to be drawn again only the device could tell.

    Raises
    ------
    InputError
        If there are to be more tries, or a source has composites, which have no foreground.
    """

    def __init__(
        self, sources: Drawable, steps: Iterable[Step], *, seed: int = 0, tries: int = 1, depth: str = "8"
    ) -> None:
        super().__init__(sources, steps, seed=seed, depth=depth)
        if tries > 1:
            raise InputError(
                f"data.compose: device, but data.tries is {tries}. Set data.tries=1 or data.compose=loader."
            )
        if "fg" not in self.keys:
            raise InputError("data.compose: device, but a source has composites. Set data.compose=loader.")

    def packed(self, key: tuple[int, int]) -> dict[str, Tensor]:
        """See `Samples.packed`."""
        rng = np.random.default_rng([self.seed, *key])
        sample = apply(self.sources.draw(rng), self.steps, rng)
        if sample.bg.shape != sample.fg.shape:
            raise InputError("augmentation: a background of another size than the foreground. Add the step background.")
        names = [*NEEDED, *(["trimap"] if sample.trimap is not None else [])]
        return {name: self._packed(name, getattr(sample, name)) for name in names} | {GENERATOR: _to_tensor(rng)}


def finish(batch: Batch, steps: Sequence[Step]) -> Batch:
    """Take the last steps, each sample its own.

    Parameters
    ----------
    batch : of `Parts`, on any device.
    steps : those of the device.

    Returns
    -------
    dict
        "image", "trimap", "alpha", "fg" and "bg", as of `Samples`.
    """
    made = [_finished(pictures, steps, rng) for pictures, rng in _samples(batch)]
    return {name: torch.stack([pictures[name] for pictures in made]) for name in made[0]}


def _finished(pictures: dict[str, Tensor], steps: Sequence[Step], rng: np.random.Generator) -> dict[str, Tensor]:
    for name, probability, arguments in steps:
        if rng.random() < probability:
            pictures = STEPS[name](pictures, rng, **arguments)
    return pictures


def _samples(batch: Batch) -> Iterator[tuple[dict[str, Tensor], np.random.Generator]]:
    states = batch[GENERATOR].cpu()
    for i, state in enumerate(states):
        yield {name: value[i] for name, value in batch.items() if name != GENERATOR}, _to_generator(state)


def _to_tensor(rng: np.random.Generator) -> Tensor:
    """The state of a PCG64 generator as (6,) int64, the bits of its two numbers of 128 bits and of what it keeps."""
    state = rng.bit_generator.state
    numbers = [half for name in ("state", "inc") for half in divmod(state["state"][name], 1 << 64)]
    words = np.array([*numbers, state["has_uint32"], state["uinteger"]], np.uint64)
    return torch.from_numpy(words.view(np.int64))


def _to_generator(state: Tensor) -> np.random.Generator:
    high, low, inc_high, inc_low, has, kept = (int(word) for word in state.numpy().view(np.uint64))
    numbers = {"state": (high << 64) + low, "inc": (inc_high << 64) + inc_low}
    rng = np.random.Generator(np.random.PCG64())
    rng.bit_generator.state = {"bit_generator": "PCG64", "state": numbers, "has_uint32": has, "uinteger": kept}
    return rng
