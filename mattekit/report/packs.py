"""Pictures as the page loads them: a strip of thumbnails, and a pack of all that is shown at full size."""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mattekit.errors import MattekitError
from mattekit.evaluation.scoring import read_matte
from mattekit.files import open_regular
from mattekit.imaging import io
from mattekit.imaging.codecs.encode import encode, quantise
from mattekit.imaging.multilevel_foreground import multilevel_foreground
from mattekit.report import colours
from mattekit.report.material import Picture

THUMBNAIL = (135, 180)  # largest height and width
LARGEST = 16_000_000  # pixels at which a picture is shown whole; a browser holds several of each
COLOURS = 500_000  # pixels at which foreground colours are estimated; they are smooth
NOTHING = 128  # grey level where a method has no matte


def make(task: tuple[int, Picture], methods: Sequence[str], folder: Path, max_megapixels: float) -> dict[str, Any]:
    """Write the pack `I.js` and the thumbnails `I.jpg` of the picture of index I into a folder.

    Returns
    -------
    dict
        "shown": "size" (height, width) of the files and of its "thumbnail", "reduced" (by what factor it is shown),
        "image" (whether it has one); "hashes": role -> SHA-256 of its file, where methods have the role of their
        index; "notes": what is not shown, and why.
    """
    index, picture = task
    truth = read_matte(picture.truth, max_megapixels)[0] if picture.truth else None
    alphas = {i: read_matte(picture.alphas[m], max_megapixels)[0] for i, m in enumerate(methods) if m in picture.alphas}
    size = (truth if picture.truth else next(iter(alphas.values()))).shape
    image, notes = _image(picture, size, max_megapixels)
    factor = reduction(size)
    truth, image = (None if pixels is None else _reduced(pixels, factor) for pixels in (truth, image))
    alphas = {i: _reduced(alpha, factor) for i, alpha in alphas.items()}
    best = next(iter(alphas.values())) if truth is None else truth
    held: dict[str, Any] = {"alphas": {str(i): _data(alpha) for i, alpha in alphas.items()}}
    held |= {} if truth is None else {"truth": _data(truth)}
    if picture.trimap:
        held["trimap"] = _data(_reduced(read_matte(picture.trimap, max_megapixels)[0], factor, nearest=True))
    if image is not None:
        held |= {"image": _data(image), "colours": _data(foreground(image, best))}
    (folder / f"{index}.jpg").write_bytes(strip(best if image is None else image, truth, alphas, len(methods)))
    (folder / f"{index}.js").write_text(f"mattekitPicture({index}, {json.dumps(held)});\n")
    shown = {"size": size, "reduced": factor, "image": image is not None, "thumbnail": thumbnail_size(best.shape)}
    return {"shown": shown, "notes": notes, "hashes": _hashes(picture, methods)}


def reduction(size: tuple[int, int]) -> int:
    """Return the factor by which a picture of (height, width) is reduced, so that browsers can show it."""
    factor = 1
    while size[0] * size[1] > LARGEST * factor**2:
        factor += 1
    return factor


def foreground(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return foreground colours (h, w, 3) uint8, estimated from an image (H, W, 3) and its alpha (H, W), both uint8.

    The picture is smaller than the image if that is large.
    """
    scale = min(1, (COLOURS / alpha.size) ** 0.5)
    size = max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale))
    small = (cv2.resize(array, size, interpolation=cv2.INTER_AREA) / np.float32(255) for array in (image, alpha))
    return quantise(multilevel_foreground(*small), "8")


def strip(first: np.ndarray, truth: np.ndarray | None, alphas: dict[int, np.ndarray], methods: int) -> bytes:
    """Return a JPEG of thumbnails side by side: the first picture, then each method's signed errors, or its alpha."""
    size = thumbnail_size(first.shape[:2])
    cells = [_resized(_rgb(first), size)]
    for i in range(methods):
        empty = np.full((*size, 3), NOTHING, np.uint8)
        shown = empty if i not in alphas else alphas[i] if truth is None else colours.signed_error(alphas[i], truth)
        cells.append(_resized(_rgb(shown), size))
    return encode("thumbnails", np.concatenate(cells, axis=1), ".jpg", full_colour=True)


def thumbnail_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the (height, width) of the thumbnail of a picture of a size."""
    scale = min(bound / side for bound, side in zip(THUMBNAIL, size, strict=True))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _rgb(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    interpolation = cv2.INTER_AREA if size[0] < picture.shape[0] else cv2.INTER_NEAREST
    return cv2.resize(picture, size[::-1], interpolation=interpolation)


def _image(picture: Picture, size: tuple[int, int], max_megapixels: float) -> tuple[np.ndarray | None, list[str]]:
    """Read the image (H, W, 3) uint8; without one that fits, None and why."""
    if picture.image is None:
        return None, []
    try:
        image = io.read_image(picture.image, max_megapixels=max_megapixels).pixels
        other = picture.truth or next(iter(picture.alphas.values()))
        io.require_same_size(str(picture.image), image.shape, str(other), size)
    except MattekitError as error:
        return None, [str(error)]
    return quantise(image, "8"), []


def _reduced(pixels: np.ndarray, factor: int, *, nearest: bool = False) -> np.ndarray:
    if factor == 1:
        return pixels
    size = max(1, pixels.shape[1] // factor), max(1, pixels.shape[0] // factor)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST if nearest else cv2.INTER_AREA)


def _data(pixels: np.ndarray) -> str:
    """Return a picture as a data address: grey without loss, colours as JPEG."""
    suffix, kind = (".png", "png") if pixels.ndim == 2 else (".jpg", "jpeg")
    data = encode("picture", pixels, suffix, fast=True, full_colour=True)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _hashes(picture: Picture, methods: Sequence[str]) -> dict[str, str]:
    files = {"truth": picture.truth, "trimap": picture.trimap, "image": picture.image}
    files |= {str(i): picture.alphas.get(method) for i, method in enumerate(methods)}
    found = {}
    for role, path in files.items():
        if path is not None:
            with open_regular(path) as file:
                found[role] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
