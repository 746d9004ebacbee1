"""Scores of a method on folders of images without intermediate files, equal to those of `predict` and then `eval`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mattekit.errors import InputError, MissingFileError
from mattekit.evaluation.scoring import Rules, read_matte, read_region
from mattekit.evaluation.summary import mean
from mattekit.files import missing
from mattekit.imaging import io
from mattekit.imaging.codecs.encode import quantise
from mattekit.metrics import score
from mattekit.pairing import pair

Predictor = Callable[[np.ndarray, np.ndarray], np.ndarray]  # image (H, W, 3) and trimap (H, W) -> alpha (H, W)
FOLDERS = {"image": ("image", "images", "merged"), "alpha": ("alpha", "alphas", "gt")}


@dataclass(frozen=True)
class Labelled:
    """An image with its trimap and its true alpha."""

    name: str
    image: Path
    trimap: Path
    truth: Path


@dataclass(frozen=True)
class Outcome:
    """A scored image: its arrays (H, W) or (H, W, 3), float32 in 0..1, and its scores, None if undefined."""

    name: str
    image: np.ndarray
    trimap: np.ndarray
    truth: np.ndarray
    alpha: np.ndarray
    scores: Mapping[str, float | None]


def find(folders: Sequence[Path]) -> list[Labelled]:
    """Find images with trimaps and true alphas.

    Parameters
    ----------
    folders : those of images, trimaps and alphas; or one that has folders image, alpha and trimap, or several of
        trimaps (trimap1, trimap2), whose names then lead those of the images.

    Raises
    ------
    MissingFileError
        If a folder is missing or empty.
    InputError
        If an image has no partner.
    """
    if len(folders) == 3:
        return _paired("", *folders)
    (root,) = folders
    if not root.is_dir():
        raise missing(root, "folder")
    images, alphas = (_child(root, names) for names in FOLDERS.values())
    trimaps = sorted(path for path in root.iterdir() if path.is_dir() and path.name.lower().startswith("trimap"))
    if not trimaps:
        raise MissingFileError(f"{root}: no folder of trimaps in it, wanted folders image, alpha and trimap.")
    prefixes = [f"{path.name}/" if len(trimaps) > 1 else "" for path in trimaps]
    return [item for name, path in zip(prefixes, trimaps, strict=True) for item in _paired(name, images, path, alphas)]


def outcomes(predict: Predictor, items: Sequence[Labelled], rules: Rules) -> Iterator[Outcome]:
    """Predict and score images one by one; alphas are rounded to 8 bits first, as in files.

    Raises
    ------
    MattekitError
        If a file cannot be used.
    """
    for item in items:
        image, trimap = io.read_image(item.image).pixels, io.read_trimap(item.trimap, require_classes=False)
        truth, _ = read_matte(item.truth)
        region, _ = read_region(item.trimap, "unknown", rules.unknown_value)
        for path, found in ((item.trimap, trimap), (item.truth, truth)):
            io.require_same_size(str(path), found.shape, str(item.image), image.shape[:2])
        alpha = quantise(predict(image, trimap), "8")
        values = score(alpha, truth, region, metrics=rules.metrics, empty_levels=rules.empty_levels)
        scores = {name: None if np.isnan(value) else value for name, value in values.items()}
        yield Outcome(item.name, image, trimap, np.float32(truth / 255), np.float32(alpha / 255), scores)


def evaluate(
    predict: Predictor,
    folders: Sequence[Path],
    rules: Rules | None = None,
    *,
    seen: Callable[[Outcome], None] = lambda outcome: None,
) -> dict[str, Any]:
    """Score a method over the unknown pixels of a folder's images.

    Parameters
    ----------
    predict : function of image and trimap, such as `models.model.Model.alpha`.
    folders : as for `find`.
    rules : Rules, optional
        Their metrics and policies; the region is always the unknown one.
    seen : called with each scored image.

    Returns
    -------
    dict
        "mean" (metric -> mean over the images where it is defined) and "images" (name -> metric -> value).

    Raises
    ------
    MattekitError
        As `find` and `outcomes`.
    """
    rules, images = rules or Rules(), {}
    for outcome in outcomes(predict, find(folders), rules):
        images[outcome.name] = outcome.scores
        seen(outcome)
    return {"mean": mean(images, images, rules.metrics), "images": images}


def _paired(prefix: str, images: Path, trimaps: Path, alphas: Path) -> list[Labelled]:
    # As Composition-1k has them, one alpha may serve the images `name_0`, `name_1`, ...
    pairing = pair({"image": images, "trimap": trimaps, "alpha": alphas}, numbered=("trimap", "alpha"))
    if pairing.problems:
        more = f" (and {len(pairing.problems) - 1} more)" if len(pairing.problems) > 1 else ""
        raise InputError(f"{pairing.problems[0]}{more}")
    return [
        Labelled(prefix + name, files["image"], files["trimap"], files["alpha"])
        for name, files in pairing.groups.items()
    ]


def _child(root: Path, names: Sequence[str]) -> Path:
    for name in names:
        if (root / name).is_dir():
            return root / name
    raise MissingFileError(
        f"{root}: no folder {' or '.join(names)} in it. Name the folders of images, trimaps, alphas."
    )
