"""Samples of `pack.py` on a device, and batches of a network's input, cut and coloured there."""

import json
import time
from pathlib import Path
from threading import Thread

import numpy as np
import torch
from torch import Tensor

from mattekit.networks.base import IMAGENET

PLACES = 256  # unknown pixels of each sample about which crops are cut
PERMUTED, BENT = 0.15, 0.5  # shares of samples whose channels are permuted, and whose tones are changed


class Pieces:
    """Samples of all pieces in a folder, on a device: (16, S, S) uint8, image, trimap, planes and alpha."""

    def __init__(self, folder: Path, device: str, only: list[str], limit: int, least: int = 1):
        self.folder, self.device, self.only, self.limit = folder, device, only, limit
        self.samples: list[Tensor] = []
        self.places: list[np.ndarray] = []
        self.read: set[str] = set()
        self.update()
        while len(self.places) < least:
            time.sleep(5)
            self.update()

    def follow(self) -> None:
        """Read new pieces in the background until the program ends."""

        def repeat() -> None:
            while True:
                self.update()
                time.sleep(5)

        Thread(target=repeat, daemon=True).start()

    def update(self) -> None:
        """Read the pieces that are new."""
        for path in sorted(self.folder.glob("*.npz")):
            if path.name in self.read or len(self.read) >= self.limit:
                continue
            self.read.add(path.name)
            with np.load(path) as piece:
                tags = json.loads(str(piece["tags"]))
                image, trimap, planes, alpha = (piece[name] for name in ("image", "trimap", "planes", "alpha"))
            packed = np.concatenate([image, trimap[..., None], planes, alpha[..., None]], 3).transpose(0, 3, 1, 2)
            for n, each in enumerate(tags):
                if all(_fits(each, rule) for rule in self.only):
                    rng = np.random.default_rng([int(path.stem), n])
                    candidates = rng.choice(np.flatnonzero(trimap[n] == 128), PLACES)
                    self.samples.append(torch.from_numpy(np.ascontiguousarray(packed[n])).to(self.device))
                    self.places.append(np.stack(np.unravel_index(candidates, trimap[n].shape), 1))

    def batch(self, rng: np.random.Generator, count: int, side: int) -> Tensor:
        """Cut a batch (N, 16, side, side) of bytes, turned at random."""
        return torch.stack([self._crop(rng, int(rng.integers(len(self.places))), side) for _ in range(count)])

    def _crop(self, rng: np.random.Generator, number: int, side: int) -> Tensor:
        sample, places = self.samples[number], self.places[number]
        most = sample.shape[-1] - side
        centre = places[rng.integers(len(places))] + rng.integers(-side // 2, side // 2, 2)
        top, left = (int(min(max(at - side // 2, 0), most)) for at in centre)
        crop = sample[:, top : top + side, left : left + side]
        crop = torch.rot90(crop, int(rng.integers(4)), (1, 2))
        return crop.flip(2) if rng.random() < 0.5 else crop


def _fits(tags: dict, rule: str) -> bool:
    key, _, values = rule.partition("=")
    if key.startswith("not-"):
        return not tags[key[4:]]
    return str(tags[key]) in values.split(",") if values else bool(tags[key])


def inputs(batch: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Return the network's input (N, 15, H, W), alpha and the mask of unknown pixels (N, 1, H, W) each."""
    values = batch.float() / 255
    image, count = values[:, :3], len(batch)
    bends = np.where(rng.random(count) < BENT, np.exp(rng.normal(0, 0.25, count)), 1)
    gains = np.where(rng.random((count, 1)) < BENT, np.exp(rng.normal(0, 0.08, (count, 3))), 1)
    orders = [rng.permutation(3) if rng.random() < PERMUTED else np.arange(3) for _ in range(count)]
    image = torch.stack([each[torch.as_tensor(order)] for each, order in zip(image, orders, strict=True)])
    bend, gain = (torch.as_tensor(a, dtype=torch.float32, device=batch.device) for a in (bends, gains))
    image = (image ** bend[:, None, None, None] * gain[..., None, None]).clip(0, 1)
    mean, std = (torch.tensor(IMAGENET[key], device=batch.device)[:, None, None] for key in ("mean", "std"))
    x = torch.cat([(image - mean) / std, values[:, 3:15]], 1)
    return x.contiguous(memory_format=torch.channels_last), values[:, 15:], (batch[:, 3:4] == 128).float()
