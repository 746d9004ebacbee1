"""A network's inputs and outputs, as its file tells them before anything is loaded."""

from dataclasses import dataclass
from typing import Literal

from mattekit.errors import WeightsError

CHANNELS = 3
FLOATS = ("float32", "float16")
LARGEST_SIDE = 8192  # pixels


@dataclass(frozen=True)
class Tensor:
    """An input or output: name, type as NumPy calls it or another word, and sides, None where they are free."""

    name: str
    kind: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sides = "x".join("?" if side is None else str(side) for side in self.shape) or "no sides"
        return f"{self.name or 'unnamed'} ({self.kind}, {sides})"


@dataclass(frozen=True)
class Graph:
    """The inputs and outputs of a network, and the names of other files than its own in which weights lie."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    external: tuple[str, ...] = ()

    @property
    def image(self) -> Tensor:
        """The only input."""
        return self.inputs[0]

    @property
    def layout(self) -> Literal["nchw", "nhwc"]:
        """Position of the input's channels: behind the number of pictures, or last."""
        return "nhwc" if self.image.shape[1] != CHANNELS and self.image.shape[3] == CHANNELS else "nchw"

    @property
    def size(self) -> tuple[int | None, int | None]:
        """Height and width of the input, None where they are free."""
        shape = self.image.shape
        return shape[1:3] if self.layout == "nhwc" else shape[2:4]


def require_picture(path: object, graph: Graph) -> None:
    """Raise WeightsError, beginning with `path`, unless the one input is a picture of three channels of floats."""
    found = f"{len(graph.inputs)} inputs: {', '.join(map(str, graph.inputs))}" if graph.inputs else "no input"
    if len(graph.inputs) != 1:
        raise WeightsError(f"{path}: {found}, wanted one, the picture. Export the network with the picture alone.")
    if not graph.outputs:
        raise WeightsError(f"{path}: no output, wanted a map of the foreground. Export the network anew.")
    image = graph.image
    channels = [side for side in (image.shape[1:2] + image.shape[3:4]) if side in (CHANNELS, None)]
    if image.kind not in FLOATS or len(image.shape) != 4 or image.shape[0] not in (1, None) or not channels:
        wanted = "float32 of 1x3xHxW or 1xHxWx3"
        raise WeightsError(f"{path}: its input is {image}, wanted {wanted}. Export the network for RGB pictures.")
    if not all(side is None or 1 <= side <= LARGEST_SIDE for side in graph.size):
        raise WeightsError(f"{path}: its input is {image}, wanted sides of 1 to {LARGEST_SIDE} pixels.")
