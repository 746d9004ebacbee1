"""Train the variants of a paper's ablation on the same data, score them, and print the table beside the paper's.

$ python ablation.py lsa --data AIM/ --backgrounds coco/ --validate test/     LSA's Tables 1 and 3
$ python ablation.py a2u --data AIM/ --backgrounds coco/ --validate test/     A2U's Tables 2, 3 and 4
$ python ablation.py lsa --validate test/ --set data.crop=128 --set run.epochs=2 --rows "IH 1/2" "IH 1" CA

`test/` has folders image, alpha and trimap. Without --data foregrounds are drawn, and have no colours to re-estimate.
A study that was stopped goes on where it was.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

from mattekit.baselines import FOREGROUND
from mattekit.evaluation.evaluate import evaluate
from mattekit.imaging import io
from mattekit.imaging.pixel_values import to_float
from mattekit.inference.refinement import RefinementSettings
from mattekit.models import registry
from mattekit.models.prediction import predict_alpha
from mattekit.samples.sources import open_sources
from mattekit.training.job import Job
from mattekit.training.loop import train
from mattekit.training.recipe import read


class Row(NamedTuple):
    """A variant: its scores in the paper, changes of the recipe, and what else is done differently."""

    paper: tuple = ()
    changes: tuple = ()
    crop: float = 1.0  # side of the patches, as a share of the recipe's
    foregrounds: str = ""  # method that re-estimates them
    tta: str = "none"
    refined: bool = False


NO_CA = ("augment.fade.probability=0",)
LSA = {  # IH: height of patches, 1 being 640; CF, RF: foregrounds by closed form and by LSA; CA: colour augmentation
    "IH 1/2": Row((32.4, 0.0074, 11.6, 29.6), NO_CA, crop=1 / 2),
    "IH 3/4": Row((30.0, 0.0067, 10.3, 26.6), NO_CA, crop=3 / 4),
    "IH 1": Row((29.0, 0.0062, 10.3, 25.4), NO_CA),
    "CF": Row((28.9, 0.0058, 10.2, 25.4), NO_CA, foregrounds="closed-form"),
    "RF": Row((27.6, 0.0057, 10.1, 23.6), NO_CA, foregrounds="multiscale"),
    "CA": Row((27.9, 0.0056, 9.94, 23.8)),
    "RF CA": Row((25.9, 0.0054, 9.25, 21.5), foregrounds="multiscale"),
    "RF CA TTA": Row((24.6, 0.0045, 8.13, 19.9), foregrounds="multiscale", tta="full"),
    "RF CA BR": Row((), foregrounds="multiscale", refined=True),  # Table 3 has it on other images
}
A2U = {  # Table 2, then the rows of Tables 3 and 4 that are not in it
    "nearest": (37.51, 0.0096, 19.07, 35.72),
    "bilinear": (37.31, 0.0103, 21.38, 35.39),
    "carafe": (41.01, 0.0118, 21.39, 39.01),
    "indexnet": (34.28, 0.0081, 15.94, 31.91),
    "static-pw-cw": (36.36, 0.0099, 21.03, 34.40),
    "static-cw": (35.92, 0.0098, 20.06, 33.68),
    "hybrid-cw": (34.76, 0.0088, 16.39, 32.29),
    "hybrid-cs": (36.43, 0.0098, 21.24, 34.11),
    "dynamic-cw": (36.66, 0.0094, 18.60, 34.62),
    "dynamic-cs": (35.86, 0.0095, 17.13, 33.71),
    "dynamic-cs-d": (33.13, 0.0078, 17.90, 30.22),
    "dynamic-cs-d-dagger": (32.15, 0.0082, 16.39, 29.25),
    "hybrid-cw-k1": (37.74, 0.0104, 22.07, 35.91),
    "hybrid-cw-k5": (35.99, 0.0093, 17.96, 33.90),
    "dynamic-cs-k1": (36.06, 0.0098, 17.25, 33.95),
    "dynamic-cs-k5": (37.40, 0.0096, 18.28, 35.50),
    "hybrid-cw-softmax": (35.93, 0.0092, 17.13, 33.87),
    "dynamic-cs-softmax": (36.40, 0.0100, 17.67, 34.33),
}
STUDIES = {"lsa": LSA, "a2u": {name: Row(paper, (f"network.name=a2u-{name}",)) for name, paper in A2U.items()}}
SCORES = ("sad", "mse", "grad", "conn")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=STUDIES, help="which is also the recipe")
    parser.add_argument("--data", metavar="SPEC", action="append", default=[])
    parser.add_argument("--backgrounds", metavar="DIR", action="append", default=[])
    parser.add_argument("--validate", metavar="DIR", type=Path, nargs="+", required=True)
    parser.add_argument("--set", dest="changes", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument("--rows", nargs="+", metavar="NAME")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=Path("ablation"))
    given = parser.parse_args()
    print(f"{'':20}{'here':^32}  {f'{given.study.upper()}, paper':^32}")
    print(f"{'variant':<20}" + " ".join(f"{score.upper():>7}" for score in SCORES + SCORES), flush=True)
    for name, row in STUDIES[given.study].items():
        if (not given.rows or name in given.rows) and (given.data or not row.foregrounds):
            mean = scores(trained(given, row), row, given.validate)
            print(f"{name:<20}{line([mean[score] for score in SCORES])}  {line(row.paper)}", flush=True)


def trained(given, row):
    """The network's file of a variant; variants that differ in how they predict alone share one."""
    base = read(given.study, given.changes)
    crop = max(32, round(base.data.crop * row.crop / 32) * 32)
    changes = [*given.changes, *row.changes, f"data.crop={crop}", "run.validate_every=0"]
    recipe = read(given.study, changes)
    refined = str(foregrounds(given, row.foregrounds)) if row.foregrounds else ""
    data = {"sources": tuple(given.data), "backgrounds": tuple(given.backgrounds), "foregrounds": refined}
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update=data)})
    output = given.output / given.study / run_name(given.study, row)
    train(Job(recipe, output, resume=True, workers=given.workers))
    return output / "last.safetensors"  # the best one would have been chosen by the images it is scored on


def run_name(study, row):
    """The first variant that is trained like this one."""
    like = (row.changes, row.crop, row.foregrounds)
    names = (n for n, other in STUDIES[study].items() if (other.changes, other.crop, other.foregrounds) == like)
    return next(names).replace(" ", "_").replace("/", "-")


def foregrounds(given, method):
    """Folder of the data's foregrounds, their colours re-estimated; each is made once."""
    folder = given.output / f"foregrounds_{method}"
    for source in open_sources(given.data).sources:
        for index, item in enumerate(getattr(source, "items", [])):
            target = folder / f"{item.files['fg'].stem}.png"
            if not target.exists():
                sample = source.read(index, None)
                io.write_image(
                    target, FOREGROUND[method].function(to_float(sample.fg), to_float(sample.alpha)), fast=True
                )
    return folder


def scores(weights, row, folders):
    model, refinement = registry.load(weights), RefinementSettings() if row.refined else None

    def predict(image, trimap):
        return predict_alpha(model, image, trimap, tta=row.tta, refinement=refinement)

    return evaluate(predict, folders)["mean"]


def line(values):
    return "{:7.2f} {:7.4f} {:7.2f} {:7.2f}".format(*values) if values else " ".join(["      -"] * len(SCORES))


if __name__ == "__main__":
    main()
