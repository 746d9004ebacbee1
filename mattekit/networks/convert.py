"""Conversion of other projects' checkpoints to a network and the header of its file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from mattekit.errors import InputError, WeightsError
from mattekit.networks import build, folder, parse_arguments
from mattekit.networks.backbones import load_backbone
from mattekit.networks.checkpoints import read_checkpoint
from mattekit.networks.header import Header, header_of
from mattekit.networks.released import FAMILIES
from mattekit.networks.state import fill


def convert(
    path: str | Path, *, network: str | None = None, settings: Sequence[str] = (), licence: str = "unknown"
) -> tuple[nn.Module, Header]:
    """Make the network of a checkpoint.

    Parameters
    ----------
    path : str or Path
        A checkpoint of the authors of a family in `networks.released`, of mmagic's IndexNet or Deep Image Matting, or
        with our own names; of torch.save or safetensors. Or a folder of ViTMatte, see `networks.folder`.
    network : str, optional
        A name in `NETWORKS`. If not given, the network and its arguments are inferred from names and shapes of
        the tensors, as far as possible.
    settings : sequence of str
        Arguments of the network, such as "k_en=5"; they override those inferred. A2U's `k_en` and the output
        stride of max-pooling networks cannot be inferred.
    licence : str

    Returns
    -------
    nn.Module
        In eval mode, float32.
    Header
        For `save_network`.

    Raises
    ------
    MissingFileError, WeightsError
        If the file cannot be read, is of no known layout, or does not fit the network.
    InputError
        If the network or an argument is unknown.
    """
    if Path(path).is_dir():
        made = folder.load_network(path)
        return made, replace(made.header, licence=licence)
    state = read_checkpoint(path)
    family = next((family for family in FAMILIES if family.recognises(state)), None)
    if family is None and network is None:
        raise WeightsError(
            f"{path}: tensors named {', '.join(list(state)[:2])}, ... are of no known layout, wanted those of: "
            f"{'; '.join(family.name for family in FAMILIES)}.",
            remedy="network",
        )
    arguments: dict = {}
    if network is None:
        network, arguments = family.configuration(state)
    chosen = parse_arguments(network, settings, arguments.get("resampler"))
    try:
        with torch.device("meta"):
            made = build(network, **{**arguments, **chosen})
    except (InputError, RuntimeError, ValueError) as error:
        if chosen or not arguments:
            raise
        raise WeightsError(f"{path}: tensors of no possible network ({error}).") from error
    fill(made, family.rename(state) if family else state, str(path)).eval()
    origin = f"{family.name}: {Path(path).name}" if family else Path(path).name
    return made, header_of(made, licence=licence, origin=origin)


def start_from_imagenet(
    path: str | Path, network: str, *, settings: Sequence[str] = (), licence: str = "unknown", seed: int = 0
) -> tuple[nn.Module, Header]:
    """Make a network whose encoder has the ImageNet weights of a file, to train it.

    Parameters
    ----------
    path : str or Path
        See `load_backbone`.
    network : str
        A name in `NETWORKS`.
    settings : sequence of str
        Arguments of the network, such as "k_up=5".
    licence : str
    seed : int
        Of all other weights, which are random.

    Returns
    -------
    nn.Module, Header

    Raises
    ------
    MissingFileError, WeightsError, InputError
        As `load_backbone` and `build`.
    """
    arguments = parse_arguments(network, settings)
    with torch.random.fork_rng(devices=[]):  # layers of torch know no generator but the global one
        torch.manual_seed(seed)
        made = build(network, **arguments).eval()
    layout = load_backbone(made, path)
    origin = f"encoder alone from ImageNet ({layout}: {Path(path).name}), the rest random with seed {seed}"
    return made, header_of(made, licence=licence, origin=origin)
