"""Train a network of the default weights on pieces of `pack.py`, on a GPU or a CPU, in bfloat16.

    python learn.py PIECES RUN --init default --minutes 20 --every 2          # everything on the device
    python learn.py PIECES RUN --network mixing-mobilenet --backbone mobilenet_v2-b0353104.pth --init default ...

The same command goes on where it stopped, with --follow not to the same bits. Samples stay on the device as bytes;
crops, turns and colours are drawn there by the seed and the step. Pieces that appear later are read at the next
checkpoint, or at once with --follow. RUN gets a checkpoint of the averaged weights every so many minutes, for
`score.py`, log.jsonl, and state.pt. Samples count by their loss relative to that of the estimates' blend; "loss" in the
log is in per cent of that. `--only camera`, `--only kind=renders,synthetic` and so on keep the samples with these tags.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import network as networks
import numpy as np
import torch
from pieces import Pieces, inputs
from torch import Tensor
from torch.nn import functional as F

from mattekit.networks import build
from mattekit.networks.backbones import load_backbone
from mattekit.networks.header import header_of
from mattekit.networks.packaged import file_of
from mattekit.networks.safetensors_file import load_network, save_network
from mattekit.training.learner import Average
from mattekit.training.losses import LSA_SCALES

EPSILON = 0.05  # as in the recipe
WARMUP = 100  # steps


def errors(pred: Tensor, alpha: Tensor, unknown: Tensor) -> Tensor:
    """Return LSA's loss over five scales (`training.losses.multiscale_loss`) of each sample alone: (N,)."""
    error, total = pred - alpha, torch.zeros(len(pred), device=pred.device)
    for scale in range(LSA_SCALES):
        if scale:
            error, unknown = F.avg_pool2d(error, 2), F.avg_pool2d(unknown, 2)
        rooted = torch.sqrt(error**2 + EPSILON**2) - EPSILON
        total = total + (rooted * unknown).sum((1, 2, 3)) / (unknown.sum((1, 2, 3)) + 1) / 2**scale
    return total


def made(given: argparse.Namespace) -> torch.nn.Module:
    """Build the network with its first weights."""
    network = build(given.network)
    if given.init:
        networks.begin_as(network, load_network(file_of(given.init)).state_dict())
    if given.backbone:
        holder = torch.nn.Module()
        holder.encoder = network.encoder.pretrained
        load_backbone(holder, given.backbone)
    return network.to(given.device, memory_format=torch.channels_last)


