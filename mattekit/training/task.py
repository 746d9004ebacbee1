"""Training tasks, matting and image reconstruction: their samples, network inputs and validation."""

import hashlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from mattekit import __version__
from mattekit.errors import InputError
from mattekit.inference.network import UNKNOWN, Normalisation
from mattekit.networks import find
from mattekit.networks.header import Header
from mattekit.samples.dataset import Pool, Samples, split_steps
from mattekit.samples.sources import Sources, open_sources
from mattekit.training import reconstruction, validation
from mattekit.training.losses import Batch
from mattekit.training.recipe import Recipe
from mattekit.training.validation import Validation

Scores = dict[str, float | None]


class Task(Protocol):
    """The interface of a task."""

    header: Header
    validates: bool  # whether there is data to validate on

    def samples(self) -> tuple[Any, int]:
        """Return the data set, where `samples[(epoch, index)]` is a dictionary of tensors, and its number of items."""
        ...

    def input(self, batch: Batch) -> Tensor:
        """Make the input of the network from a batch."""
        ...

    def validate(self, network: nn.Module, fabric: Fabric) -> tuple[Scores, np.ndarray | None]:
        """Score a network; also return a picture (h, w, 3) of some samples in the first process."""
        ...

    def picture(self, batch: Batch, output: Tensor) -> np.ndarray:
        """Draw a picture (h, w, 3) of a batch and the network's output for it."""
        ...


class Matting:
    """Matting of images with trimaps.

    Parameters
    ----------
    recipe : Recipe
    header : Header
        Of the network.
    folder : Path, optional
        Folder for samples of a pool, unless the recipe names a cache; without either, each is made anew.
    """

    def __init__(self, recipe: Recipe, header: Header, folder: Path | None = None):
        self.recipe, self.header, self.folder = recipe, header, folder
        self.prior = find(header.network).takes_estimates
        folders = [Path(folder) for folder in recipe.data.validation]
        self.validation = Validation(folders, header) if folders else None
        self.validates = bool(folders)

    def samples(self) -> tuple[Any, int]:
        """See `Task`."""
        data = self.recipe.data
        sources = open_sources(
            data.sources,
            backgrounds=[Path(folder) for folder in data.backgrounds],
            foregrounds=Path(data.foregrounds) if data.foregrounds else None,
            cache=Path(data.cache) if data.cache else None,
        )
        options = {"seed": self.recipe.seed, "tries": data.tries}
        if data.pool:
            return Pool(sources, self.recipe.steps, count=data.pool, folder=self._pool_folder(sources), **options), len(
                sources
            )
        return Samples(sources, self.recipe.steps, **options), len(sources)

    def _pool_folder(self, sources: Sources) -> Path | None:
        """Return the folder of a pool, shared by all runs that would make the same samples from the same files."""
        data = self.recipe.data
        if not data.cache and self.folder is None:
            return None
        ingredients = (
            data.sources,
            sources.fingerprint(),
            data.tries,
            self.recipe.seed,
            split_steps(self.recipe.steps)[0],
        )
        name = hashlib.sha256(repr((__version__, ingredients)).encode()).hexdigest()[:16]
        return (Path(data.cache) if data.cache else self.folder) / f"pool-{name}"

    def input(self, batch: Batch) -> Tensor:
        """Return (N, 4, H, W) or, with E estimates, (N, 4 + E, H, W)."""
        if self.prior and "prior" not in batch:
            raise InputError(f"{self.header.network}: samples have no prior. Add the step prior behind compose.")
        return network_input(batch, self.header.normalisation, prior=self.prior)

    def validate(self, network: nn.Module, fabric: Fabric) -> tuple[Scores, np.ndarray | None]:
        """See `Task`."""
        return self.validation(network, fabric)

    def picture(self, batch: Batch, output: Tensor) -> np.ndarray:
        """See `Task`."""
        return validation.contact_sheet(validation.rows_of(batch, output))


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


class Reconstruction:
    """Reconstruction of small grey images (A2U section 5).

    Parameters
    ----------
    recipe : Recipe
    header : Header
        Of the network.
    folder : Path, optional
        Not used.

    Raises
    ------
    InputError
        If the recipe names folders for validation; it uses the test images of the sources.
    """

    validates = True

    def __init__(self, recipe: Recipe, header: Header, folder: Path | None = None):
        if recipe.data.validation:
            raise InputError(
                "data.validation: reconstruction is validated on the test images of its sources. Leave it."
            )
        self.recipe, self.header = recipe, header
        self.test = reconstruction.open_images(recipe.data.sources, "test", seed=recipe.seed)

    def samples(self) -> tuple[Any, int]:
        """See `Task`."""
        images = reconstruction.open_images(self.recipe.data.sources, "train", seed=self.recipe.seed)
        return reconstruction.SmallImages(images, seed=self.recipe.seed), len(images)

    def input(self, batch: Batch) -> Tensor:
        """Return the images, (N, 1, H, W) in 0..1."""
        return batch["image"]

    def validate(self, network: nn.Module, fabric: Fabric) -> tuple[Scores, np.ndarray | None]:
        """See `Task`; every process scores all images, which takes seconds."""
        modes = {module: module.training for module in network.modules()}  # frozen parts stay in eval mode
        scores = reconstruction.validate(network.eval(), self.test, device=fabric.device)
        images = torch.from_numpy(self.test[:8]).to(fabric.device)[:, None].float() / 255
        with torch.no_grad():
            output = network(images)
        for module, training in modes.items():
            module.training = training
        return {**scores, "loss": scores["mae"]}, self.picture({"image": images}, output)

    def picture(self, batch: Batch, output: Tensor) -> np.ndarray:
        """Draw images in the upper row, reconstructed ones in the lower."""
        rows = [torch.cat(list(x[:8, 0].detach().float().cpu()), 1) for x in (batch["image"], output)]
        grey = torch.cat(rows).clamp(0, 1).nan_to_num().numpy()
        return np.repeat(np.repeat(np.repeat(grey, 4, 0), 4, 1)[..., None], 3, 2)


TASKS = {"matting": Matting, "reconstruction": Reconstruction}
