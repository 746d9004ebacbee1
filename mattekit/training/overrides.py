"""Changes of a recipe as text, "key=value", applied to the values of its file before they are validated."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import Any, get_args

from pydantic import BaseModel

from mattekit import toml
from mattekit.errors import InputError, RecipeError
from mattekit.networks import find
from mattekit.samples.augment import STEPS
from mattekit.training import settings

TABLES: dict[str, type[BaseModel]] = {
    "network": settings.Network,
    "data": settings.Data,
    "loss": settings.Loss,
    "optimiser": settings.Optimiser,
    "schedule": settings.Schedule,
    "run": settings.Run,
}
PLAIN = ("name", "paper", "seed")
OPERATOR = "operator"  # short for the network's operator in any network
FIRST = {"network.name": 0, OPERATOR: 1, "network.resampler": 2}
RECONSTRUCTION = "reconstruction-"


def apply(values: dict[str, Any], texts: Iterable[str]) -> None:
    """Apply changes "key=value" to the values of a recipe's file; RecipeError if there is no such key."""
    # The network and its operator come first: they decide on the other keys.
    for text in sorted(texts, key=lambda text: FIRST.get(text.partition("=")[0].strip(), len(FIRST))):
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise RecipeError(f"{text}: no value, wanted KEY=VALUE.")
        if key not in (known := keys(values)):
            raise RecipeError(f"{unknown(key, known)}.")
        _set(values, key, value)


def _set(values: dict[str, Any], key: str, value: str) -> None:
    table, _, rest = key.partition(".")
    if key == OPERATOR:
        _set_operator(values["network"], value)
    elif table == "augment":
        step, _, argument = rest.rpartition(".")
        for row in values.get("augment", []):
            if row["step"] == step:
                row[argument] = _parsed(value)
    elif rest:
        values.setdefault(table, {})[rest] = _typed(TABLES[table], rest, value)
    else:
        values[key] = _typed(None, key, value)


def keys(values: dict[str, Any]) -> list[str]:
    """List the keys that a change of this recipe can name."""
    known = [*PLAIN, OPERATOR]
    known += [f"{table}.{field}" for table, model in TABLES.items() for field in model.model_fields]
    network = values.get("network", {})
    known += [f"network.{name}" for name in find(network["name"]).parameters(network.get("resampler"))]
    return known + [f"augment.{row['step']}.{name}" for row in values.get("augment", []) for name in _arguments(row)]


def unknown(key: str, known: Sequence[str] = ()) -> str:
    """Return a message that a key is unknown, with the nearest valid one."""
    known = known or [*PLAIN, *TABLES, "augment", *_all_keys()]
    near = get_close_matches(key, known, 1, 0.5) or get_close_matches(f".{key}", known, 1, 0.3)
    return f"{key}: no such setting" + (f"; the nearest is {near[0]}" if near else "")


def _all_keys() -> list[str]:
    return [f"{table}.{field}" for table, model in TABLES.items() for field in model.model_fields]


def _arguments(row: dict[str, Any]) -> list[str]:
    parameters = signature(STEPS[row["step"]]).parameters.values() if row["step"] in STEPS else ()
    return ["probability", *(one.name for one in parameters if one.kind is Parameter.KEYWORD_ONLY)]


def _set_operator(network: dict[str, Any], operator: str) -> None:
    """Set the operator; a network of the reconstruction study becomes the row of A2U Table 1 that has it."""
    if network["name"].startswith(RECONSTRUCTION):
        network["name"] = RECONSTRUCTION + operator
    else:
        network["resampler"] = operator


def _typed(model: type[BaseModel] | None, field: str, text: str) -> Any:
    """Convert text for a field: to a list for sequences; pydantic converts all other types from the text."""
    kind = model.model_fields[field].annotation if model and field in model.model_fields else None
    if kind is not None and getattr(kind, "__origin__", None) is tuple:
        parts = [part.strip() for part in text.strip("[]").split(",")]
        return [part.strip("\"'") for part in parts if part]
    if type(None) in get_args(kind) and text.lower() in ("none", "null"):
        return None
    return text


def _parsed(text: str) -> Any:
    """Parse text as a TOML value, else keep it as a string; steps check their arguments."""
    try:
        return toml.loads(f"value = {text}", "value")["value"]
    except InputError:
        return text
