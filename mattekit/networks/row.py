"""A row of the table of networks: the one place where a network declares what others need to know of it."""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from types import MappingProxyType
from typing import NamedTuple

from mattekit.errors import InputError
from mattekit.networks.base import Network
from mattekit.operators import OPERATORS, options


class Row(NamedTuple):
    """One network.

    Attributes
    ----------
    builder : function
        Builds the network from `arguments` and whatever a caller changes in them.
    arguments : dict
    source : str
        The paper and the table, or the code, that has this network.
    preparation : str
        How a whole image becomes the input, as the authors do it: a key of `inference.preparation.PREPARATIONS`, in
        which {stride} stands for the built network's.
    rounding : mapping of precision to float
        Mean change of the 8-bit alpha over the unknown pixels against float32, the largest of nine photographs, as
        tests/benchmarks/bench_precision.py prints it. It is measured with the authors' layers and random weights, which
        answer to rounding more than trained ones do, on a CPU; accelerators also accumulate in float32.
    input : (int, int, int)
        Channels, height and width at which the size is counted.
    note : str
        The difference from the printed size where no setting reproduces it.
    task : "matting" or "reconstruction"
    """

    builder: Callable[..., Network]
    arguments: dict
    source: str
    preparation: str
    rounding: Mapping[str, float] = MappingProxyType({})
    input: tuple[int, int, int] = (4, 224, 224)
    note: str = ""
    task: str = "matting"

    @property
    def estimates(self) -> bool:
        """Whether the input carries estimates of alpha behind image and trimap."""
        return self.task == "matting" and self.input[0] > 4

    def parameters(self, resampler: str | None = None) -> dict[str, Parameter]:
        """Return the arguments of the network and its operator by name, with their types and this row's values.

        Another operator (a key of `OPERATORS`) has its own values: what the row says is about its own operator.
        """
        own = dict(signature(self.builder).parameters)
        usual = self.arguments.get("resampler", own["resampler"].default if "resampler" in own else None)
        resampler = resampler or usual
        found = {key: parameter for key, parameter in own.items() if parameter.kind is not Parameter.VAR_KEYWORD}
        if len(found) < len(own) and resampler in OPERATORS:
            found = {**options(resampler), **found}
        values = {key: self.arguments[key] for key in self.arguments if resampler == usual or key in own}
        order = [*own, *found]
        return {key: found[key].replace(default=values.get(key, found[key].default)) for key in order if key in found}

    def complete(self, changes: dict) -> dict:
        """Return the builder's arguments: those of the row with changes.

        Raises
        ------
        InputError
            If the operator is unknown, or an argument is neither the network's nor the operator's.
        """
        resampler = changes.get("resampler")
        if resampler is not None:
            options(resampler)
        known = self.parameters(resampler)
        for key in changes.keys() - known.keys():
            raise InputError(f"unknown argument {key!r}; it takes {', '.join(known)}.")
        return {**{key: known[key].default for key in self.arguments if key in known}, **changes}

    def values(self, changes: dict) -> dict:
        """Return every argument with its value."""
        known = self.parameters(changes.get("resampler"))
        return {**{key: parameter.default for key, parameter in known.items()}, **changes}


def rows(prefix: str, builder: Callable[..., Network], table: dict[str, dict], source: str, **declared) -> dict:
    """Rows of a paper's table, named prefix-key, with what they declare in common."""
    return {f"{prefix}-{name}": Row(builder, row, f"{source}, {name}", **declared) for name, row in table.items()}
