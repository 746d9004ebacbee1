"""Pictures that belong to a plate with overscan: masks, trimaps and clean plates, laid onto the plate's canvas."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mattekit.imaging import io
from mattekit.imaging.codecs.exr_origin import Origin
from mattekit.imaging.picture import Raw

log = logging.getLogger("mattekit")


def read(source: Path, origin: Origin | None, max_megapixels: float) -> Raw:
    """Read a file that belongs to a plate with that origin, `on_canvas` on its canvas; raises as `io.read_raw`."""
    beyond = origin is not None and origin.overscan
    raw = io.read_raw(source, max_megapixels=max_megapixels, plate=beyond)
    return replace(raw, pixels=on_canvas(io.name_of(source), raw, origin)) if beyond else raw


def on_canvas(name: str, raw: Raw, origin: Origin | None) -> np.ndarray:
    """Return the pixels of a file, called `name` in messages, on the canvas of a plate with that origin.

    A file of the display window's size, or an EXR with the same display window, is continued by its edge into the
    overscan. Others, and all where there is no overscan, are returned as they are.
    """
    if origin is None or not origin.overscan:
        return raw.pixels
    size, shown = raw.pixels.shape[:2], origin.display
    if raw.origin is not None and raw.origin.display.size == shown.size:
        own, theirs = raw.origin.canvas, raw.origin.display
        own = own.moved(shown.top - theirs.top, shown.left - theirs.left)
    elif size == shown.size and size != origin.canvas.size:
        own = shown
    else:
        return raw.pixels
    if own == origin.canvas:
        return raw.pixels
    log.info("%s: its edge is continued into the overscan.", name)
    rows = np.arange(origin.canvas.top, origin.canvas.bottom).clip(own.top, own.bottom - 1) - own.top
    columns = np.arange(origin.canvas.left, origin.canvas.right).clip(own.left, own.right - 1) - own.left
    return np.ascontiguousarray(raw.pixels[rows][:, columns])


def shifted_to_canvas(options: Mapping[str, Any], origin: Origin | None) -> dict[str, Any]:
    """Return options of a trimap source whose `box` (x, y, width, height) and `points` (x, y, ...) are on the canvas.

    They are given in pixels of the display window, as viewers show them.
    """
    options = dict(options)
    if origin is None:
        return options
    down, right = origin.display.top - origin.canvas.top, origin.display.left - origin.canvas.left
    if options.get("box"):
        x, y, *more = options["box"]
        options["box"] = (x + right, y + down, *more)
    if options.get("points"):
        options["points"] = tuple((x + right, y + down, *more) for x, y, *more in options["points"])
    return options
