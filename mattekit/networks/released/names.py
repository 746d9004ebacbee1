"""Tables that rename the tensors of released checkpoints to mattekit's names.

A table's row is (their prefix, our prefix, layers), and `layers` maps what stands between the prefix and the tensor's
own name. One table serves conversion and the comparison with the authors' outputs.
"""

from collections.abc import Collection

from mattekit.errors import WeightsError
from mattekit.networks.state import State

Table = list[tuple[str, str, dict[str, str]]]

CONV_NORM = {"0": "conv", "1": "norm"}
SEPARABLE = {"0": "0.conv", "1": "0.norm", "2": "1.conv", "3": "1.norm"}

ASPP: Table = [  # the module of both IndexNet's and A2U's code
    ("dconv_pp.aspp1.atrous_conv.", "context.branches.0.", CONV_NORM),
    ("dconv_pp.aspp2.atrous_conv.", "context.branches.1.", SEPARABLE),
    ("dconv_pp.aspp3.atrous_conv.", "context.branches.2.", SEPARABLE),
    ("dconv_pp.aspp4.atrous_conv.", "context.branches.3.", SEPARABLE),
    ("dconv_pp.global_avg_pool.", "context.average.", {"1": "conv", "2": "norm"}),
    ("dconv_pp.bottleneck_conv.", "context.project.", CONV_NORM),
]


def rename(state: State, table: Table) -> State:
    """Rename every tensor by the first row that knows it.

    Raises
    ------
    WeightsError
        If no row does, or two tensors get one name.
    """
    ours = State()
    for key, value in state.items():
        name = next((name for row in table if (name := _renamed(key, *row))), None)
        if name is None:
            raise WeightsError(f"weights: {key}, which no released checkpoint of this family has. Is it another's?")
        if name in ours:
            raise WeightsError(f"weights: {key} beside another tensor of the same layer. Is the file damaged?")
        ours[name] = value
    return ours


def refuse_others(state: State, used: Collection[str], where: str) -> None:
    """Raise a WeightsError that names a tensor which is not among the `used` ones."""
    other = next((key for key in state if key not in used), None)
    if other is not None:
        raise WeightsError(f"weights: {other} in {where}, which none of the family has. Is it another's?")


def _renamed(key: str, theirs: str, ours: str, layers: dict[str, str]) -> str | None:
    layer, _, tensor = key.removeprefix(theirs).rpartition(".")
    if not key.startswith(theirs) or layer not in layers:
        return None
    return f"{ours}{layers[layer]}.{tensor}"


def below(state: State, prefix: str) -> State:
    """Return the part of a state under a prefix, without it."""
    return State((key.removeprefix(prefix), value) for key, value in state.items() if key.startswith(prefix))


def known(state: State, table: Table) -> State:
    """Return the part of a state that a table knows, renamed by it: of classifiers, the encoder."""
    return State(
        (name, value)
        for key, value in state.items()
        if (name := next((name for row in table if (name := _renamed(key, *row))), None))
    )
