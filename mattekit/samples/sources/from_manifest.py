"""Data sets made by `mattekit composite`: composed anew from the parts that their manifest names, or as they are."""

import logging
from collections.abc import Callable
from pathlib import Path

from mattekit.datasets import manifest, records
from mattekit.datasets.plan import Library
from mattekit.datasets.records import Record
from mattekit.errors import InputError, MattekitError, MissingFileError
from mattekit.samples.sources.item import Item

logger = logging.getLogger("mattekit")


def items(root: Path, folders: dict[str, list[Path]]) -> tuple[list[Item], list[str]]:
    """Items of a data set's manifest, and a line for each one that cannot be had.

    Parameters
    ----------
    root : holds manifest.jsonl.
    folders : "foreground", "alpha" and "background" -> folders of the parts. Without foregrounds the composed images
        are used, unless the set keeps its own; without alphas those of the data set, or the foregrounds' alpha
        channels; without backgrounds any.

    Raises
    ------
    InputError
        If there are neither foregrounds nor composed images.
    """
    lines = records.read(root)
    if not folders.get("foreground") and any("foreground" in line.outputs for line in lines):
        folders = folders | {"foreground": [root / manifest.FOREGROUNDS]}  # of a synthetic set
    if not folders.get("foreground"):
        if not any("image" in line.outputs for line in lines):
            raise InputError(f"{root}: a manifest without images. Give the folder of its foregrounds.")
        logger.info("%s: its composed images are used; with its foregrounds' folder they are composed anew.", root)
        return _each(lines, lambda line: _image(root, line))
    libraries = {role: Library(paths) for role, paths in folders.items() if paths}
    return _each(lines, lambda line: _layers(root, line, libraries))


def _each(lines: list[Record], make: Callable[[Record], dict[str, Path]]) -> tuple[list[Item], list[str]]:
    found, problems = [], []
    for line in lines:
        try:
            found.append(Item(line.name, make(line)))
        except MattekitError as error:
            problems.append(str(error))
    return found, list(dict.fromkeys(problems))  # one part serves many images


def _image(root: Path, line: Record) -> dict[str, Path]:
    _require(root, line, "image" in line.outputs, "composed image")
    files = {role: root / name for role, name in line.outputs.items() if role in ("image", "alpha", "trimap")}
    for path in files.values():
        if not path.is_file():
            raise MissingFileError(f"{path}: no such file, but the manifest names it.")
    return files


def _layers(root: Path, line: Record, libraries: dict[str, Library]) -> dict[str, Path]:
    foreground = line.parts.get("foreground") or line.outputs.get("foreground")
    _require(root, line, foreground is not None, "foreground")
    files = {"fg": libraries["foreground"].find(foreground)}
    if "alpha" in libraries and "alpha" in line.parts:
        files["alpha"] = libraries["alpha"].find(line.parts["alpha"])
    elif "alpha" in line.outputs:
        files["alpha"] = root / line.outputs["alpha"]
    if "background" in libraries and "background" in line.parts:
        files["bg"] = libraries["background"].find(line.parts["background"])
    return files


def _require(root: Path, line: Record, there: bool, kind: str) -> None:
    if not there:
        raise InputError(f"{root}: the manifest names no {kind} of {line.name}. Compose the data set again.")
