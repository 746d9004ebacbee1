"""A recipe: all that decides what a training run gives, read from TOML and changed by "key=value".

recipe = read("a2u", ["run.batch=8", "network.k_up=5"])
"""

import logging
import tomllib
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from mattekit.errors import InputError, MissingFileError, RecipeError
from mattekit.networks.summary import on_paper
from mattekit.samples.augment import check_steps
from mattekit.training import changes as change
from mattekit.training.settings import Data, Loss, Network, Optimiser, Run, Schedule, Settings, Step
from mattekit.training.toml import dumps

logger = logging.getLogger("mattekit")

SIZED = ("crop", "border", "turn")  # steps whose size is that of a patch, unless a recipe gives them their own
OWN = "recipe "  # a file of ours is called by its name, others by their path
IMAGENET = (("optimiser", "encoder_lr"), ("run", "freeze_norm"))  # fit for encoders that start from ImageNet alone
FOLDER = resources.files("mattekit") / "recipes"


class Recipe(Settings):
    """A recipe: its name, where it is from, the seed of all randomness, and tables as in `training.settings`."""

    name: str = ""
    paper: str = ""
    seed: int = Field(default=0, ge=0)
    network: Network
    data: Data = Data()
    augment: tuple[Step, ...] = ()
    loss: Loss = Loss()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    run: Run = Run()

    @property
    def steps(self) -> list[tuple[str, float, dict[str, Any]]]:
        """The augmentation in order: (step, probability, arguments); patches have the size `crop` of [data]."""
        return [(step.step, step.probability, self._complete(step)) for step in self.augment]

    def steps_per_epoch(self, items: int) -> int:
        """Optimiser steps of an epoch, for sources with that many items; an incomplete batch is left out."""
        return self.run.steps_per_epoch or max(1, (self.data.samples_per_epoch or items) // self.run.batch)

    def to_toml(self) -> str:
        """The whole recipe, with what was not set, as a file that `read` takes."""
        return dumps(self.model_dump(exclude_none=True))

    def _complete(self, step: Step) -> dict[str, Any]:
        own = {"size": self.data.crop} if step.step in SIZED else {}
        return own | step.arguments


def names() -> list[str]:
    """Names of the recipes that mattekit brings."""
    return sorted(path.name.removesuffix(".toml") for path in FOLDER.iterdir() if path.name.endswith(".toml"))


def read(name_or_path: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe and change it.

    Parameters
    ----------
    name_or_path : one of `names()`, or a TOML file, which ends in .toml.
    changes : settings "key=value" with dotted keys, such as "optimiser.lr=0.001", "network.k_up=5", or
        "augment.hsv.probability=0" for each step of that name; "operator=carafe" replaces the network's operator.
        Later ones win.

    Returns
    -------
    Recipe
        Of ours without `network.pretrained`, the encoder has the learning rate of the rest and its normalisation is
        not frozen, with a note, unless a change sets these: what the papers do is for encoders from ImageNet.

    Raises
    ------
    MissingFileError
        If there is no such file.
    RecipeError
        If there is no such recipe, or it or a change has an unknown key (the nearest valid one is named) or a value
        of another type or out of bounds.
    """
    where, text = _text(name_or_path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where}: no TOML ({error}). Correct it.") from None
    if changes and not where.startswith(OWN):
        _recipe(where, values)  # a fault of the file is told as such, not as one of the changes
    change.apply(values, changes)
    if where.startswith(OWN):
        _from_scratch(where, values, [text.partition("=")[0].strip() for text in changes])
    return _recipe(", ".join(changes) or where, values)


def _text(name: str | Path) -> tuple[str, str]:
    path = Path(name)
    if path.suffix == ".toml":
        if not path.is_file():
            raise MissingFileError(f"{path}: no such file. Check the path, or use one of {', '.join(names())}.")
        try:
            return str(path), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise RecipeError(f"{path}: not text, wanted TOML. Check the path.") from None
    if str(name) not in names():
        near = get_close_matches(str(name), names(), 3) or names()
        raise RecipeError(f"recipe: {str(name)!r}, which is none. Use one of {', '.join(near)}, or a .toml file.")
    return f"{OWN}{name}", (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def _recipe(where: str, values: dict[str, Any]) -> Recipe:
    try:
        recipe = Recipe.model_validate(values)
        check_steps(recipe.steps)
        on_paper(recipe.network.name, recipe.network.arguments)
        return recipe
    except ValidationError as error:
        raise RecipeError(f"{where}: {'; '.join(_explained(error.errors(), values))}.") from None
    except InputError as error:  # of a step, or an operator
        raise RecipeError(f"{where}: {error}") from error


def _from_scratch(where: str, values: dict[str, Any], changed: Sequence[str]) -> None:
    """Let an encoder with random weights learn like the rest of the network."""
    if values["network"].get("pretrained"):
        return
    meant = [(table, key) for table, key in IMAGENET if f"{table}.{key}" not in changed]
    dropped = [f"{table}.{key}" for table, key in meant if values.get(table, {}).pop(key, "none") != "none"]
    if dropped:
        text = "%s: without ImageNet weights (network.pretrained) its encoder learns like the rest: %s left out."
        logger.warning(text, where, " and ".join(dropped))


def _explained(errors: Iterable[Any], values: dict[str, Any]) -> Iterable[str]:
    for error in errors:
        key = ".".join(map(str, error["loc"]))
        if error["type"] == "extra_forbidden":
            yield change.unknown(key)
        else:
            found = f" {error['input']!r}" if isinstance(error["input"], str | int | float | bool) else ""
            yield f"{key}{found}: {error['msg'].removeprefix('Value error, ').rstrip('.')}"
