"""An alpha channel added to an EXR file, whose parts, channels and attributes stay as they are."""

import io
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.codecs import exr, exr_attributes
from mattekit.imaging.codecs.exr_layers import Layer
from mattekit.imaging.codecs.exr_origin import LOSSLESS, LOSSLESS_HALF, Box

log = logging.getLogger("mattekit")

SAME_PICTURE = (b"multiView", b"preview")  # attributes that hold for a copy, but not for a picture made of it
FURTHER = "matte.A"  # where the layer has an alpha of its own


def add(name: str, data: bytes, alpha: np.ndarray, max_megapixels: float, layer: str | None = None) -> bytes:
    """Return the file with an alpha (H, W) float32 of the canvas of a layer as that layer's A.

    An A that is 1 everywhere is replaced; any other stays, and the matte becomes `FURTHER`. Of tiles in several sizes
    the largest stays. Raises as `exr.decode`, and InputError if the alpha has another size.
    """
    library, headers, chosen = exr.opened(name, data, max_megapixels, layer)
    with exr.damage_reported(name):
        parts = library.File(io.BytesIO(data), separate_channels=True).parts
        attributes = exr_attributes.read(data)
        contents = [dict(part.channels) for part in parts]
    _refuse_subsampled(name, contents)
    matte = _in_data_window(name, alpha, headers[chosen.part])
    planes = {letter: contents[chosen.part][full].pixels for letter, full in chosen.channels.items()}
    half = all(plane.dtype == np.float16 for letter, plane in planes.items() if letter != "A")
    added = library.Channel(np.ascontiguousarray(matte, np.float16 if half else np.float32))
    contents[chosen.part][_channel(name, chosen, planes)] = added
    stream = io.BytesIO()
    with exr.damage_reported(name):
        library.File(
            [
                library.Part(_structure(library, channels, own), channels, part.name())
                for part, channels, own in zip(parts, contents, headers, strict=True)
            ]
        ).write(stream)
    kept = [[*exr_attributes.carried(own), *(one for one in own if one.name in SAME_PICTURE)] for own in attributes]
    return exr_attributes.replace(stream.getvalue(), kept)


def _refuse_subsampled(name: str, contents: Sequence[dict[str, Any]]) -> None:
    """Raise InputError if a channel has fewer samples than pixels, which the package reads but does not write."""
    channels = [item for part in contents for item in part.items()]
    if fewer := [key for key, one in channels if (one.xSampling, one.ySampling) != (1, 1)]:
        found = f"channels {', '.join(fewer)} have fewer samples than pixels"
        raise InputError(f"{name}: {found}, and cannot be copied. Convert them.")


def _in_data_window(name: str, alpha: np.ndarray, header: dict) -> np.ndarray:
    data, display = (Box.of(header[key]) for key in ("dataWindow", "displayWindow"))
    canvas = data.joined(display)
    if alpha.shape != canvas.size:
        (height, width), (rows, columns) = alpha.shape, canvas.size
        raise InputError(f"{name}: {columns}x{rows}, but the alpha is {width}x{height}. Give both the same size.")
    inside = canvas.slices(data)
    if np.count_nonzero(alpha) > np.count_nonzero(alpha[inside]):
        log.warning("%s: alpha outside the data window is left out.", name)
    return alpha[inside]


def _channel(name: str, chosen: Layer, planes: dict[str, np.ndarray]) -> str:
    """Return the full name of the channel that the alpha becomes."""
    if "A" not in planes:
        own = next(iter(chosen.channels.values())).rpartition(".")[0]
        return f"{own}.A" if own else "A"
    if (planes["A"] == 1).all():
        return chosen.channels["A"]
    log.warning("%s: it has an alpha of its own; the matte is in channel %s.", name, FURTHER)
    return FURTHER


def _structure(library: Any, channels: dict[str, Any], header: dict) -> dict[str, Any]:
    """Return the header of a part as it is written again: the same windows and tiles, and a compression without loss.

    Lines go from top to bottom, which `exr_attributes.replace` relies on.
    """
    kinds = {channel.pixels.dtype for channel in channels.values()}
    kept = LOSSLESS_HALF if kinds == {np.dtype(np.float16)} else LOSSLESS
    compression = header["compression"]
    if compression.name.removesuffix("_COMPRESSION") not in kept:
        compression = library.ZIP_COMPRESSION
    made = {key: header[key] for key in ("type", "dataWindow", "displayWindow")}
    if "tiles" in header:
        made["tiles"] = tiles = library.TileDescription()
        tiles.xSize, tiles.ySize = header["tiles"].xSize, header["tiles"].ySize
    return made | {"compression": compression}
