"""Score weights on the validation sets of `validation.py` against the best classical method of each picture.

    python score.py VALIDATION default RUN/last.safetensors ... [--first 20] [--log scores.jsonl] [--keep FOLDER]

Mattes are made as `mattekit predict` makes them, and scored by mattekit's own metrics over the unknown pixels; the
estimates that networks take are kept beside the sets, so that only the network and what finishes alpha are computed. A
line for each set and weights: means; "relative", the geometric mean of each picture's SAD in per cent of that of the
best classical method on it; "of the best", the mean SAD in per cent of the method that is best on the set; and the
"worst" picture's SAD in per cent of the best method on it. The first and the last leave out pictures on which the best
method errs by less than `LEAST`.
"""

import argparse
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import network  # noqa: F401 - its row of the table of networks
import numpy as np
from validation import METHODS, SETS, names

from mattekit import files
from mattekit.baselines import priors
from mattekit.imaging import io
from mattekit.metrics import score
from mattekit.models.registry import load

LEAST = 0.1  # thousands
METRICS = ("sad", "mse", "grad", "conn")


class Picture(NamedTuple):
    """One picture of a set; arrays as mattekit reads them, `classical` the SAD of each method."""

    name: str
    image: np.ndarray
    trimap: np.ndarray
    truth: np.ndarray
    classical: dict[str, float]


def kept_estimates(folder: Path) -> None:
    """Let the estimates of `coarse` be read from a folder where they have been made before."""
    coarse = priors.PRIORS["coarse"]

    def estimate(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        digest = hashlib.sha256(image.tobytes() + trimap.tobytes()).hexdigest()[:24]
        path = folder / f"{digest}.npz"
        if not path.exists():
            planes = coarse.estimate(image, trimap)
            with files.replacing(path) as part, open(part, "wb") as file:
                np.savez_compressed(file, planes)
        return np.load(path)["arr_0"]

    priors.PRIORS["coarse"] = coarse._replace(estimate=estimate)


@cache
def pictures(folder: Path, first: int | None) -> list[Picture]:
    """Read a set, and score its classical mattes unless that is done."""
    return [_picture(folder, name) for name in names(folder)[:first]]


def _picture(folder: Path, name: str) -> Picture:
    image = io.read_image(folder / "image" / f"{name}.png").pixels
    trimap = io.read_trimap(folder / "trimap" / f"{name}.png", require_classes=False)
    truth = eight_bits(io.read_alpha(folder / "alpha" / f"{name}.png").pixels)
    picture = Picture(name, image, trimap, truth, {})
    for method in METHODS:
        matte, kept = folder / method / f"{name}.png", folder / method / f"{name}.json"
        if not kept.exists() and matte.exists():
            kept.write_text(json.dumps(scored(io.read_alpha(matte).pixels, picture)))
        if kept.exists():
            picture.classical[method] = json.loads(kept.read_text())["sad"]
    return picture


def eight_bits(alpha: np.ndarray) -> np.ndarray:
    """Round an alpha as a file does."""
    return (alpha.clip(0, 1) * 255).round().astype(np.uint8)


def scored(alpha: np.ndarray, picture: Picture, metrics: tuple[str, ...] = ("sad", "mse")) -> dict[str, float]:
    """Score an alpha over the unknown pixels."""
    return score(eight_bits(alpha), picture.truth, picture.trimap == 0.5, metrics=metrics)


def summary(rows: list[dict], items: list[Picture]) -> dict[str, float]:
    """Return means over a set, and how they compare with the classical methods."""
    means = {metric: float(np.mean([row[metric] for row in rows])) for metric in rows[0]}
    methods = [method for method in METHODS if all(method in item.classical for item in items)]
    if not methods:
        return means
    table = np.array([[item.classical[method] for method in methods] for item in items])
    sad, best = np.array([row["sad"] for row in rows]), table.min(1)
    counted = best > LEAST
    return means | {
        "relative": 100 * float(np.exp(np.log(np.maximum(sad, 1e-3) / np.maximum(best, 1e-3))[counted].mean())),
        "of the best": 100 * means["sad"] / float(table.mean(0).min()),
        "worst": 100 * float((sad / np.maximum(best, 1e-9))[counted].max()),
        "above 115": int(((sad > 1.15 * best) & counted).sum()),
    }


def evaluate(
    weights: str, root: Path, sets: list[str], first: int | None, metrics: tuple[str, ...], keep: Path | None
) -> dict:
    """Score weights, a classical method's name or "default" among them, on sets."""
    model, found = load(weights), {}
    for name in sets:
        items = pictures(root / name, first)
        rows = []
        for item in items:
            alpha = model.alpha(item.image, item.trimap)
            rows.append(scored(alpha, item, metrics))
            if keep:
                (keep / name).mkdir(parents=True, exist_ok=True)
                io.write_image(keep / name / f"{item.name}.png", alpha)
        each = {item.name: round(row["sad"], 3) for item, row in zip(items, rows, strict=True)}
        found[name] = {"pictures": len(items), **summary(rows, items), "each": each}
    return found


def main() -> None:
    """Score, print a table, and append each line to a log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("validation", type=Path)
    parser.add_argument("weights", nargs="+")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--first", type=int, help="only so many pictures of each set")
    parser.add_argument("--all-metrics", action="store_true", help="Grad and Conn, too")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--keep", type=Path, help="folder for the mattes, those of one file of weights")
    given = parser.parse_args()
    kept_estimates(given.validation / "estimates")
    for weights in given.weights:
        metrics = METRICS if given.all_metrics else METRICS[:2]
        found = evaluate(weights, given.validation, given.sets, given.first, metrics, given.keep)
        for name, row in found.items():
            values = "  ".join(f"{key} {value:.4g}" for key, value in row.items() if key != "each")
            print(f"{weights} {name}: {values}", flush=True)
        if given.log:
            with given.log.open("a") as file:
                file.write(json.dumps({"weights": weights, "first": given.first, **found}) + "\n")


if __name__ == "__main__":
    main()
