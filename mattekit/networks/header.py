"""What a network's file says beside the weights, so that nothing else is needed to use it.

The file's metadata, all text:

=============== ====================================================================================
mattekit.format "1"; files of a newer format are refused
network         a name in `mattekit.networks.NETWORKS`
arguments       JSON object, the arguments changed from the row's
preparation     how a whole image becomes the network's input: resized, padded ("resize-32", ...)
normalisation   JSON object {"mean": [R, G, B], "std": [R, G, B]} for colours of 0..1; the trimap stays 0..1
licence         of the weights, as told when they were converted or trained
origin          where they come from, such as the file that was converted
mattekit        the version that wrote the file
=============== ====================================================================================
"""

import json
from dataclasses import asdict, dataclass, fields

from mattekit import __version__
from mattekit.errors import WeightsError
from mattekit.networks import Network, find

FORMAT = 1
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}  # what all three papers normalise with


@dataclass(frozen=True)
class Header:
    """What a file says of its network beside the weights; the module's text explains each."""

    network: str
    arguments: dict
    preparation: str
    normalisation: dict[str, list[float]]
    licence: str = "unknown"
    origin: str = "unknown"
    mattekit: str = __version__


def header_of(network: Network, *, licence: str = "unknown", origin: str = "unknown") -> Header:
    """Header of a network that `build` made, with the preparation of its authors."""
    preparation = find(network.name).preparation.format(stride=network.stride)
    return Header(network.name, network.arguments, preparation, IMAGENET, licence, origin)


def to_metadata(header: Header) -> dict[str, str]:
    """The header as a file keeps it."""
    facts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in asdict(header).items()}
    return {"mattekit.format": str(FORMAT), **facts}


def from_metadata(path: object, metadata: dict[str, str] | None) -> Header:
    """The header that a file has, its path being for errors.

    Raises
    ------
    WeightsError
        If the metadata is missing, damaged, or of a newer format.
    """
    facts = metadata or {}
    version = facts.get("mattekit.format", "")
    if not version.isdigit():
        raise WeightsError(f"{path}: a safetensors file that names no network.", remedy="convert")
    if int(version) > FORMAT:
        raise WeightsError(f"{path}: weights of format {version}; this version of mattekit reads {FORMAT}. Update it.")
    try:
        facts = {field.name: facts[field.name] for field in fields(Header)}
        arguments, normalisation = dict(json.loads(facts["arguments"])), dict(json.loads(facts["normalisation"]))
        mean, std = ([float(x) for x in normalisation[key]] for key in ("mean", "std"))
        if not len(mean) == len(std) == 3:
            raise ValueError(f"normalisation of {len(mean)} and {len(std)} colours")
        return Header(**{**facts, "arguments": arguments, "normalisation": {"mean": mean, "std": std}})
    except (KeyError, ValueError, TypeError) as error:
        raise WeightsError(f"{path}: damaged metadata ({type(error).__name__}: {error}).") from error
