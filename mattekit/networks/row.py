"""A row of the table of networks: the one place where a network declares what others need to know of it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from mattekit.networks.base import Network


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


def rows(prefix: str, builder: Callable[..., Network], table: dict[str, dict], source: str, **declared) -> dict:
    """Rows of a paper's table, named prefix-key, with what they declare in common."""
    return {f"{prefix}-{name}": Row(builder, row, f"{source}, {name}", **declared) for name, row in table.items()}