class Run:
    """A network in training, with its optimiser and its average."""

    def __init__(self, given: argparse.Namespace):
        self.given, self.network = given, made(given)
        slow = [p for name, p in self.network.named_parameters() if ".pretrained." in name]
        fast = [p for name, p in self.network.named_parameters() if ".pretrained." not in name]
        groups = [{"params": fast, "rate": given.lr}, {"params": slow, "rate": 0.2 * given.lr}]
        self.optimiser = torch.optim.AdamW([g for g in groups if g["params"]], lr=given.lr, weight_decay=1e-4)
        self.average, self.steps, self.minutes = Average(self.network, given.ema), 0, 0.0
        if (given.run / "state.pt").exists():
            self.load(torch.load(given.run / "state.pt", map_location=given.device, weights_only=False))

    def load(self, state: dict) -> None:
        """Go on from a state."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        rates = [group["rate"] for group in self.optimiser.param_groups]  # as given now
        self.optimiser.load_state_dict(state["optimiser"])
        for group, rate in zip(self.optimiser.param_groups, rates, strict=True):
            group["rate"] = rate
        self.steps, self.minutes = state["steps"], state["minutes"]

    def save(self) -> None:
        """Write the state, and the average as weights."""
        names = ("network", "average", "optimiser")
        state = {name: getattr(self, name).state_dict() for name in names}
        torch.save({**state, "steps": self.steps, "minutes": self.minutes}, self.given.run / "state.part")
        (self.given.run / "state.part").replace(self.given.run / "state.pt")
        averaged = self.average.network
        averaged.name, averaged.arguments = self.given.network, {}
        header = header_of(averaged, licence="MIT", origin=f"learn.py, {self.steps} steps")
        for name in (f"{self.steps:06d}", "last"):
            save_network(self.given.run / f"{name}.safetensors", averaged, header)

    def step(self, pieces: Pieces) -> tuple[float, float]:
        """Take a step; return its loss and that of the estimates' blend."""
        rng = np.random.default_rng([self.given.seed, self.steps])
        x, alpha, unknown = inputs(pieces.batch(rng, self.given.batch, self.given.crop), rng)
        self.network.train()
        if hasattr(self.network.encoder, "pretrained"):  # the statistics of ImageNet
            self.network.encoder.pretrained.eval()
        with torch.autocast(x.device.type, torch.bfloat16):
            output = self.network(x)
        ours, blend = (errors(each.float(), alpha, unknown) for each in (output, x[:, 4:5]))
        loss = (ours / (blend + self.given.floor)).mean()  # else the hopeless samples would be all that is learnt from
        for group in self.optimiser.param_groups:
            group["lr"] = group["rate"] * self.rate()
        self.optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimiser.step()
            self.average.update()
        self.steps += 1
        return float(loss.detach()), float((blend / (blend + self.given.floor)).mean())

    def rate(self) -> float:
        """Return the share of the learning rate: warm-up, and a cosine over the last part of the time if wanted."""
        left = (self.given.minutes - self.minutes) / max(self.given.anneal, 1e-9)
        return min(1, (self.steps + 1) / WARMUP) * (0.5 - 0.5 * np.cos(np.pi * min(max(left, 0.02), 1)))


def learn(run: Run, pieces: Pieces) -> Iterator[dict]:
    """Train until the time is over; yield a line of the log at each checkpoint."""
    given, losses, began = run.given, [], time.monotonic()
    due = run.minutes + given.every
    while run.minutes < given.minutes:
        losses.append(run.step(pieces))
        now = time.monotonic()
        run.minutes, began = run.minutes + (now - began) / 60, now
        if run.minutes >= due or run.minutes >= given.minutes:
            run.save()
            if not given.follow:
                pieces.update()
            ours, blend = np.sum(losses, 0)
            yield {
                "steps": run.steps,
                "minutes": run.minutes,
                "loss": 100 * ours / blend,
                "samples": len(pieces.places),
            }
            losses, began, due = [], time.monotonic(), run.minutes + given.every


def settings(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pieces", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--network", default="mixing", choices=["mixing", networks.NAME])
    parser.add_argument("--init", help="mixing weights to begin with, such as default")
    parser.add_argument("--backbone", type=Path, help="torchvision's MobileNetV2")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--every", type=float, default=2, help="minutes between checkpoints")
    parser.add_argument("--anneal", type=float, default=0, help="minutes at the end in which the rate falls")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--ema", type=float, default=0.998)
    parser.add_argument("--floor", type=float, default=0.04, help="loss of the blend below which a sample counts less")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="tags of the samples to take")
    parser.add_argument("--follow", action="store_true", help="read new pieces at once, while training")
    parser.add_argument("--least", type=int, default=1, help="samples to wait for before the first step")
    parser.add_argument("--limit", type=int, default=10**6, help="read so many pieces at most")
    return parser.parse_args(arguments)


def main() -> None:
    """Train for the time that is given."""
    given = settings()
    torch.set_num_threads(given.threads)
    given.run.mkdir(parents=True, exist_ok=True)
    run, pieces = Run(given), Pieces(given.pieces, given.device, given.only, given.limit, given.least)
    if given.follow:
        pieces.follow()
    with (given.run / "log.jsonl").open("a") as log:
        for line in learn(run, pieces):
            print(json.dumps(line), flush=True)
            log.write(json.dumps(line) + "\n")
            log.flush()


if __name__ == "__main__":
    main()
