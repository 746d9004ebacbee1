"""Whether networks can learn eight real crops by heart, as they must if all of training is right.

    python tests/benchmarks/overfit.py [--networks indexnet a2u] [--crop 64] [--steps 2000] [--precision bf16]

Needs the development images of alphamatting.com (MATTEKIT_SHARED). From GT01 to GT08 the crop is taken that has the
most unknown pixels with soft alphas. The whole of training learns them, from random weights, always the same batch;
dropout alone is off, as it is there against learning by heart.
Every few steps the network is scored as `mattekit predict` uses it: SAD in thousands and MAD over unknown pixels. A
trimap taken for the alpha is the score to compare with.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch

from mattekit.imaging import io
from mattekit.inference.network import network_predictor
from mattekit.networks.header import header_of
from mattekit.training.initial_network import initial_network
from mattekit.training.job import TrainingJob
from mattekit.training.learner import Learner
from mattekit.training.processes import make_fabric
from mattekit.training.recipe import Recipe
from mattekit.training.task import Matting

NAMES = [f"GT{i:02}" for i in range(1, 9)]
SHARED = Path(os.environ.get("MATTEKIT_SHARED", Path(__file__).resolve().parents[3] / "shared"))


def crops(size):
    """(image, trimap, alpha) of the eight crops, float32 arrays."""
    root, found = SHARED / "data/alphamatting-dev", []
    for name in NAMES:
        image = io.read_image(root / f"image/{name}.png").pixels
        alpha = io.read_alpha(root / f"alpha/{name}.png").pixels
        trimap = io.read_trimap(root / f"trimap1/{name}.png")
        soft = np.pad(((trimap == 0.5) & (alpha > 0) & (alpha < 1)).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        counts = soft[size:, size:] - soft[:-size, size:] - soft[size:, :-size] + soft[:-size, :-size]
        y, x = np.unravel_index(counts.argmax(), counts.shape)
        found.append(tuple(array[y : y + size, x : x + size] for array in (image, trimap, alpha)))
    return found


def scores(alphas, samples):
    """Mean SAD in thousands, and MAD, over unknown pixels."""
    errors = [np.abs(alpha - truth)[trimap == 0.5] for alpha, (_, trimap, truth) in zip(alphas, samples, strict=True)]
    return np.mean([error.sum() / 1000 for error in errors]), np.mean([error.mean() for error in errors])


def learn(name, samples, steps, lr, precision, every):
    recipe = Recipe.model_validate(
        {
            "network": {"name": name},
            "loss": {"name": "alpha"},
            "optimiser": {"name": "adam", "lr": lr},
            "schedule": {"kind": "cosine", "warmup_steps": 20},
            "run": {"epochs": steps, "batch": len(samples)},
        }
    )
    fabric = make_fabric(TrainingJob(recipe, Path("unused"), device="cpu", precision=precision))
    fabric.launch()
    network = initial_network(recipe, "cpu")
    header = header_of(network)
    learner = Learner(fabric, recipe, network, Matting(recipe, header), 1)
    pictures = zip(("image", "trimap", "alpha"), zip(*samples, strict=True), strict=True)
    batch = {
        key: torch.from_numpy(
            np.stack([array.transpose(2, 0, 1) if array.ndim == 3 else array[None] for array in value])
        )
        for key, value in pictures
    }
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    start, loss = time.perf_counter(), float("nan")
    for step in range(steps + 1):
        if step % every == 0:
            predict = network_predictor(network, header.preparation, header.normalisation)
            sad, mad = scores([predict(image, trimap) for image, trimap, _ in samples], samples)
            took = time.perf_counter() - start
            print(f"{name:9} step {step:4}  SAD {sad:7.4f}  MAD {mad:.4f}  loss {loss:.4f}  {took:5.0f} s", flush=True)
        if step < steps:
            loss = learner.train_step(batch).loss


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", nargs="+", default=["indexnet", "a2u"])
    parser.add_argument("--crop", type=int, default=64)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--lr", type=float, default=0.003)
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    made = crops(asked.crop)
    sad, mad = scores([trimap for _, trimap, _ in made], made)
    print(f"trimaps as alphas:   SAD {sad:7.4f}  MAD {mad:.4f}  (8 crops of {asked.crop} x {asked.crop})")
    for name in asked.networks:
        learn(name, made, asked.steps, asked.lr, asked.precision, asked.every)
