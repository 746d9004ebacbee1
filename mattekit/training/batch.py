"""Batches of samples as input of a network."""

from collections.abc import Iterator

import torch
from torch import Tensor

from mattekit.inference.network import UNKNOWN, Normalisation

Batch = dict[str, Tensor]


def network_input(batch: Batch, normalisation: Normalisation, *, prior: bool = False) -> Tensor:
    """Make the input of a network from a batch, as `inference.network.network_input` does from one image.

    Parameters
    ----------
    batch : dict
        "image" (N, 3, H, W) in 0..1, "trimap" (N, 1, H, W) of 0, 0.5, 1 and, if asked for, "prior" (N, E, H, W).
    normalisation : mapping
        "mean" and "std" of RGB.
    prior : bool
        Append estimates of alpha behind the trimap.

    Returns
    -------
    (N, 4, H, W) or, with prior, (N, 4 + E, H, W)
    """
    image, trimap = batch["image"], batch["trimap"]
    mean, std = (image.new_tensor(normalisation[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    channels = [(image - mean) / std, torch.where(trimap == 0.5, trimap.new_tensor(UNKNOWN), trimap)]
    return torch.cat([*channels, batch["prior"]] if prior else channels, 1)


def portions(batch: Batch, count: int) -> Iterator[Batch]:
    """Split a batch into up to `count` portions; the first ones are larger if it does not divide."""
    size = len(next(iter(batch.values())))
    parts = {key: value.tensor_split(min(count, size)) for key, value in batch.items()}
    return (dict(zip(parts, values, strict=True)) for values in zip(*parts.values(), strict=True))
