"""Networks: tensors in, tensors out. A row of a paper's table is a name here, and `build` makes it.

network = build("a2u-hybrid-cw", k_up=5)      # (N, 4, H, W) -> (N, 1, H, W)
"""

from collections.abc import Callable
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import NamedTuple

from torch import nn

from mattekit.errors import InputError
from mattekit.networks import (
    a2u,
    classification,
    deeplab,
    depth,
    dim,
    indexnet,
    lsa,
    mixing,
    reconstruction,
    refinenet,
    segnet,
)
from mattekit.networks.encoder_decoder import EncoderDecoder, Pyramid

__all__ = ["NETWORKS", "EncoderDecoder", "Pyramid", "Row", "build", "find"]


class Row(NamedTuple):
    """One network: what builds it, with which arguments, and where a paper has it."""

    builder: Callable[..., nn.Module]
    arguments: dict
    source: str
    input: tuple[int, int, int] = (4, 224, 224)  # channels, height and width that its size is counted at
    note: str = ""  # where no setting gives the size that the paper prints


UNLIKE_PRINT = {
    "indexnet-b11-1.4": "the paper prints 8.86M and 7.61; the authors' own code gives this",
    "a2u-dynamic-cs-d-dagger": "the paper's +38K leaves out 2,048 numbers of the added normalisation",
}


def _rows(prefix: str, builder: Callable[..., nn.Module], table: dict[str, dict], source: str) -> dict[str, Row]:
    return {f"{prefix}-{name}": Row(builder, arguments, f"{source}, {name}") for name, arguments in table.items()}


NETWORKS: dict[str, Row] = {
    "a2u": Row(a2u.a2u, a2u.RELEASED["share"], "A2U, released, share"),
    "a2u-unshare": Row(a2u.a2u, a2u.RELEASED["unshare"], "A2U, released, unshare"),
    **_rows("a2u", a2u.a2u, a2u.TABLE_2, "A2U Table 2"),
    **_rows("a2u", a2u.a2u, a2u.TABLE_3, "A2U Table 3"),
    **_rows("a2u", a2u.a2u, a2u.TABLE_4, "A2U Table 4"),
    "indexnet": Row(indexnet.indexnet, indexnet.RELEASED, "IndexNet, released"),
    **_rows("indexnet", deeplab.DeepLab, deeplab.TABLE_1, "IndexNet Table 1"),
    **_rows("indexnet", refinenet.RefineNet, refinenet.TABLE_1, "IndexNet Table 1"),
    **_rows("indexnet", dim.dim, dim.TABLE_1, "IndexNet Table 1"),
    **_rows("indexnet", indexnet.indexnet, indexnet.TABLE_1, "IndexNet Table 1"),
    **_rows("indexnet", indexnet.indexnet, indexnet.TABLE_2, "IndexNet Table 2"),
    "dim": Row(dim.dim, dict(refined=True), "Deep Image Matting"),
    "lsa": Row(lsa.lsa, {}, "LSA, released"),
    "mixing": Row(mixing.mixing, {}, "none: of the default weights", (15, 256, 256)),
    **{
        f"reconstruction-{name}": Row(reconstruction.reconstruction, row, f"A2U Table 1, {name}", (1, 32, 32))
        for name, row in reconstruction.TABLE_1.items()
    },
    # The other tasks of IndexNet section 5.4: `resampler="indexnet-m2o-nonlinear-context"` makes them index-guided.
    "lenet": Row(classification.lenet, {}, "IndexNet 5.4, CIFAR-10", (3, 32, 32)),
    "mobilenet": Row(classification.mobilenet, {}, "IndexNet 5.4, CIFAR-10", (3, 32, 32)),
    "vgg16": Row(classification.vgg16, {}, "IndexNet 5.4, CIFAR-10", (3, 32, 32)),
    "depth": Row(depth.DepthNetwork, {}, "IndexNet 5.4, NYUDv2", (3, 228, 304)),
    "segnet": Row(segnet.segnet, {}, "IndexNet 5.4, SUN RGB-D", (3, 224, 224)),
}
NETWORKS |= {name: NETWORKS[name]._replace(note=note) for name, note in UNLIKE_PRINT.items()}


def find(name: str) -> Row:
    """The row of a name; InputError with the nearest names if there is none."""
    if name not in NETWORKS:
        near = get_close_matches(name, NETWORKS, 3) or NETWORKS
        raise InputError(f"network: {name!r}, which is none. Use one of {', '.join(near)}.")
    return NETWORKS[name]


def build(name: str, **changes) -> nn.Module:
    """Build a network by name.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`.
    **changes
        Arguments in place of those of the row.

    Returns
    -------
    nn.Module
        With random weights; its attributes `name` and `arguments` are what was given here.

    Raises
    ------
    InputError
        If the name or an argument is unknown.
    """
    row = find(name)
    known = signature(row.builder).parameters
    if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in known.values()):
        for key in changes.keys() - known.keys():
            raise InputError(f"network {name}: argument {key!r}, wanted one of {', '.join(known)}.")
    network = row.builder(**{**row.arguments, **changes})
    network.name, network.arguments = name, changes
    return network


def prior_name(name: str, arguments: dict) -> str | None:
    """The row of `baselines.coarse.PRIORS` whose estimates a network takes behind image and trimap; mostly None."""
    parameter = signature(find(name).builder).parameters.get("prior")
    return arguments.get("prior", parameter.default) if parameter else None
