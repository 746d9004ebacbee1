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
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Json, StringConstraints, ValidationError

from mattekit import __version__
from mattekit.errors import WeightsError
from mattekit.networks import Network, find
from mattekit.networks.base import IMAGENET

SHORT, LONG = 200, 20_000  # characters
COLOUR = Annotated[float, Field(gt=-1e6, lt=1e6, allow_inf_nan=False)]
SPREAD = Annotated[float, Field(gt=1e-6, lt=1e6, allow_inf_nan=False)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=SHORT)]
Text = Annotated[str, StringConstraints(max_length=LONG)]
Plain = Annotated[int, Field(ge=-(2**31), lt=2**31)] | bool | COLOUR | Name | None
Sequence = Annotated[list[Plain], Field(max_length=32)]
FORMAT = 1


class Normalisation(BaseModel):
    """Means and deviations of RGB in 0..1."""

    model_config = ConfigDict(strict=True, extra="forbid")
    mean: Annotated[list[COLOUR], Field(min_length=3, max_length=3)]
    std: Annotated[list[SPREAD], Field(min_length=3, max_length=3)]


class Metadata(BaseModel):
    """The texts that `to_metadata` writes; other texts are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")
    network: Name
    arguments: Json[Annotated[dict[Name, Plain | Sequence], Field(max_length=64)]]
    preparation: Name
    normalisation: Json[Normalisation]
    licence: Text
    origin: Text
    mattekit: Name


def read_metadata(path: object, texts: dict[str, str]) -> dict[str, Any]:
    """Read and check all texts of a file; the path is for the error.

    Raises
    ------
    WeightsError
        If a text is missing, too long, or invalid.
    """
    for key, text in texts.items():
        if key in Metadata.model_fields and len(text) > LONG:
            raise WeightsError(f"{path}: damaged metadata ({key}: {len(text)} characters, wanted at most {LONG}).")
    try:
        return Metadata.model_validate(texts).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))[:SHORT]
        raise WeightsError(f"{path}: damaged metadata ({where}: {first['msg'][:SHORT]}).") from error


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
    return Header(**read_metadata(path, texts))
