"""Networks: tensors in, tensors out. A row of a paper's table is a name here, and `build` makes it.

network = build("a2u-hybrid-cw", k_up=5)      # (N, 4, H, W) -> (N, 1, H, W)
"""

from collections.abc import Iterable
from difflib import get_close_matches
from types import NoneType
from typing import Any, get_args, get_origin

from mattekit.errors import InputError
from mattekit.networks import (
    a2u,
    deeplab,
    dim,
    fba,
    gca,
    indexnet,
    lsa,
    matteformer,
    mixing,
    reconstruction,
    refinenet,
    vitmatte,
)
from mattekit.networks.base import Network, Row
from mattekit.networks.encoder_decoder import EncoderDecoder, Pyramid
from mattekit.plugins import Table

__all__ = ["NETWORKS", "EncoderDecoder", "Network", "Pyramid", "Row", "build", "find", "parse_arguments"]

OWN: dict[str, Row] = {
    **a2u.ROWS,
    **deeplab.ROWS,
    **refinenet.ROWS,
    **indexnet.ROWS,
    **dim.ROWS,
    **lsa.ROWS,
    **gca.ROWS,
    **fba.ROWS,
    **matteformer.ROWS,
    **vitmatte.ROWS,
    **mixing.ROWS,
    **reconstruction.ROWS,
}
NETWORKS = Table(OWN, "mattekit.networks", Row)


def find(name: str) -> Row:
    """Return the row of a name; InputError with the nearest names if there is none."""
    if name not in NETWORKS:
        near = get_close_matches(name, NETWORKS, 3) or NETWORKS
        raise InputError(f"network: unknown {name!r}; nearest: {', '.join(near)}.")
    return NETWORKS[name]


def build(name: str, **changes) -> Network:
    """Build a network by name.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`.
    **changes
        Arguments in place of those of the row.

    Returns
    -------
    Network
        With random weights; `name` and `arguments` are what was given here. Where the operator is changed
        (`resampler`), the options of the row's own operator do not apply.

    Raises
    ------
    InputError
        If the name or an argument is unknown, or a value is invalid.
    """
    row = find(name)
    try:
        network = row.builder(**row.complete(changes))
    except InputError as error:
        raise InputError(f"network {name}: {error}") from error
    network.name, network.arguments = name, changes
    return network


def parse_arguments(name: str, settings: Iterable[str], resampler: str | None = None) -> dict[str, Any]:
    """Parse arguments such as "k_up=5", "context=none" or "bottleneck=512,1" by the types that the network declares.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`.
    settings : iterable of str
    resampler : str, optional
        The operator whose arguments are allowed, if not the row's own; a key of `OPERATORS`.

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
    known = find(name).parameters(texts.get("resampler", resampler))
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
