"""Pack samples with their classical estimates into pieces of less than 60 MiB, for `learn.py`.

    python pack.py SHARED/data/train PIECES --first 0 --count 50 [--more RENDERS ...]

Piece n holds `EACH` samples, each decided by the seed and its number; a piece that is there is skipped, so that the
same command goes on after a stop, and several computers may each make other pieces. A piece is an .npz of uint8 arrays:
image (N, S, S, 3), trimap and alpha (N, S, S), planes (N, S, S, 11) of `baselines.coarse`; "tags" is a JSON list of
what each sample is made of, for comparing parts of the material.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from material import Material

from mattekit import files
from mattekit.baselines.priors import PRIORS
from mattekit.samples.augment import apply

EACH, SEED = 24, 18
LIMIT = 60 * 2**20
KNOWN = 0.003  # least share of the picture in which each class is known
TRIMAPS = {"lsa": 0.2, "a2u": 0.25, "wide": 0.35, "widest": 0.2}  # rule -> share of samples


def steps(rng: np.random.Generator, tags: dict) -> list:
    """Choose the steps of one sample, and note them among its tags."""
    tags["camera"] = bool(rng.random() < 0.65)
    tags["trimap"] = str(rng.choice(list(TRIMAPS), p=list(TRIMAPS.values())))
    photographed = [("camera", 1, {})] if tags["camera"] else [("compose", 1, {"gamma": (1.0, 1.6)})]
    return [
        ("merge", 0.15, {"interpolation": "linear"}),
        ("gamma", 0.2, {}),
        ("hsv", 0.4, {}),
        ("jitter", 0.5, {"of": "both"}),
        ("defocus", 0.6 if tags["camera"] else 0.2, {}),
        ("trimap", 1, {"rule": tags["trimap"], "keep": KNOWN if tags["trimap"] == "widest" else 0.02}),
        ("forget", 0.25, {"keep": KNOWN}),
        *photographed,
        ("jpeg", 0.3, {"quality": (70, 97)}),
    ]


def sample(material: Material, number: int) -> tuple[dict[str, np.ndarray], dict]:
    """Make sample `number`: its pictures as uint8, and its tags."""
    rng = np.random.default_rng([SEED, number])
    while True:
        drawn, tags = material.draw(rng)
        made = apply(drawn, steps(rng, tags), rng)
        if {0, 0.5, 1} <= set(np.unique(made.trimap)):
            break
    image = (made.image * 255).round() / 255
    planes = PRIORS["coarse"].estimate(image.astype(np.float32), made.trimap)
    pictures = {"image": image, "trimap": made.trimap, "alpha": made.alpha, "planes": planes.astype(np.float32)}
    return {name: (pixels * 255).round().astype(np.uint8) for name, pixels in pictures.items()}, tags


def main(arguments: list[str] | None = None) -> None:
    """Make the pieces that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--each", type=int, default=EACH, help="samples in a piece")
    parser.add_argument("--more", type=Path, nargs="*", default=())
    given = parser.parse_args(arguments)
    material = Material(given.data, tuple(given.more))
    given.out.mkdir(parents=True, exist_ok=True)
    for piece in range(given.first, given.first + given.count):
        path = given.out / f"{piece:05d}.npz"
        if path.exists():
            continue
        began = time.process_time()
        pictures, tags = zip(*(sample(material, piece * given.each + n) for n in range(given.each)), strict=True)
        arrays = {name: np.stack([each[name] for each in pictures]) for name in pictures[0]}
        with files.replacing(path) as part, open(part, "wb") as file:
            np.savez_compressed(file, tags=np.array(json.dumps(tags)), **arrays)
        size = path.stat().st_size
        print(f"{path}: {size / 2**20:.0f} MiB, {time.process_time() - began:.0f} s", flush=True)
        if size > LIMIT:
            raise SystemExit(f"{path}: more than 60 MiB. Lower --each.")


if __name__ == "__main__":
    main()
