"""A recipe: all settings that determine the result of a training run, read from TOML and changed by "key=value".

recipe = read("a2u", ["run.batch=8", "network.k_up=5"])

A file may begin with `extends = "NAME"` (or a .toml file beside it) and then holds the differences from that recipe.
"""

import logging
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from mattekit import toml
from mattekit.errors import InputError, MissingFileError, RecipeError
from mattekit.networks import find, summary
from mattekit.networks.summary import build_without_memory
from mattekit.samples.augment import check_steps
from mattekit.training import overrides
from mattekit.training.settings import Data, Loss, Network, Optimiser, Run, Schedule, Settings, Step

logger = logging.getLogger("mattekit")

SIZED = ("crop", "border", "turn")  # steps whose size is the patch's, unless a recipe sets it
IMAGENET = (("optimiser", "encoder_lr"), ("run", "freeze_norm"))  # only for encoders that start from ImageNet
FOLDER = Path(str(resources.files("mattekit") / "recipes"))
DEEPEST = 4  # limit of recipes that extend one another
LARGEST = 2 * 10**9  # limit of a network's parameters


class Recipe(Settings):
    """A recipe: its name and source, the seed of all randomness, and tables as in `training.settings`."""

    name: str = ""
    paper: str = ""
    seed: int = Field(default=0, ge=0, lt=2**63)
    network: Network
    data: Data = Data()
    augment: tuple[Step, ...] = ()
    loss: Loss = Loss()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    run: Run = Run()

    @property
    def steps(self) -> list[tuple[str, float, dict[str, Any]]]:
        """Augmentation steps in order: (step, probability, arguments); patches have the size `crop` of [data]."""
        return [(step.step, step.probability, self._complete(step)) for step in self.augment]

    def steps_per_epoch(self, items: int) -> int:
        """Return the optimiser steps of an epoch for sources with that many items; an incomplete batch is left out."""
        return self.run.steps_per_epoch or max(1, (self.data.samples_per_epoch or items) // self.run.batch)

    def to_toml(self) -> str:
        """Return the whole recipe, defaults included, as the text of a file for `read`."""
        values = self.model_dump(exclude_none=True)
        values["network"] |= {key: "none" for key, value in self.network.arguments.items() if value is None}
        return toml.dumps(values)

    def _complete(self, step: Step) -> dict[str, Any]:
        own = {"size": self.data.crop} if step.step in SIZED else {}
        return own | step.arguments


def names() -> list[str]:
    """List the names of the recipes that come with mattekit."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read(name_or_path: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe and change it.

    Parameters
    ----------
    name_or_path : one of `names()`, or a TOML file, which ends in .toml.
    changes : settings "key=value" with dotted keys, such as "optimiser.lr=0.001", "network.k_up=5", or
        "augment.hsv.probability=0" for each step of that name; "operator=carafe" replaces the network's operator.
        Later changes override earlier ones.

    Returns
    -------
    Recipe
        If a recipe of mattekit has no `network.pretrained`, its encoder gets the learning rate of the rest and its
        normalisation is not frozen, with a note, unless a change sets these: the papers' rules are for encoders
        from ImageNet.

    Raises
    ------
    MissingFileError
        If there is no such file.
    RecipeError
        If there is no such recipe, or it or a change has an unknown key (the nearest valid one is named) or a value
        of another type or out of bounds.
    """
    packaged = str(name_or_path) in names()
    values = _read_values(name_or_path)
    where = f"recipe {name_or_path}" if packaged else str(name_or_path)
    if changes and not packaged:
        _validate(where, values)  # reports errors of the file as such, not as errors of the changes
    overrides.apply(values, changes)
    if packaged:
        _without_imagenet(where, values, [text.partition("=")[0].strip() for text in changes])
    return _validate(", ".join(changes) or where, values)


def _read_values(name: str | Path, depth: int = 0) -> dict[str, Any]:
    """Read a recipe's file and merge it into the recipe that it extends; a list replaces the whole list."""
    path = FOLDER / f"{name}.toml" if str(name) in names() else Path(name)
    if path.suffix != ".toml":
        near = get_close_matches(str(name), names(), 3) or names()
        raise RecipeError(f"recipe: unknown recipe {str(name)!r}; nearest: {', '.join(near)}. Or name a .toml file.")
    try:
        values = toml.read(path)
    except MissingFileError:
        raise MissingFileError(f"{path}: no such file. Check the path, or use one of {', '.join(names())}.") from None
    except InputError as error:
        raise RecipeError(str(error)) from None
    base = values.pop("extends", None)
    if base is None:
        return values
    if not isinstance(base, str) or depth == DEEPEST:
        raise RecipeError(f"{path}: extends: {base!r}, wanted a recipe, {DEEPEST} deep at most. Correct it.")
    merged = _read_values(path.parent / base if base.endswith(".toml") else base, depth + 1)
    for key, value in values.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merged[key] | value if both else value
    return merged


def _validate(where: str, values: dict[str, Any]) -> Recipe:
    try:
        recipe = Recipe.model_validate(values)
        _check_network(recipe)
        check_steps(recipe.steps)
        return recipe
    except ValidationError as error:
        raise RecipeError(f"{where}: {'; '.join(_explain(error.errors(), values))}.") from None
    except InputError as error:  # of a step, or an operator
        raise RecipeError(f"{where}: {error}") from error


def _check_network(recipe: Recipe) -> None:
    """Raise InputError if the network is for another task, too large, or its arguments do not fit."""
    name, task = recipe.network.name, find(recipe.network.name).task
    if task != recipe.data.task:
        raise InputError(f"network.name: {name} is for {task}, wanted one for {recipe.data.task}. Choose another.")
    parameters = _parameters(name, tuple(sorted(recipe.network.arguments.items())))
    if parameters > LARGEST:
        raise InputError(f"network.name: {name} of {parameters:,} parameters, wanted at most {LARGEST:,}. Reduce it.")


@cache
def _parameters(name: str, arguments: tuple[tuple[str, Any], ...]) -> int:
    return summary.count_parameters(build_without_memory(name, dict(arguments)))


def _without_imagenet(where: str, values: dict[str, Any], changed: Sequence[str]) -> None:
    """Drop the settings for encoders from ImageNet if the encoder starts with random weights."""
    if values["network"].get("pretrained"):
        return
    candidates = [(table, key) for table, key in IMAGENET if f"{table}.{key}" not in changed]
    dropped = [f"{table}.{key}" for table, key in candidates if values.get(table, {}).pop(key, "none") != "none"]
    if dropped:
        text = "%s: without ImageNet weights (network.pretrained) its encoder learns like the rest: %s left out."
        logger.warning(text, where, " and ".join(dropped))


def _explain(errors: Iterable[Any], values: dict[str, Any]) -> Iterable[str]:
    for error in errors:
        key = ".".join(map(str, error["loc"]))
        if error["type"] == "extra_forbidden":
            yield overrides.unknown(key)
        else:
            value = f" {error['input']!r}" if isinstance(error["input"], str | int | float | bool) else ""
            yield f"{key}{value}: {error['msg'].removeprefix('Value error, ').rstrip('.')}"
