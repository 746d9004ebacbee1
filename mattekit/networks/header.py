"""Description of a network in its file, beside the weights, so that nothing else is needed to use it.

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
import re
from dataclasses import asdict, dataclass

from mattekit import __version__
from mattekit.errors import WeightsError
from mattekit.networks import Network, find

FORMAT = 1
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}  # what all three papers normalise with


@dataclass(frozen=True)
class Header:
    """Description of a network in its file; the module's text explains each field."""

    network: str
    arguments: dict
    preparation: str
    normalisation: dict[str, list[float]]
    licence: str = "unknown"
    origin: str = "unknown"
    mattekit: str = __version__


def header_of(network: Network, *, licence: str = "unknown", origin: str = "unknown") -> Header:
    """Return the header of a network that `build` made, with the preparation of its authors."""
    preparation = find(network.name).preparation.format(stride=network.stride)
    return Header(network.name, network.arguments, preparation, IMAGENET, licence, origin)


def to_metadata(header: Header) -> dict[str, str]:
    """Return the header as a file keeps it."""
    facts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in asdict(header).items()}
    return {"mattekit.format": str(FORMAT), **facts}


def from_metadata(path: object, metadata: dict[str, str] | None) -> Header:
    """Read the header of a file, whose path is for errors.

    Raises
    ------
    WeightsError
        If the metadata is missing, damaged, or of a newer format.
    """
    texts = metadata or {}
    version = texts.get("mattekit.format", "")
    if not re.fullmatch("[0-9]{1,9}", version):
        raise WeightsError(f"{path}: a safetensors file that names no network.", remedy="convert")
    if int(version) > FORMAT:
        raise WeightsError(f"{path}: weights of format {version}; this version of mattekit reads {FORMAT}. Update it.")
    from mattekit.networks.metadata import read_metadata  # loads pydantic

    return Header(**read_metadata(path, texts))
