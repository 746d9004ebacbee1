"""Training steps in bfloat16 against the plain float32 loop, and whether both learn the same.

    python tests/benchmarks/bench_training.py [--networks indexnet a2u] [--crops 256 320] [--threads 1] [--curve 60]

The plain loop is what one would write first: float32, PyTorch's memory layout, `Adam`, `backward`, `step`. Ours is
`training.learner.Learner` as `mattekit train --precision bf16` runs it. Both take the same batches, one after the other
in turns, and their times' medians are compared: seconds on the clock, and seconds that processors were busy, which
others' work disturbs less. Then both learn for some steps from the same weights; beside them the plain loop once more
with the samples within batches the other way round, which shows what rounding alone does to the loss.
"""

import argparse
import time
from pathlib import Path
from statistics import median

import torch

from mattekit.networks import build
from mattekit.networks.header import header_of
from mattekit.samples.loader import loader
from mattekit.training.initial_network import initial_network
from mattekit.training.job import TrainingJob
from mattekit.training.learner import Learner
from mattekit.training.losses import matting_loss
from mattekit.training.processes import make_fabric
from mattekit.training.recipe import Recipe
from mattekit.training.task import Matting, network_input

RATE = 1e-3
CLOCKS = {"clock": time.perf_counter, "processor": time.process_time}


class Plain:
    """The loop in float32."""

    def __init__(self, recipe, header):
        torch.manual_seed(recipe.seed)
        self.network = build(recipe.network.name).train()
        self.optimiser = torch.optim.Adam(self.network.parameters(), RATE)
        self.header = header

    def learn(self, batch):
        self.optimiser.zero_grad()
        pred = self.network(network_input(batch, self.header.normalisation))
        unknown = (batch["trimap"] == 0.5).float()
        loss = matting_loss(pred, *(batch[name] for name in ("alpha", "image", "fg", "bg")), unknown)
        loss.backward()
        self.optimiser.step()
        return loss.item()


class Ours:
    """The learner in bfloat16."""

    def __init__(self, recipe, header):
        job = TrainingJob(recipe, Path("unused"), device="cpu", precision="bf16")
        fabric = make_fabric(job)
        fabric.launch()
        self.learner = Learner(fabric, recipe, initial_network(recipe, "cpu"), Matting(recipe, header), 1000)

    def learn(self, batch):
        return self.learner.train_step(batch).loss


def settings(name, crop, batch):
    steps = [{"step": "background", "rule": "a2u"}, {"step": "crop", "rule": "a2u"}, {"step": "trimap", "rule": "a2u"}]
    return Recipe.model_validate(
        {
            "network": {"name": name},
            "data": {"crop": crop},
            "augment": [*steps, {"step": "compose"}],
            "optimiser": {"name": "adam", "lr": RATE},
            "run": {"batch": batch},
        }
    )


def batches(recipe, count):
    """Synthetic samples, made once."""
    header = header_of(build(recipe.network.name))
    samples, _ = Matting(recipe, header).samples()
    source = loader(samples, batch=recipe.run.batch, steps_per_epoch=count)
    return header, [next(source) for _ in range(count)]


def compare(name, crop, batch, repeats):
    recipe = settings(name, crop, batch)
    header, made = batches(recipe, 1)
    loops = {"plain float32": Plain(recipe, header), "ours bf16": Ours(recipe, header)}
    times = {(label, clock): [] for clock in CLOCKS for label in loops}
    for turn in range(repeats + 1):
        for label, loop in loops.items():
            start = {clock: now() for clock, now in CLOCKS.items()}
            loop.learn(made[0])
            for clock, now in CLOCKS.items() if turn else ():  # the first makes the optimiser's tensors
                times[label, clock].append(now() - start[clock])
    for clock in CLOCKS:
        pair = [times[label, clock] for label in loops]
        plain, ours = map(median, pair)
        ratios = sorted(a / b for a, b in zip(*pair, strict=True))
        print(
            f"{name:9} {crop} x {crop}, batch {batch}, {clock:9}: plain {plain:6.2f} s a step, ours {ours:6.2f} s; "
            f"{plain / ours:.2f} times as fast (single turns {ratios[0]:.2f} to {ratios[-1]:.2f})",
            flush=True,
        )


def curves(name, batch, steps, crop=96, kept=16):
    recipe = settings(name, crop, batch)
    header, made = batches(recipe, kept)
    turned = [{key: value.flip(0) for key, value in each.items()} for each in made]
    runs = {
        "plain float32": (Plain(recipe, header), made),
        "plain, samples turned round": (Plain(recipe, header), turned),
        "ours bf16": (Ours(recipe, header), made),
    }
    quarter = max(1, steps // 4)
    for label, (loop, own) in runs.items():
        losses = [loop.learn(own[step % kept]) for step in range(steps)]
        means = [sum(losses[i : i + quarter]) / quarter for i in range(0, quarter * 4, quarter)]
        print(f"{name:9} loss by quarters of {steps} steps: {' '.join(f'{m:.4f}' for m in means)}  {label}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", nargs="+", default=["indexnet", "a2u"])
    parser.add_argument("--crops", nargs="*", type=int, default=[256, 320])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--curve", type=int, default=60)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(f"{asked.threads} threads, PyTorch {torch.__version__}")
    for name in asked.networks:
        for crop in asked.crops:
            compare(name, crop, asked.batch, asked.repeats)
        if asked.curve:
            curves(name, asked.batch, asked.curve)
