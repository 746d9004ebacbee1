"""The parts that the inputs of a matting graph take, told by names, channels and shapes where certain, or by a rule."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from mattekit.errors import InputError, WeightsError
from mattekit.files import read_text
from mattekit.inference.graph import Graph, Tensor
from mattekit.models.graph_rule import GraphRule

CHANNELS = {"image": 3, "plain": 3, "distances": 6}  # a trimap has 1, 2 or 3
MOST = 16  # channels
KINDS = ("float32", "float16", "uint8")
PREPROCESSOR = "preprocessor_config.json"  # of transformers, beside a graph exported from it, or one folder above
VITMATTE = GraphRule(inputs=("image+trimap",), mean=(0.5,) * 3, std=(0.5,) * 3, fill="zeros", output="alphas")
BYTES = dict(range="0..255", mean=(0.0,) * 3, std=(1.0,) * 3)


class Slot(NamedTuple):
    """An input of a graph.

    Attributes
    ----------
    tensor : Tensor
    parts : tuple of (str, int)
        Names of `graph_rule.PARTS`, each with its number of planes, in the order of the channels.
    last : bool
        Channels are the last axis.
    """

    tensor: Tensor
    parts: tuple[tuple[str, int], ...]
    last: bool

    @property
    def size(self) -> tuple[int | None, int | None]:
        """Height and width, None where they are free."""
        shape = self.tensor.shape
        return shape[1:3] if self.last or len(shape) == 3 else shape[2:4]


def slots(path: object, graph: Graph, rule: GraphRule) -> list[Slot]:
    """Return the inputs of a graph by a rule.

    Raises
    ------
    WeightsError
        If their number, types, shapes or channels do not fit.
    """
    found = f"{len(graph.inputs)} inputs: {', '.join(map(str, graph.inputs)) or 'none'}"
    stated = ("+".join(rule.inputs),) if len(graph.inputs) == 1 else rule.inputs
    if len(stated) != len(graph.inputs):
        raise WeightsError(f"{path}: {found}, but {len(stated)} are stated, {', '.join(stated)}.", remedy="adopt")
    made = [_slot(path, tensor, joined.split("+")) for tensor, joined in zip(graph.inputs, stated, strict=True)]
    if len({slot.size for slot in made}) > 1:
        raise WeightsError(f"{path}: {found}, wanted inputs of one size. Export the graph anew.")
    return made


def _slot(path: object, tensor: Tensor, parts: list[str]) -> Slot:
    if tensor.kind not in KINDS or len(tensor.shape) not in (3, 4) or tensor.shape[0] not in (1, None):
        raise WeightsError(f"{path}: its input is {tensor}, wanted 1xCxHxW or 1xHxWxC of {', '.join(KINDS)}.")
    channels, last = channels_of(tensor)
    others = sum(CHANNELS.get(part, 0) for part in parts)
    planes = 1 if channels is None else channels - others
    fits = parts.count("trimap") == 1 and planes in (1, 2, 3) or ("trimap" not in parts and channels in (None, others))
    if not fits:
        raise WeightsError(f"{path}: its input is {tensor}, which does not fit {'+'.join(parts)}.", remedy="adopt")
    return Slot(tensor, tuple((part, CHANNELS.get(part, planes)) for part in parts), last)


def channels_of(tensor: Tensor) -> tuple[int | None, bool]:
    """Return the number of channels of an input, None if it is free, and whether they are the last axis."""
    shape = tensor.shape
    if len(shape) == 3:
        return 1, False
    first, last = shape[1], shape[3]
    if (first is None or first > MOST) and last is not None and last <= MOST:
        return last, True
    return first, False


def understood(path: Path, graph: Graph) -> GraphRule:
    """Return the rule of a graph whose use its names, channels and shapes tell beyond doubt.

    Raises
    ------
    InputError
        If they do not.
    """
    names = [tensor.name for tensor in graph.inputs]
    if names == ["pixel_values"] and "alphas" in (tensor.name for tensor in graph.outputs):
        return _from_transformers(path)
    found = ", ".join(map(str, graph.inputs)) or "none"
    if (inputs := roles(graph)) is None:
        raise InputError(f"{path}: inputs {found}, wanted to know which take the image and the trimap.", remedy="adopt")
    if all(tensor.kind == "uint8" for tensor in graph.inputs):
        return GraphRule(inputs=inputs, **BYTES)
    if "distances" in "+".join(inputs):  # FBA's, whose images are normalised by ImageNet's mean and deviation
        return GraphRule(inputs=inputs, pad=8)
    raise InputError(
        f"{path}: inputs {found}; the file does not tell the mean and deviation of colours.", remedy="adopt"
    )


def roles(graph: Graph) -> tuple[str, ...] | None:
    """Return the parts of each input as far as names and channels tell them; None if they do not."""
    counts = [channels_of(tensor)[0] if len(tensor.shape) in (3, 4) else None for tensor in graph.inputs]
    if len(counts) == 1:
        return ("image+trimap",) if counts[0] in (4, 5, 6) else None
    chosen = [_role(tensor.name.lower(), count) for tensor, count in zip(graph.inputs, counts, strict=True)]
    if chosen.count("image") == 2:  # FBA takes the image twice
        normalised = [("norm" in tensor.name.lower() or "_n" in tensor.name.lower()) for tensor in graph.inputs]
        marked = [i for i, role in enumerate(chosen) if role == "image" and normalised[i]]
        chosen = [("image" if i in marked else "plain") if role == "image" else role for i, role in enumerate(chosen)]
    counted = [chosen.count(role) for role in ("image", "trimap")]
    return tuple(chosen) if counted == [1, 1] and chosen.count("plain") < 2 and None not in chosen else None


def _role(name: str, channels: int | None) -> str | None:
    if channels == 6:
        return "distances"
    if channels in (1, 2) or (channels in (3, None) and "trimap" in name):
        return "trimap"
    return "image" if channels == 3 or (channels is None and "im" in name) else None


def _from_transformers(path: Path) -> GraphRule:
    """Return ViTMatte's rule, with what its preprocessor_config.json says if it is there."""
    for folder in (path.parent, path.parent.parent):
        if (folder / PREPROCESSOR).is_file():
            try:
                said: Any = json.loads(read_text(folder / PREPROCESSOR, 1 << 20))
                mean, std = said.get("image_mean", VITMATTE.mean), said.get("image_std", VITMATTE.std)
                values = VITMATTE.model_dump() | {"mean": mean, "std": std, "pad": said.get("size_divisor", 32)}
                return GraphRule.model_validate(values)
            except (ValueError, AttributeError, RecursionError) as error:
                reason = str(error).splitlines()[0]
                raise WeightsError(f"{folder / PREPROCESSOR}: damaged ({reason}). Fetch it again.") from None
    return VITMATTE
