"""Train the variants of a paper's ablation on the same data, score them, and print the table beside the paper's.

$ python ablation.py indexnet --data AIM/ --backgrounds coco/ --validate test/     IndexNet's Tables 1 and 2
$ python ablation.py a2u --data AIM/ --backgrounds coco/ --validate test/          A2U's Tables 2, 3 and 4
$ python ablation.py lsa --data AIM/ --backgrounds coco/ --validate test/          LSA's Tables 1 and 3
$ python ablation.py lsa --validate test/ --set data.crop=128 --set run.epochs=2 --rows "IH 1/2" "IH 1" CA

The tables are in ablations/. `test/` has folders image, alpha and trimap. Without --data foregrounds are drawn, and
have no colours to re-estimate. A study that was stopped goes on where it was.
"""

import argparse
import tomllib
from pathlib import Path

from mattekit.baselines import FOREGROUND
from mattekit.evaluation.evaluate import evaluate
from mattekit.imaging import io
from mattekit.imaging.pixel_values import to_float
from mattekit.inference.refinement import RefinementSettings
from mattekit.models import registry
from mattekit.models.prediction import predict_alpha
from mattekit.samples.sources import open_sources
from mattekit.training.job import TrainingJob
from mattekit.training.loop import train
from mattekit.training.recipe import read

TABLES = Path(__file__).parent / "ablations"
SCORES = ("sad", "mse", "grad", "conn")
FORMAT = "{:7.2f} {:7.4f} {:7.2f} {:7.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=sorted(path.stem for path in TABLES.glob("*.toml")))
    parser.add_argument("--data", metavar="SPEC", action="append", default=[])
    parser.add_argument("--backgrounds", metavar="DIR", action="append", default=[])
    parser.add_argument("--validate", metavar="DIR", type=Path, nargs="+", required=True)
    parser.add_argument("--set", dest="changes", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument("--rows", nargs="+", metavar="NAME")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=Path("ablation"))
    given = parser.parse_args()
    table = tomllib.loads((TABLES / f"{given.study}.toml").read_text())
    print(f"{'':24}{'here':^32}  {f'{given.study.upper()}, paper':^32}")
    print(f"{'variant':<24}" + " ".join(f"{score.upper():>7}" for score in SCORES + SCORES), flush=True)
    for name, row in table["rows"].items():
        if (not given.rows or name in given.rows) and (given.data or "foregrounds" not in row):
            mean = scores(trained(given, table["recipe"], row), row, given.validate)
            paper = FORMAT.format(*row["paper"]) if "paper" in row else ""
            print(f"{name:<24}{FORMAT.format(*(mean[score] for score in SCORES))}  {paper}".rstrip(), flush=True)


def trained(given, recipe, row):
    """Weights of a variant; variants that differ in how they predict alone share a run."""
    crop = max(32, round(read(recipe, given.changes).data.crop * row.get("patch", 1) / 32) * 32)
    made = read(recipe, [*given.changes, *row.get("changes", []), f"data.crop={crop}", "run.validate_every=0"])
    refined = str(foregrounds(given, row["foregrounds"])) if "foregrounds" in row else ""
    data = {"sources": tuple(given.data), "backgrounds": tuple(given.backgrounds), "foregrounds": refined}
    made = made.model_copy(update={"data": made.data.model_copy(update=data)})
    parts = [*row.get("changes", ["as-it-is"]), f"patch-{crop}", row.get("foregrounds", "")]
    output = given.output / given.study / "_".join(part.rpartition(".")[2] for part in parts if part)
    train(TrainingJob(made, output, resume=True, workers=given.workers))
    return output / "last.safetensors"  # the best one would have been chosen by the images it is scored on


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
    model, refinement = registry.load(weights), RefinementSettings() if row.get("refined") else None
    options = {"tta": row.get("tta", "none"), "refinement": refinement}
    return evaluate(lambda image, trimap: predict_alpha(model, image, trimap, **options), folders)["mean"]


if __name__ == "__main__":
    main()
