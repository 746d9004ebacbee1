"""Arguments of networks as text, "key=value", read by the types that the network and its operator declare."""

from collections.abc import Iterable
from inspect import Parameter
from types import NoneType
from typing import Any, get_args, get_origin

from mattekit.errors import InputError
from mattekit.networks import find


def arguments(name: str, resampler: str | None = None) -> dict[str, Parameter]:
    """Return the arguments of a network and of its operator by name, with their types and the row's values.

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
    return find(name).parameters(resampler)


def parse(name: str, settings: Iterable[str], resampler: str | None = None) -> dict[str, Any]:
    """Read settings such as "k_up=5", "context=none" or "bottleneck=512,1"; name and resampler as for `arguments`.

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
            raise InputError(f"network {name}: unknown argument {key!r}; it takes {', '.join(known)}.")
    return {key: _value(key, value, known[key].annotation) for key, value in texts.items()}


def _value(key: str, text: str, kind: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    if NoneType in get_args(kind) and text.lower() in ("none", "null"):
        return None
    parts = [part.strip() for part in text.split(",")] if get_origin(kind) is tuple else text
    try:
        return TypeAdapter(kind).validate_python(parts)
    except ValidationError as error:
        wanted = getattr(kind, "__name__", str(kind)) if get_origin(kind) is None else str(kind)
        raise InputError(f"{key}={text}: {error.errors()[0]['msg']}; wanted {wanted}.") from error
