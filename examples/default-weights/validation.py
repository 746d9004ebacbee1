"""Make the validation sets of the default weights as plain folders, with classical mattes to compare with.

    python validation.py SHARED/data RENDERS OUT [--methods shared closed-form knn]

gt1 and gt2 are GT01-GT09 with their narrow and wide trimaps; light and numbers are `COUNT` renders that trained nothing
over photographs that trained nothing, mixed in linear light or in the numbers of files, with trimaps of six widths;
painted has the same alphas with one unseen photograph inside and another outside, the colours of neither being made.
Each set is image/, trimap/, alpha/ and a folder of mattes for each classical method. What is there is kept, so that the
same command goes on after a stop; every picture is decided by its number.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from material import filled, image, photographs, read

from mattekit.baselines.alpha import estimate_alpha
from mattekit.imaging import io
from mattekit.imaging.composite import composite
from mattekit.imaging.trimap_random import widened

SEED, COUNT = 4, 60
SOLID = {"05001", "05021", "05047", "05127", "05129"}  # of the renders, with hardly a soft pixel
WIDTHS = [("lsa", 3), ("a2u", 11), ("lsa", 12), ("lsa", 24), ("lsa", 40), ("lsa", 80)]  # rule, pixels
KNOWN = 0.002  # least share of known foreground
POWERS = {"light": 2.2, "numbers": 1.0, "painted": 2.2}
METHODS = ("shared", "closed-form", "knn")
SETS = ("gt1", "gt2", *POWERS)


def names(folder: Path) -> list[str]:
    """Return the names of a set's pictures; every third comes first, so that the first few are of all kinds."""
    found = sorted(path.stem for path in (folder / "image").glob("*.png"))
    return found if len(found) < 20 else [name for start in range(3) for name in found[start::3]]


def main() -> None:
    """Make all sets, then all mattes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("renders", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--methods", nargs="*", default=METHODS, choices=METHODS)
    given = parser.parse_args()
    for number in "12":
        _link(given.data / "alphamatting-dev", given.out / f"gt{number}", f"trimap{number}")
    renders = [path for path in sorted(given.renders.glob("*.png")) if path.stem[:5] not in SOLID][:COUNT]
    photos = photographs(given.data / "train", held_out=True)
    for name in POWERS:
        for number, path in enumerate(renders):
            _compose(given.out / name, path, photos, number)
    for method in given.methods:
        for name in SETS:
            _matte(given.out / name, method)


def _link(source: Path, target: Path, trimap: str) -> None:
    for role, folder in (("image", "image"), ("alpha", "alpha"), ("trimap", trimap)):
        target.mkdir(parents=True, exist_ok=True)
        if not (target / role).exists():
            (target / role).symlink_to((source / folder).resolve())


def _compose(folder: Path, render: Path, photos: list[Path], number: int) -> None:
    paths = {role: folder / role / render.name for role in ("alpha", "trimap", "image")}
    if paths["image"].exists():
        return
    rng = np.random.default_rng([SEED, number, 1 if folder.name == "painted" else 0])
    pixels = read(render)
    alpha, fg = pixels[..., 3], filled(pixels)
    size = alpha.shape
    first, second = rng.choice(len(photos), 2, replace=False)
    bg = _fitted(rng, image(photos[first]), size)
    if folder.name == "painted":
        fg = _fitted(rng, image(photos[second]), size)
    power = POWERS[folder.name]
    pictures = {
        "alpha": alpha,
        "trimap": _trimap(alpha, *WIDTHS[number % len(WIDTHS)]),
        "image": composite(fg**power, bg**power, alpha) ** (1 / power),
    }
    for role, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        io.write_image(path, pictures[role].astype(np.float32))


def _fitted(rng: np.random.Generator, photo: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = photo.shape[:2]
    side = int(min(height, width) * rng.uniform(0.6, 1))
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    square = photo[top : top + side, left : left + side].astype(np.float32) / 255
    return cv2.resize(square, size[::-1], interpolation=cv2.INTER_AREA).clip(0, 1)


def _trimap(alpha: np.ndarray, rule: str, width: int) -> np.ndarray:
    while True:
        trimap = widened(alpha, rule, width, width)
        if width == 1 or min((trimap == 1).mean(), (trimap == 0).mean()) >= KNOWN:
            break
        width = max(1, width * 2 // 3)
    if not (trimap == 1).any():  # hair or mist alone: a user marks what is most opaque
        trimap[alpha >= np.quantile(alpha, 1 - KNOWN)] = 1
    if not (trimap == 0).any():
        trimap[alpha <= np.quantile(alpha, KNOWN)] = 0
    return trimap


def _matte(folder: Path, method: str) -> None:
    for name in names(folder):
        path = folder / method / f"{name}.png"
        if path.exists():
            continue
        trimap = io.read_trimap(folder / "trimap" / f"{name}.png", require_classes=False)
        alpha = estimate_alpha(method, io.read_image(folder / "image" / f"{name}.png").pixels, trimap)
        path.parent.mkdir(parents=True, exist_ok=True)
        io.write_image(path, alpha)


if __name__ == "__main__":
    main()
