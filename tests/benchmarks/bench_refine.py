"""How many evaluations each optimiser needs to refine as far as the published one, and what an evaluation costs.

Usage: python tests/benchmarks/bench_refine.py [--scale S] [--timed S] [--repeats N] [--networks lsa,indexnet,a2u]

Weights are random; norms take their statistics from the example images, and the last layer with many inputs is fitted
by least squares to the true alphas of three examples. The fourth is refined, so that raw alphas are those of a poor
network, and not of none. Gradient descent with learning rate 20 and 100 evaluations is LSA's; for the others the
table says after how many evaluations the cost is at most that of the published one after 25, 50 and 100, and the cost
after 25. Then one evaluation with its gradients is timed against the whole network's forward and against its forward
and backward as in training, interleaved.
"""

import argparse
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.imaging import io
from mattekit.inference.network import network_input
from mattekit.inference.preparation import PREPARATIONS
from mattekit.inference.refinement import OPTIMISERS, RefinementSettings, refine_prepared
from mattekit.inference.refinement.backpropagation import AffineGrids
from mattekit.inference.refinement.cost import RULES, Cost, regions
from mattekit.networks import build
from mattekit.networks.safetensors_file import header_of

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ("net", "plume", "pompom", "puff")
MARKS = (25, 50, 100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=0.25, help="of the examples, where costs are followed")
    parser.add_argument("--timed", type=float, default=0.5, help="of the examples, where steps are timed")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--networks", default="lsa,indexnet,a2u")
    parser.add_argument("--images", default="net,pompom")
    options = parser.parse_args()
    for name in options.networks.split(","):
        for image in options.images.split(","):
            follow(name, image, options.scale)
        durations(name, options.timed, options.repeats)


