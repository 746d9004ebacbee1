"""Pairs of predictions and truths that are scored, for one or several methods."""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mattekit.files import missing
from mattekit.frames import is_shot
from mattekit.pairing import Problem, images, natural, pair


@dataclass(frozen=True)
class Item:
    """A prediction to be scored. name: of the image; method: of the folder (or file) it lies in.

    before: prediction, truth and trimap of the frame before it, for metrics of steadiness.
    """

    name: str
    method: str
    prediction: Path
    truth: Path
    trimap: Path | None = None
    outputs: tuple[Path, ...] = ()  # scoring writes no file of its own
    before: tuple[Path, Path, Path | None] | None = None


def find_items(
    predictions: Sequence[Path], truth: Path, trimaps: Path | None = None, *, recursive: bool = False
) -> tuple[list[Item], list[str]]:
    """Pair predictions with truths (and trimaps), by name.

    Files pair with files, folders with folders. One truth `name` serves the predictions `name_0`, `name_1`, ...
    (Composition-1k), and so does a trimap unless each has its own.

    Returns
    -------
    items, problems
        In natural order of names, methods in the order given; one line for each file without a partner.

    Raises
    ------
    MissingFileError
        If a file or folder does not exist, or a folder of predictions holds no image.
    """
    for path in (*predictions, truth, *([trimaps] if trimaps else [])):
        if not path.exists() and not is_shot(path):
            raise missing(path, "file or folder")
    methods = method_names(predictions)
    if truth.is_file() and not is_shot(truth):
        name = truth.stem if len(predictions) > 1 else predictions[0].stem
        return [Item(name, method, path, truth, trimaps) for path, method in zip(predictions, methods, strict=True)], []
    items: list[Item] = []
    problems: list[str] = []
    without: list[set[str]] = []
    for folder, method in zip(predictions, methods, strict=True):
        found, unpaired, absent = _pair_folder(folder, method, truth, trimaps, recursive)
        items += found
        problems += unpaired
        without.append(absent)
    known = {item.name for item in items}
    for folder, method, absent in zip(predictions, methods, without, strict=True):
        own = {item.name for item in items if item.method == method}
        for name in sorted(absent | (known - own), key=natural):
            problems.append(Problem(name, f"{folder}: no prediction for {name}."))
    order = {method: i for i, method in enumerate(methods)}
    return sorted(items, key=lambda i: (natural(i.name), order[i.method])), list(dict.fromkeys(problems))


def method_names(predictions: Sequence[Path]) -> list[str]:
    """Return the names of methods: those of their folders or files, or paths where two share one."""
    names = [Path(os.path.realpath(path)).name for path in predictions]
    return [name if names.count(name) == 1 else str(path) for name, path in zip(names, predictions, strict=True)]


def _pair_folder(
    folder: Path, method: str, truth: Path, trimaps: Path | None, recursive: bool
) -> tuple[list[Item], list[str], set[str]]:
    folders = {"prediction": folder, "alpha": truth, **({"trimap": trimaps} if trimaps else {})}
    numbered = [role for role in folders if role != "prediction"]
    pairing = pair(folders, recursive=recursive, numbered=numbered, distinct=False)
    items = [
        Item(name, method, files["prediction"], files["alpha"], files.get("trimap"))
        for name, files in pairing.groups.items()
    ]
    if pairing.frames:  # by number, as methods may name their files otherwise
        items = [replace(item, name=_of_frame(pairing.frames[item.name])) for item in items]
        return items, pairing.problems, {_of_frame(int(number)) for number in pairing.unused["alpha"]}
    truths = {name.removesuffix("_alpha") for name in images(truth, recursive=recursive).groups}
    unused = {role: [n.removesuffix(f"_{role}") for n in names] for role, names in pairing.unused.items()}
    return items, pairing.problems, _absent(unused, truths)


def _of_frame(number: int) -> str:
    return f"{number:04d}"


def _absent(unused: Mapping[str, Collection[str]], truths: Collection[str]) -> set[str]:
    """Return names with a truth but no prediction; a composite with its own trimap counts as one name."""
    composites = {name for name in unused.get("trimap", ()) if name in truths or _base(name) in truths}
    return composites | {name for name in unused["alpha"] if name not in {_base(c) for c in composites}}


def _base(name: str) -> str:
    return re.sub(r"_\d+$", "", name)
