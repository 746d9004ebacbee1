"""Train the networks of IndexNet's section 5.4 with and without learnt indices, on toy data that is drawn.

$ python study.py                                  all five networks, 200 steps each
$ python study.py --networks lenet --steps 1000    or some, for longer

The paper has CIFAR, NYUDv2 and SUN RGB-D, and its numbers are in a supplement that its text does not contain; so the
table here compares operators on the toy data alone: accuracy, root mean squared error of depth, mean IoU of classes.
"""

import argparse
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from classification import lenet, mobilenet, vgg16
from depth import DepthNetwork
from segnet import segnet
from torch import Tensor, nn
from torch.nn import functional as F

CLASSES = 10  # of pictures
LABELS = 4  # of pixels: the ground, and three kinds of discs
INDICES = "indexnet-m2o-nonlinear-context"


class Task(NamedTuple):
    """Toy data (count, side, generator) -> (images, targets), a loss, and a score of outputs against targets."""

    data: Callable[[int, int, np.random.Generator], tuple[Tensor, Tensor]]
    loss: Callable[[Tensor, Tensor], Tensor]
    score: Callable[[Tensor, Tensor], float]
    label: str


def gratings(count: int, side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Pictures of stripes in ten directions, of random colours and phases, with noise."""
    kinds = rng.integers(CLASSES, size=count)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    angles = np.pi * kinds[:, None, None] / CLASSES
    waves = np.sin((np.cos(angles) * x + np.sin(angles) * y) * 0.9 + rng.uniform(0, 6.28, (count, 1, 1)))
    images = waves[:, None] * rng.uniform(0.3, 1, (count, 3, 1, 1)) + rng.normal(0, 0.3, (count, 3, side, side))
    return torch.from_numpy(images).float(), torch.from_numpy(kinds)


def discs(count: int, side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ten discs in each picture, drawn from far to near: their kinds 1 to 3, 0 for the ground, and their depths."""
    y, x = np.mgrid[:side, :side]
    kinds, depths = np.zeros((count, side, side), int), np.broadcast_to(1 - y / (2 * side), (count, side, side)).copy()
    for picture, depth in zip(kinds, depths, strict=True):
        for distance in np.sort(rng.uniform(0.1, 0.5, 10))[::-1]:
            top, left = rng.uniform(0, side, 2)
            inside = np.hypot(y - top, x - left) < side / 30 / distance
            picture[inside], depth[inside] = rng.integers(1, LABELS), distance
    return kinds, depths.astype(np.float32)


def shaded(kinds: np.ndarray, depths: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Coloured by kind, darker with distance, with noise: (N, 3, H, W)."""
    colours = np.array([[0.5, 0.5, 0.5], [1, 0.2, 0.2], [0.2, 1, 0.2], [0.2, 0.2, 1]])
    images = colours[kinds] * (1.2 - depths[..., None]) + rng.normal(0, 0.05, (*kinds.shape, 3))
    return torch.from_numpy(images.transpose(0, 3, 1, 2)).float()


def scenes(count: int, side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Scenes and the kind at each pixel."""
    kinds, depths = discs(count, side, rng)
    return shaded(kinds, depths, rng), torch.from_numpy(kinds)


def ranges(count: int, side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Scenes and depth at half their size."""
    kinds, depths = discs(count, side, rng)
    return shaded(kinds, depths, rng), torch.from_numpy(depths)[:, None, ::2, ::2]


def accuracy(output: Tensor, kinds: Tensor) -> float:
    """Share of pictures put into their class."""
    return float((output.argmax(1) == kinds).float().mean())


def rmse(output: Tensor, depths: Tensor) -> float:
    """Root of the mean squared error."""
    return float((output - depths).square().mean().sqrt())


def mean_iou(output: Tensor, kinds: Tensor) -> float:
    """Mean over the kinds of intersection over union."""
    ours = output.argmax(1)
    pairs = [((ours == k) & (kinds == k), (ours == k) | (kinds == k)) for k in range(LABELS)]
    return float(np.mean([float(both.sum() / either.sum().clamp(1)) for both, either in pairs]))


CLASSIFY = Task(gratings, F.cross_entropy, accuracy, "accuracy")
NETWORKS: dict[str, tuple[Task, Callable[..., nn.Module], str | None, int]] = {  # task, network, its operator, side
    "lenet": (CLASSIFY, lenet, None, 32),
    "mobilenet": (CLASSIFY, mobilenet, None, 32),
    "vgg16": (CLASSIFY, vgg16, None, 32),
    "depth": (Task(ranges, F.l1_loss, rmse, "RMSE"), DepthNetwork, "bilinear", 64),
    "segnet": (Task(scenes, F.cross_entropy, mean_iou, "mean IoU"), segnet, "max-unpool", 64),
}


def study(name: str, operator: str | None, *, steps: int, batch: int, seed: int = 0) -> tuple[float, float, float]:
    """Train a network; losses of the first and the last tenth of its steps, and the score on 200 new pictures."""
    task, build, _, side = NETWORKS[name]
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = build(operator, **({"out_channels": LABELS} if name == "segnet" else {})).train()
    optimiser, losses = torch.optim.Adam(network.parameters(), 1e-3), []
    for _ in range(steps):
        images, targets = task.data(batch, side, rng)
        optimiser.zero_grad()
        loss = task.loss(network(images), targets)
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    network.eval()
    with torch.no_grad():
        batches = [task.data(batch, side, rng) for _ in range(-(-200 // batch) if steps > 10 else 1)]
        outputs = torch.cat([network(images) for images, _ in batches])
    tenth = -(-steps // 10)
    score = task.score(outputs, torch.cat([targets for _, targets in batches]))
    return float(np.mean(losses[:tenth])), float(np.mean(losses[-tenth:])), score


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NAME")
    parser.add_argument("--operator", default=INDICES, metavar="NAME", help="compared with the network's own")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=20)
    given = parser.parse_args()
    print(f"{'network':<12}{'operator':<34}{'loss: first':>12}{'last':>9}  score", flush=True)
    for name in given.networks:
        task, _, own, _ = NETWORKS[name]
        for operator in (own, given.operator):
            first, last, score = study(name, operator, steps=given.steps, batch=given.batch)
            words = f"{name:<12}{operator or 'its own pooling':<34}{first:>12.4f}{last:>9.4f}"
            print(f"{words}  {task.label} {score:.3f}", flush=True)


if __name__ == "__main__":
    main()
