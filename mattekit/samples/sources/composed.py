"""Data sets made by `mattekit composite`: composed anew from the parts that their manifest names, or as they are."""

import logging
from pathlib import Path
from typing import Any

from mattekit.datasets import manifest
from mattekit.datasets.plan import Library
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
    records = manifest.read(root)
    if not folders.get("foreground") and any("foreground" in record["outputs"] for record in records):
        folders = folders | {"foreground": [root / manifest.FOREGROUNDS]}  # of a synthetic set
    if not folders.get("foreground"):
        if not any("image" in record["outputs"] for record in records):
            raise InputError(f"{root}: a manifest without images. Give the folder of its foregrounds.")
        logger.info("%s: its composed images are used; with its foregrounds' folder they are composed anew.", root)
        return _each(records, lambda record: _image(root, record))
    libraries = {role: Library(paths) for role, paths in folders.items() if paths}
    return _each(records, lambda record: _layers(root, record, libraries))


def _each(records: list[dict[str, Any]], make: Any) -> tuple[list[Item], list[str]]:
    found, problems = [], []
    for record in records:
        try:
            found.append(Item(record["name"], make(record)))
        except MattekitError as error:
            problems.append(str(error))
    return found, list(dict.fromkeys(problems))  # one part serves many images


def _image(root: Path, record: dict[str, Any]) -> dict[str, Path]:
    files = {role: root / name for role, name in record["outputs"].items() if role in ("image", "alpha", "trimap")}
    for path in files.values():
        if not path.is_file():
            raise MissingFileError(f"{path}: no such file, but the manifest names it.")
    return files


def _layers(root: Path, record: dict[str, Any], libraries: dict[str, Library]) -> dict[str, Path]:
    named = record["parts"]
    foreground = named.get("foreground") or record["outputs"]["foreground"]
    files = {"fg": libraries["foreground"].find(foreground)}
    if "alpha" in libraries and "alpha" in named:
        files["alpha"] = libraries["alpha"].find(named["alpha"])
    elif "alpha" in record["outputs"]:
        files["alpha"] = root / record["outputs"]["alpha"]
    if "background" in libraries and "background" in named:
        files["bg"] = libraries["background"].find(named["background"])
    return files
