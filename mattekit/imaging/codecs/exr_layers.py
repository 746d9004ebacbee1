"""Layers of an EXR file: channels such as `beauty.R` and parts of their own, and the one that is meant."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mattekit.errors import InputError

CHANNELS = ("RGBA", "RGB", "Y", "A")  # what a picture can be made of, the first that is there
MOST = 12  # layers that a message lists


class Layer(NamedTuple):
    """Channels that make a picture. name: "" of plain channels. part: its number. channels: letter -> full name."""

    name: str
    part: int
    channels: dict[str, str]


def layers(parts: Sequence[tuple[str, Sequence[str]]]) -> list[Layer]:
    """Find the layers with a picture among the parts of a file, given by their names and channels.

    A channel `a.b.R` belongs to layer `a.b`; plain channels of a part beside others belong to a layer of its name.
    """
    found: dict[str, Layer] = {}
    for number, (part, channels) in enumerate(parts):
        for channel in channels:
            own, _, letter = channel.rpartition(".")
            name = own or (part if len(parts) > 1 else "")
            layer = found.setdefault(name, Layer(name, number, {}))
            if layer.part == number:
                layer.channels[letter.upper() if len(letter) == 1 else letter] = channel
    return [layer for layer in found.values() if picture_of(layer)]


def picture_of(layer: Layer) -> str:
    """Return the letters of the channels that a layer's picture is made of; "" if they make none."""
    if {"RY", "BY"} & layer.channels.keys():
        return ""
    return next((wanted for wanted in CHANNELS if set(wanted) <= layer.channels.keys()), "")


def choose(name: str, parts: Sequence[tuple[str, Sequence[str]]], wanted: str | None = None) -> Layer:
    """Return the layer that is wanted, or the obvious one: plain channels, or the only layer with colours.

    Raises
    ------
    InputError
        If there is no such layer, none at all, or several and none is wanted; it lists them.
    """
    found = layers(parts)
    if wanted is not None:
        for layer in found:
            if layer.name.casefold() == wanted.casefold():
                return layer
        raise InputError(f"{name}: no layer {wanted!r} with R G B, Y or A, but {_listed(found)}. Name one of these.")
    if not found:
        every = [channel for _, channels in parts for channel in channels]
        raise InputError(f"{name}: channels {', '.join(every)}, wanted R G B, R G B A, Y or A. Rename or convert them.")
    if obvious := _obvious(found):
        return obvious
    raise InputError(f"{name}: {_listed(found)}, and none is the obvious one.", remedy="layer")


def _obvious(found: Sequence[Layer]) -> Layer | None:
    for candidates in (_plain(found), _coloured(found), found):
        candidates = list(candidates)
        if len(candidates) == 1:
            return candidates[0]
    return None


def _plain(found: Sequence[Layer]) -> Iterator[Layer]:
    return (layer for layer in found if not layer.name)


def _coloured(found: Sequence[Layer]) -> Iterator[Layer]:
    return (layer for layer in found if len(picture_of(layer)) >= 3)


def _listed(found: Sequence[Layer]) -> str:
    names = [layer.name or "plain channels" for layer in found]
    return f"layers {', '.join(names[:MOST])}{' ...' if len(names) > MOST else ''}" if names else "no layers"
