"""Plug-ins: rows of tables that other installed packages declare as entry points, loaded when they are first needed.

================== =====================================================================================
mattekit.models    `factory(name_or_path, **options)`: a `models.model.Model`, or None for other names
mattekit.networks  a `networks.Row`, under the entry point's name
mattekit.operators a class or function that makes an `operators.Resampler`, as those of `OPERATORS`
mattekit.metrics   a `metrics.Metric`
mattekit.trimaps   `factory(**options)`: a `trimap_sources.source.TrimapSource`
================== =====================================================================================

Plug-ins are code of installed packages: nothing is ever loaded because a data file names it. One that cannot be loaded
is left out with a warning.
"""

import logging
from collections import UserDict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

log = logging.getLogger("mattekit")

GROUPS = ("mattekit.models", "mattekit.networks", "mattekit.operators", "mattekit.metrics", "mattekit.trimaps")


def points(group: str) -> list[EntryPoint]:
    """Return the entry points of a group, by name; nothing is loaded."""
    return sorted(entry_points(group=group), key=lambda point: point.name)


@lru_cache
def load(point: EntryPoint) -> Any | None:
    """Return what an entry point names; None, with one warning in a process, if it cannot be imported."""
    try:
        return point.load()
    except Exception as error:
        warn(point, error)
        return None


def reason(error: Exception) -> str:
    """Return the kind of an error and its message, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def warn(point: EntryPoint, error: Exception) -> None:
    """Log, once in a process, that a plug-in is left out."""
    _warn_once(f"plug-in {point.name} ({point.value}) left out: {reason(error)}")


@lru_cache
def _warn_once(line: str) -> None:
    log.warning("%s", line)


def listing() -> dict[str, str]:
    """Return all plug-ins, "name (group)", each with its package and version, and what failed when it was loaded."""
    found = {}
    for group in GROUPS:
        for point in points(group):
            package = f"{point.dist.name} {point.dist.version}" if point.dist else "of no package"
            try:
                point.load()
            except Exception as error:
                package += f"; left out: {reason(error)}"
            found[f"{point.name} ({group.removeprefix('mattekit.')})"] = package
    return found


class Table(UserDict):
    """A table of rows by name, to which plug-ins add theirs when a name is not found or all are listed.

    Parameters
    ----------
    rows : mapping
        Our own, which plug-ins cannot replace.
    group : str
        One of `GROUPS`.
    kind : type, optional
        Of a row; without, anything that can be called.
    """

    def __init__(self, rows: Mapping[str, Any], group: str, kind: type | None = None):
        self.group, self.kind, self.complete = group, kind, False
        super().__init__(rows)

    def __getitem__(self, name: str) -> Any:
        return self.data[name] if name in self.data else self._completed()[name]

    def __contains__(self, name: object) -> bool:
        return name in self.data or name in self._completed()

    def __iter__(self) -> Iterator[str]:
        return iter(self._completed())

    def __len__(self) -> int:
        return len(self._completed())

    def _completed(self) -> dict[str, Any]:
        if not self.complete:
            self.complete = True
            for point in points(self.group):
                self._add(point)
        return self.data

    def _add(self, point: EntryPoint) -> None:
        row = load(point)
        if row is None:
            return
        if not (callable(row) if self.kind is None else isinstance(row, self.kind)):
            wanted = self.kind.__name__ if self.kind else "something that can be called"
            warn(point, TypeError(f"a {type(row).__name__}, wanted {wanted}"))
        elif point.name in self.data:
            warn(point, ValueError("mattekit has a row of that name"))
        else:
            self.data[point.name] = row
