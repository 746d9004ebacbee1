"""Sources of trimaps by name: a table, and plug-ins.

A plug-in is an entry point of the group `mattekit.trimaps`: a function `factory(**options)` that returns a
`TrimapSource`. The entry point's name is the source's. Plug-ins are read only when a name is none of the table's.
"""

import inspect
import logging
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Any

from mattekit import plugins
from mattekit.errors import InputError, MattekitError
from mattekit.trimap_sources.source import TrimapSource

log = logging.getLogger("mattekit")

GROUP = "mattekit.trimaps"

# Name -> module of this package and its factory, imported when the source is made. Arguments of a factory whose names
# are those of pictures (`mask`, `plate`, `strokes`) get arrays of the picture's own; all others are settings.
SOURCES: dict[str, tuple[str, str]] = {
    "mask": ("mask", "MaskSource"),
    "segment": ("segmenter", "segment_source"),
    "box": ("grabcut", "cut_source"),
    "points": ("grabcut", "cut_source"),
    "clean-plate": ("clean_plate", "CleanPlateSource"),
    "screen": ("screen", "ScreenSource"),
    "scribbles": ("strokes", "StrokesSource"),
}


def names() -> list[str]:
    """Return the names of all sources: those of the table, then plug-ins."""
    return [*SOURCES, *(point.name for point in plugins.points(GROUP) if point.name not in SOURCES)]


def make(name: str, **options: Any) -> TrimapSource:
    """Make a source by its name.

    Parameters
    ----------
    name : str
        One of `names`.
    **options
        Arguments of the source's factory.

    Raises
    ------
    InputError
        If no source has that name, or it takes no such options.
    MattekitError
        If the source cannot be made of these options.
    """
    factory = _own(name) if name in SOURCES else _plugged_in(name)
    if factory is None:
        raise InputError(f"{name}: no such source of trimaps. Use one of {', '.join(names())}.")
    try:
        inspect.signature(factory).bind(**options)
    except TypeError as error:
        raise InputError(f"source {name}: {error}.") from None
    return factory(**options)


def _own(name: str) -> Callable[..., TrimapSource]:
    module, attribute = SOURCES[name]
    return getattr(import_module(f"mattekit.trimap_sources.{module}"), attribute)


def _plugged_in(name: str) -> Callable[..., TrimapSource] | None:
    return next((_loaded(point) for point in plugins.points(GROUP) if point.name == name), None)


@lru_cache
def _loaded(point: EntryPoint) -> Callable[..., TrimapSource]:
    try:
        return point.load()
    except Exception as error:
        raise MattekitError(f"plug-in {point.name} ({point.value}): cannot be used, {plugins.reason(error)}") from error
