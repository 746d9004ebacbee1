"""Networks: tensors in, tensors out. A row of a paper's table is a name here, and `build` makes it.

network = build("a2u-hybrid-cw", k_up=5)      # (N, 4, H, W) -> (N, 1, H, W)
"""

from difflib import get_close_matches

from mattekit.errors import InputError
from mattekit.networks import a2u, deeplab, dim, indexnet, lsa, mixing, reconstruction, refinenet
from mattekit.networks.base import Network
from mattekit.networks.encoder_decoder import EncoderDecoder, Pyramid
from mattekit.networks.row import Row

__all__ = ["NETWORKS", "EncoderDecoder", "Network", "Pyramid", "Row", "build", "find"]

NETWORKS: dict[str, Row] = {
    **a2u.ROWS,
    **deeplab.ROWS,
    **refinenet.ROWS,
    **indexnet.ROWS,
    **dim.ROWS,
    **lsa.ROWS,
    **mixing.ROWS,
    **reconstruction.ROWS,
}


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
        If the name or an argument is unknown, or a value is none that the argument can have.
    """
    row = find(name)
    try:
        network = row.builder(**row.complete(changes))
    except InputError as error:
        raise InputError(f"network {name}: {error}") from error
    network.name, network.arguments = name, changes
    return network


def prior_name(name: str, arguments: dict) -> str | None:
    """Return the row of `baselines.priors.PRIORS` whose estimates a network takes behind image and trimap, if any."""
    parameter = find(name).parameters().get("prior")
    return arguments.get("prior", parameter.default) if parameter else None
