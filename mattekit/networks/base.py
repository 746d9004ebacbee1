"""Base class of all networks, with its two steps `encode` and `decode`; rows of the table of networks.

A row is the one place where a network declares what other packages need to know about it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

if TYPE_CHECKING:
    from mattekit.networks.header import Header


from collections.abc import Mapping
from inspect import Parameter, signature
from types import MappingProxyType
from typing import NamedTuple

from mattekit.errors import InputError
from mattekit.operators import OPERATORS, options

Adjust = Callable[[int, Tensor], Tensor]  # (level, decoder feature) -> the changed feature
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}  # what all papers normalise with
LAYERS = ("alpha", "foreground", "background")


class Network(nn.Module):
    """A network that works in two steps, so that refinement can repeat the second alone.

    Attributes
    ----------
    name, arguments : str, dict
        Arguments of `networks.build`.
    header : Header or None
        The description in the file that the network was loaded from.
    stride : int
        Input pixels per position of the deepest feature map.
    prior : str or None
        The row of `baselines.priors.PRIORS` whose estimates the input carries behind image and trimap.
    outputs : tuple of str
        What `decode_layers` returns: ("alpha",), or `LAYERS`.
    """

    name: str = ""
    outputs: tuple[str, ...] = ("alpha",)
    arguments: dict[str, Any] = {}  # noqa: RUF012 - replaced by `build`, never written to
    header: Header | None = None
    stride: int = 32
    prior: str | None = None

    def encode(self, x: Tensor) -> Any:
        """Encode (N, C, H, W), sides multiples of `stride`, to the argument of `decode`."""
        raise NotImplementedError

    def decode(self, encoded: Any, adjust: Adjust | None = None) -> Tensor:
        """Decode the result of `encode` to (N, C', H, W), without activation."""
        raise NotImplementedError

    def decode_layers(self, encoded: Any, adjust: Adjust | None = None) -> Tensor:
        """Decode to all `outputs`: alpha and, if there are layers, RGB in 0..1 of both, (N, 1 or 7, H, W)."""
        return self.decode(encoded, adjust)

    def parts(self) -> dict[str, list[nn.Module]]:
        """Return modules by the part they belong to: "encoder", "decoder" and, if there is one, "refinement"."""
        decoder = [child for name, child in self.named_children() if name != "encoder"]
        return {"encoder": [self.encoder], "decoder": decoder}

    def initial_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the state to start training from, given a file's: the same, unless the file holds only one stage."""
        return state


class InputSize(NamedTuple):
    """Channels, height and width of a network's input."""

    channels: int
    height: int
    width: int


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
        The authors' preparation of a whole image as input: a key of `inference.preparation.PREPARATIONS`, in
        which {stride} stands for the built network's.
    rounding : mapping of precision to float
        Mean change of the 8-bit alpha over the unknown pixels against float32, the largest of nine photographs, as
        tests/benchmarks/bench_precision.py prints it. It is measured on a CPU with the authors' layers and random
        weights, which are more sensitive to rounding than trained ones; accelerators also accumulate in float32.
    input : InputSize
        The input for which parameters and multiply-accumulates are counted.
    note : str
        The difference from the printed size where no setting reproduces it.
    task : "matting" or "reconstruction"
    """

    builder: Callable[..., Network]
    arguments: dict
    source: str
    preparation: str
    rounding: Mapping[str, float] = MappingProxyType({})
    input: InputSize = InputSize(4, 224, 224)
    note: str = ""
    task: str = "matting"

    @property
    def layers(self) -> bool:
        """Whether the network makes foreground and background beside alpha."""
        return getattr(self.builder, "outputs", ()) == LAYERS

    @property
    def takes_estimates(self) -> bool:
        """Whether the input carries estimates of alpha behind image and trimap."""
        return self.task == "matting" and self.input.channels > 4

    def estimates_of(self, changes: dict) -> str | None:
        """Return the row of `baselines.priors.PRIORS` whose estimates the input carries, if any."""
        parameter = self.parameters().get("prior")
        return changes.get("prior", parameter.default) if parameter else None

    def parameters(self, resampler: str | None = None) -> dict[str, Parameter]:
        """Return the arguments of the network and its operator by name, with their types and this row's values.

        Another operator (a key of `OPERATORS`) has its own values: the row's values are for its own operator.
        """
        own = dict(signature(self.builder).parameters)
        usual = self.arguments.get("resampler", own["resampler"].default if "resampler" in own else None)
        resampler = resampler or usual
        known = {key: parameter for key, parameter in own.items() if parameter.kind is not Parameter.VAR_KEYWORD}
        if len(known) < len(own) and resampler in OPERATORS:
            known = {**options(resampler), **known}
        values = {key: self.arguments[key] for key in self.arguments if resampler == usual or key in own}
        order = [*own, *known]
        return {key: known[key].replace(default=values.get(key, known[key].default)) for key in order if key in known}

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
    """Make the rows of a paper's table, named prefix-key, with their common declarations."""
    return {f"{prefix}-{name}": Row(builder, row, f"{source}, {name}", **declared) for name, row in table.items()}