def example(name: str, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, trimap and true alpha."""
    image = io.read_image(EXAMPLES / f"images/{name}.jpg").pixels
    trimap = io.read_trimap(EXAMPLES / f"trimaps/{name}.png")
    alpha = io.read_alpha(EXAMPLES / f"alphas/{name}.png").pixels
    size = int(image.shape[1] * scale), int(image.shape[0] * scale)
    image, alpha = (cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in (image, alpha))
    return image, cv2.resize(trimap, size, interpolation=cv2.INTER_NEAREST), alpha


def fitted(name: str, left_out: str, scale: float) -> tuple[nn.Module, str]:
    """A network that has seen three examples, and its preparation."""
    torch.manual_seed(0)
    network = build(name)
    preparation = header_of(network).preparation
    scenes = [example(other, scale) for other in NAMES if other != left_out]
    inputs = [network_input(*PREPARATIONS[preparation].prepare(*scene[:2])) for scene in scenes]
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0  # statistics are those of what it saw last
    with torch.no_grad():
        network.train()(torch.cat(inputs))
    network.eval().requires_grad_(False)
    truths = [PREPARATIONS[preparation].prepare(np.repeat(a[..., None], 3, 2), t)[0][..., 0] for _, t, a in scenes]
    fit_head(network, inputs, truths)
    return network, preparation


def fit_head(network: nn.Module, inputs: list[Tensor], truths: list[np.ndarray], samples: int = 3000) -> None:
    """Ridge regression of alpha on what the head's first convolution sees; what follows that passes it on."""
    conv = network.head if isinstance(network.head, nn.Conv2d) else network.head[0].conv
    seen, half, random = [], conv.kernel_size[0] // 2, np.random.default_rng(0)
    handle = conv.register_forward_pre_hook(lambda module, args: seen.append(F.pad(args[0][0], [half] * 4)))
    rows, wanted = [], []
    for x, truth in zip(inputs, truths, strict=True):
        network(x)
        for y, x_ in zip(*np.divmod(random.choice(truth.size, samples, replace=False), truth.shape[1]), strict=True):
            rows.append(seen[-1][:, y : y + 2 * half + 1, x_ : x_ + 2 * half + 1].flatten())
            wanted.append(float(truth[y, x_]))
    handle.remove()
    a = torch.cat([torch.stack(rows), torch.ones(len(rows), 1)], 1).double()
    spread = torch.cat([a[:, :-1].std(0) + 1e-6, torch.ones(1)])
    a /= spread
    penalty = 1e-2 * len(a) * torch.eye(a.shape[1], dtype=a.dtype)
    w = (torch.linalg.solve(a.T @ a + penalty, a.T @ torch.tensor(wanted).double()) / spread).float()
    conv.weight.copy_(w[:-1].view_as(conv.weight))
    if conv.bias is not None:
        conv.bias.copy_(w[-1:])
        return
    norm, last = network.head[0].norm, network.head[1]
    norm.running_mean.zero_(), norm.running_var.fill_(1 - norm.eps), norm.weight.fill_(1), norm.bias.copy_(w[-1:])
    last.weight.zero_()[0, 0, last.kernel_size[0] // 2, last.kernel_size[1] // 2] = 1


def follow(name: str, image: str, scale: float) -> None:
    network, preparation = fitted(name, image, scale)
    scene = example(image, scale)
    picture, trimap = PREPARATIONS[preparation].prepare(*scene[:2])
    x, window = network_input(picture, trimap), PREPARATIONS[preparation].window(scene[1].shape)
    costs = {}
    for optimiser in reversed(OPTIMISERS):  # the published one first
        steps = 100 if optimiser == "gradient-descent" else 60
        refined = refine_prepared(network, x, trimap, window, RefinementSettings(steps, optimiser, stop=False))
        costs[optimiser] = np.minimum.accumulate([terms.total for terms in refined.costs])
        costs[optimiser] = np.pad(costs[optimiser], (0, steps - len(costs[optimiser])), mode="edge")
    published = costs["gradient-descent"]
    print(f"{name} on {image}: cost {published[0]:.5f}; published after 25, 50, 100: {published[[24, 49, 99]]}")
    for optimiser, cost in costs.items():
        reached = [next((str(i + 1) for i, c in enumerate(cost) if c <= published[mark - 1]), "-") for mark in MARKS]
        print(f"  {optimiser:<18} there after {', '.join(f'{n:>3}' for n in reached)}; after 25: {cost[24]:.5f}")


def durations(name: str, scale: float, repeats: int) -> None:
    torch.manual_seed(0)
    network = build(name).eval()
    preparation = header_of(network).preparation
    scene = example("net", scale)
    picture, trimap = PREPARATIONS[preparation].prepare(*scene[:2])
    x = network_input(picture, trimap)
    weights, grids, rule = list(network.parameters()), AffineGrids(), RULES["released"]

    def forward() -> None:
        with torch.inference_mode():
            network(x)

    def training() -> None:
        for weight in weights:
            weight.requires_grad_(True).grad = None
        network(x).square().mean().backward()

    network.requires_grad_(False)
    with torch.no_grad():
        pyramid = network.encode(x)
        cost = Cost(regions(trimap, rule), network.decode(pyramid, grids)[0, 0], rule)

    def step() -> None:
        network.requires_grad_(False)
        torch.autograd.grad(cost(network.decode(pyramid, grids)[0, 0]).total, list(grids.pairs.values()))

    spent = {function: [] for function in (forward, step, training)}
    for function in [*spent] * (repeats + 1):
        start = time.perf_counter()
        function()
        spent[function].append(time.perf_counter() - start)
    once, one, full = (statistics.median(times[1:]) for times in spent.values())
    ratio = statistics.median(a / b for a, b in list(zip(spent[step], spent[training], strict=True))[1:])
    print(f"{name} at {x.shape[2]}x{x.shape[3]}: a step {one:.3f} s, forward {once:.3f} s, with backward {full:.3f} s")
    print(f"  a step is {one / once:.2f} of a forward, {ratio:.2f} of forward and backward (wanted 0.6 at most)")


if __name__ == "__main__":
    main()
