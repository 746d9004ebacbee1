"""Jobs of `predict` and `refine`: which files belong to an image, and what is written where."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from mattekit.cli import options, targets, trimap_source


def single(
    image: Path,
    trimap: Path | None,
    spec: Any,
    output: Path | None,
    kinds: Sequence[str],
    make: Callable[..., Any],
    truth: Path | None,
) -> Any:
    """Return the job of one image."""
    if str(image) == str(trimap) == "-":
        raise typer.BadParameter("the image and the trimap cannot both come from stdin.")
    if spec:
        trimap_source.require_single(image, spec)
    for other in (trimap, truth):
        if other is not None:
            options.require_no_folder(other, image)
    suffixes = options.default_suffixes(image, kinds, make.keywords)
    made = targets.of_file(image, output, suffixes)
    more: dict[str, Any] = {} if truth is None else {"truth": truth}
    if "-" in map(str, made.values()) and not make.keywords["format"]:
        more["format"] = suffixes[kinds[0]]
    name = "stdin" if str(image) == "-" else image.stem
    return make(**{**dict(name=name, image=image, trimap=trimap, spec=spec, targets=made), **more})


def of_folder(
    image: Path,
    trimap: Path | None,
    spec: Any,
    output: Path | None,
    kinds: Sequence[str],
    make: Callable[..., Any],
    truth: Path | None,
    recursive: bool,
    numbered: bool,
) -> tuple[list, list[str]]:
    """Return the jobs of a folder of images, and lines about those without a partner."""
    folder, others = targets.folder(output), _others(trimap, truth, spec)
    pairing = trimap_source.paired(image, others, recursive, folder, numbered)
    items = []
    for name, files in pairing.groups.items():
        made = targets.in_folder(folder, name, options.default_suffixes(files["image"], kinds, make.keywords))
        more = {"truth": files["alpha"]} if truth else {}
        own = spec.of(files) if spec else None
        items.append(make(name=name, image=files["image"], trimap=files.get("trimap"), spec=own, targets=made, **more))
    return items, pairing.problems


def places(image: Path, trimap: Path | None, truth: Path | None, spec: Any) -> list[Path]:
    """Return all folders, patterns and stills that jobs of several images read."""
    return [image, *(path for path in _others(trimap, truth, spec).values() if path)]


def _others(trimap: Path | None, truth: Path | None, spec: Any) -> dict[str, Path | None]:
    """Return the folders of the files that go with images, by role."""
    return {"trimap": trimap, "alpha": truth, **(trimap_source.folders(spec) if spec else {})}
