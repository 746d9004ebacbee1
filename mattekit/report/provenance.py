"""Provenance of a report: versions, and the files by their hashes."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2

from mattekit import __version__
from mattekit.errors import printable

LIBRARIES = ("numpy", "numba")


def versions() -> dict[str, str]:
    """Return the versions of what computes the scores."""
    libraries = {name: version(name) for name in LIBRARIES}
    return {"mattekit": __version__, "Python": platform.python_version(), **libraries, "OpenCV": cv2.__version__}


def sources(
    made: Mapping[str, Mapping[str, Any]], methods: Sequence[str], folders: Mapping[str, Path | None]
) -> list[dict[str, Any]]:
    """List what was read: per role its folder, the number of files, and one hash over their names and contents.

    Parameters
    ----------
    made : picture's name -> what `packs.make` returned
    folders : role -> folder or file as it was named; a method's role is its index
    """
    labels = {str(i): method for i, method in enumerate(methods)}
    found = []
    for role, folder in folders.items():
        lines = [f"{name}\0{facts['hashes'][role]}\n" for name, facts in made.items() if role in facts["hashes"]]
        if folder is not None and lines:
            digest = hashlib.sha256("".join(sorted(lines)).encode(errors="surrogateescape")).hexdigest()
            label = printable(labels[role]) if role in labels else role
            found.append({"role": label, "path": printable(str(folder)), "files": len(lines), "hash": digest})
    return found
