"""Files of the pictures that a report shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mattekit.evaluation.items import Item
from mattekit.pairing import natural, pair


@dataclass
class Picture:
    """Files of one picture; `alphas` by method, one at least."""

    name: str
    truth: Path | None
    trimap: Path | None = None
    image: Path | None = None
    alphas: dict[str, Path] = field(default_factory=dict)


def pictures(items: Sequence[Item], images: Mapping[str, Path]) -> list[Picture]:
    """Gather scored items by picture, in natural order of names; images: by the picture's name."""
    found: dict[str, Picture] = {}
    for item in items:
        if item.name not in found:
            found[item.name] = Picture(item.name, item.truth, item.trimap, images.get(item.name))
        found[item.name].alphas[item.method] = item.prediction
    return sorted(found.values(), key=lambda picture: natural(picture.name))


def find_images(
    images: Path, predictions: Sequence[Path], items: Sequence[Item], *, recursive: bool = False
) -> dict[str, Path]:
    """Find the images of items by name: one `name` also serves `name_0`, `name_1`, ...; a file serves them all.

    predictions : the folders of the items. Raises MissingFileError if there is no such folder.
    """
    if images.is_file():
        return {item.name: images for item in items}
    found: dict[str, Path] = {}
    for folder in predictions:
        folders = {"prediction": folder, "image": images}
        groups = pair(folders, recursive=recursive, numbered=("image",), distinct=False).groups
        found |= {name: files["image"] for name, files in groups.items()}
    return found
