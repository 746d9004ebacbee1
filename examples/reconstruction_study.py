"""Train the nine operators of A2U's Table 1 to rebuild small grey images, and print the table beside the paper's.

$ python reconstruction_study.py --data mnist/                      as the paper did: 100 epochs each
$ python reconstruction_study.py --data mnist/ --set run.epochs=2   or shorter, with any setting of the recipe

Without --data, digits and shapes are drawn. A study that was stopped goes on where it was.
"""

import argparse
import json
from pathlib import Path

from mattekit.networks.reconstruction import TABLE_1
from mattekit.training.job import TrainingJob
from mattekit.training.loop import train
from mattekit.training.recipe import read

SCORES = ("psnr", "ssim", "mse", "mae")
PAPER = {  # A2U Table 1: MNIST, then Fashion-MNIST
    "nearest": ((28.54, 0.9874, 0.0374, 0.0148), (25.58, 0.9797, 0.0527, 0.0269)),
    "bilinear": ((26.12, 0.9783, 0.0495, 0.0205), (23.68, 0.9675, 0.0656, 0.0343)),
    "deconvolution": ((31.85, 0.9942, 0.0256, 0.0089), (27.42, 0.9870, 0.0426, 0.0207)),
    "pixel-shuffle": ((31.63, 0.9939, 0.0262, 0.0099), (27.33, 0.9868, 0.0431, 0.0212)),
    "max-unpool": ((29.91, 0.9916, 0.0320, 0.0133), (28.31, 0.9901, 0.0385, 0.0218)),
    "carafe": ((28.72, 0.9885, 0.0367, 0.0131), (25.17, 0.9773, 0.0552, 0.0266)),
    "indexnet-hin": ((45.51, 0.9997, 0.0053, 0.0024), (45.83, 0.9998, 0.0051, 0.0033)),
    "a2u": ((47.63, 0.9998, 0.0042, 0.0020), (46.41, 0.9999, 0.0048, 0.0031)),
    "indexnet-m2o": ((47.13, 0.9997, 0.0044, 0.0020), (44.35, 0.9998, 0.0061, 0.0036)),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder with the files of MNIST or Fashion-MNIST")
    parser.add_argument("--fashion", action="store_true", help="print the paper's numbers of Fashion-MNIST")
    parser.add_argument("--set", dest="changes", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument("--operators", nargs="+", choices=TABLE_1, default=list(TABLE_1), metavar="NAME")
    parser.add_argument("-o", "--output", type=Path, default=Path("reconstruction_study"))
    given = parser.parse_args()
    print(f"{'':16}{'here':^32}  {'A2U Table 1':^32}")
    print(" ".join([f"{'operator':<15}", *(f"{score.upper():>7}" for score in SCORES + SCORES)]), flush=True)
    for operator in given.operators:
        data = [f"data.sources={given.data}"] if given.data else []
        recipe = read("reconstruction", [f"operator={operator}", *data, *given.changes])
        output = given.output / operator
        train(TrainingJob(recipe, output, resume=True))
        scores = [last_scores(output / "log.jsonl")[score] for score in SCORES]
        print(f"{operator:<15}", row(scores), row(PAPER[operator][given.fashion]), flush=True)


def last_scores(log):
    """What the last epoch came to; the best one would have been chosen by the test images."""
    return [record for record in map(json.loads, log.read_text().splitlines()) if record["kind"] == "validation"][-1]


def row(scores):
    return f"{scores[0]:7.2f} {scores[1]:7.4f} {scores[2]:7.4f} {scores[3]:7.4f}"


if __name__ == "__main__":
    main()
