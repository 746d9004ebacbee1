"""Arguments of networks as text, "key=value": which there are, and what type each has."""

from collections.abc import Iterable
from inspect import Parameter, signature
from types import NoneType
from typing import Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from mattekit.errors import InputError
from mattekit.networks import find
from mattekit.operators import OPERATORS


def arguments(name: str, resampler: str | None = None) -> dict[str, Parameter]:
    """The arguments of a network and of its operator by name, each with its type and its value in the paper's row.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`.
    resampler : str, optional
        The operator, if not the row's own; a key of `OPERATORS`.

    Returns
    -------
    dict of str to inspect.Parameter

    Raises
    ------
    InputError
        If the network is unknown.
    """
    row = find(name)
    found = dict(signature(row.builder).parameters)
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in found.values()):
        usual = found["resampler"].default if "resampler" in found else None
        operator = OPERATORS.get(resampler or row.arguments.get("resampler", usual))
        options = signature(operator).parameters if operator else {}
        own = {key: parameter for key, parameter in options.items() if parameter.kind is Parameter.KEYWORD_ONLY}
        found = found | {key: parameter for key, parameter in own.items() if key not in found}
    return {
        key: parameter.replace(default=row.arguments.get(key, parameter.default))
        for key, parameter in found.items()
        if parameter.kind is not Parameter.VAR_KEYWORD
    }


def parse(name: str, settings: Iterable[str], resampler: str | None = None) -> dict[str, Any]:
    """Arguments from settings such as "k_up=5", "context=none" or "bottleneck=512,1"; name, resampler as above.

    Raises
    ------
    InputError
        If the network is unknown, a setting has no "=" or names no argument of the network, or its value is not of the
        argument's type.
    """
    texts: dict[str, str] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"{setting}: no value, wanted KEY=VALUE.")
        texts[key.strip()] = value.strip()
    known = arguments(name, texts.get("resampler", resampler))
    for key in texts:
        if key not in known:
            raise InputError(f"{name}: argument {key!r}, wanted one of {', '.join(known)}.")
    return {key: _value(key, value, known[key].annotation) for key, value in texts.items()}


def _value(key: str, text: str, kind: Any) -> Any:
    if NoneType in get_args(kind) and text.lower() in ("none", "null"):
        return None
    parts = [part.strip() for part in text.split(",")] if get_origin(kind) is tuple else text
    try:
        return TypeAdapter(kind).validate_python(parts)
    except ValidationError as error:
        wanted = getattr(kind, "__name__", str(kind)) if get_origin(kind) is None else str(kind)
        raise InputError(f"{key}={text}: {error.errors()[0]['msg']}; wanted {wanted}.") from error
