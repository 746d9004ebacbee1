"""Folders as Hugging Face's transformers lays them out, of ViTMatte: configuration, preparation of images, weights.

Only these files of a folder are read, and nothing is fetched from anywhere:

========================= ==================================================================
config.json               the network's sizes, "VitMatteForImageMatting"
preprocessor_config.json  how images are normalised, and the multiple that they are padded to
model.safetensors         the weights; or pytorch_model.bin, read without executing anything
========================= ==================================================================
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mattekit.errors import InputError, MissingFileError, WeightsError
from mattekit.files import read_text
from mattekit.networks import Network, build
from mattekit.networks.checkpoints import read_checkpoint
from mattekit.networks.header import Header, Normalisation
from mattekit.networks.released import vitmatte
from mattekit.networks.state import fill

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # in the order in which they are looked for
ARCHITECTURE = "VitMatteForImageMatting"
LARGEST = 1 << 20  # bytes of a JSON file
WIDEST, DEEPEST = 4096, 64

Number = Annotated[int, Field(ge=1, le=WIDEST)]
Blocks = Annotated[list[Annotated[int, Field(ge=0, lt=DEEPEST)]], Field(max_length=DEEPEST)]


class Backbone(BaseModel):
    """The part "backbone_config" of a configuration, with transformers' values for what it leaves out."""

    model_config = ConfigDict(extra="ignore")
    model_type: Literal["vitdet"] = "vitdet"
    hidden_size: Number = 768
    num_hidden_layers: Annotated[int, Field(ge=1, le=DEEPEST)] = 12
    num_attention_heads: Number = 12
    mlp_ratio: Annotated[int, Field(ge=1, le=16)] = 4
    hidden_act: Literal["gelu"] = "gelu"
    layer_norm_eps: Literal[1e-06] = 1e-06
    image_size: Number = 224
    pretrain_image_size: Number = 224
    patch_size: Literal[16] = 16
    num_channels: Literal[4]
    qkv_bias: Literal[True] = True
    window_size: Number
    window_block_indices: Blocks
    residual_block_indices: Blocks
    use_absolute_position_embeddings: Literal[True] = True
    use_relative_position_embeddings: Literal[True]


class Config(BaseModel):
    """The sizes of the network in a config.json."""

    model_config = ConfigDict(extra="ignore")
    backbone_config: Backbone
    hidden_size: Number = 384
    batch_norm_eps: Literal[1e-05] = 1e-05
    convstream_hidden_sizes: Annotated[list[Number], Field(min_length=3, max_length=3)] = [48, 96, 192]
    fusion_hidden_sizes: Annotated[list[Number], Field(min_length=4, max_length=4)] = [256, 128, 64, 32]

    def values(self) -> dict[str, Any]:
        """Return arguments of `networks.vitmatte.vitmatte`."""
        backbone, patch = self.backbone_config, self.backbone_config.patch_size
        return dict(
            width=backbone.hidden_size,
            heads=backbone.num_attention_heads,
            depth=backbone.num_hidden_layers,
            ratio=backbone.mlp_ratio,
            window=backbone.window_size,
            windowed=backbone.window_block_indices,
            residual=backbone.residual_block_indices,
            side=backbone.pretrain_image_size // patch,
            whole=backbone.image_size // patch,
            stream=self.convstream_hidden_sizes,
            fused=self.fusion_hidden_sizes,
        )


class Preprocessor(BaseModel):
    """The preparation of images in a preprocessor_config.json; values are 0 to 255 before `rescale_factor`."""

    model_config = ConfigDict(extra="ignore")
    do_rescale: Literal[True] = True
    rescale_factor: Annotated[float, Field(ge=0.00392, le=0.00393)] = 1 / 255
    do_normalize: bool = True
    image_mean: list[float] = [0.5, 0.5, 0.5]
    image_std: list[float] = [0.5, 0.5, 0.5]
    size_divisor: Literal[16, 32, 64] = 32

    @field_validator("image_std")
    @classmethod
    def _usable(cls, value: list[float], info: Any) -> list[float]:
        Normalisation(mean=info.data.get("image_mean", []), std=value)
        return value

    @property
    def normalisation(self) -> dict[str, list[float]]:
        """Mean and deviation of RGB in 0..1."""
        if not self.do_normalize:
            return {"mean": [0.0] * 3, "std": [1.0] * 3}
        return {"mean": self.image_mean, "std": self.image_std}


def read_header(folder: str | Path) -> Header:
    """Return what a folder says of its network, without reading weights.

    Raises
    ------
    MissingFileError
        If one of the files is missing.
    WeightsError
        If it is another network's folder, or a file is damaged or says what this network does not do.
    """
    folder = Path(folder)
    said = _object(folder / CONFIG)
    named = said.get("architectures") or [said.get("model_type", "no architecture")]
    if named not in ([ARCHITECTURE], ["vitmatte"]):
        found = str(named[0] if isinstance(named, list) and named else named)[:80]
        raise WeightsError(f"{folder / CONFIG}: a {found}, wanted a {ARCHITECTURE}. Name a folder of ViTMatte.")
    config = _checked(folder / CONFIG, Config, said)
    images = _object(folder / PREPROCESSOR)
    if "size_divisor" not in images and "size_divisibility" in images:  # the name before version 4.57
        images["size_divisor"] = images["size_divisibility"]
    images = _checked(folder / PREPROCESSOR, Preprocessor, images)
    weights_file(folder)
    network, arguments = vitmatte.named(config.values())
    origin = f"transformers, {ARCHITECTURE}: {folder.name or folder}"
    return Header(network, arguments, f"zeros-{images.size_divisor}", images.normalisation, origin=origin)


def load_network(folder: str | Path) -> Network:
    """Build the network of a folder, with its weights.

    Raises
    ------
    MissingFileError, WeightsError
        As `read_header`; or if the weights are damaged, or not those of the configuration.
    """
    header, file = read_header(folder), weights_file(Path(folder))
    try:
        with torch.device("meta"):
            network = build(header.network, **header.arguments)
    except (InputError, RuntimeError, ValueError) as error:
        raise WeightsError(f"{Path(folder) / CONFIG}: sizes of no possible network ({error}).") from error
    state = read_checkpoint(file)
    try:
        state = vitmatte.rename(state)
    except WeightsError as error:
        raise WeightsError(f"{file}: {error}") from error
    network = fill(network, state, str(file)).eval()
    network.header = header
    return network


def describe(folder: str | Path) -> dict:
    """Return the Header's fields, and "bytes" of the weights; errors as for `read_header`."""
    return {**asdict(read_header(folder)), "bytes": weights_file(Path(folder)).stat().st_size}


def weights_file(folder: Path) -> Path:
    """Return the file of weights; MissingFileError if there is none."""
    for name in WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    if any(folder.glob("*.index.json")):
        raise WeightsError(f"{folder}: weights in several files, wanted {WEIGHTS[0]}. Save the model in one piece.")
    raise MissingFileError(f"{folder}: no {' and no '.join(WEIGHTS)}. Copy the weights beside {CONFIG}.")


def files(folder: Path) -> list[Path]:
    """Return the files of a folder that are read, as far as they are there."""
    return [path for name in (CONFIG, PREPROCESSOR, *WEIGHTS) if (path := folder / name).is_file()]


def _object(path: Path) -> dict[str, Any]:
    if not path.is_file():
        wanted = f"a model's file, or a folder with {CONFIG}, {PREPROCESSOR} and {WEIGHTS[0]}"
        raise MissingFileError(f"{path.parent}: a folder without {path.name}, wanted {wanted}.")
    try:
        value = json.loads(read_text(path, LARGEST))
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: no JSON ({str(error)[:100]}). Fetch it again.") from None
    if not isinstance(value, dict):
        raise WeightsError(f"{path}: a {type(value).__name__}, wanted a JSON object. Fetch it again.")
    return value


def _checked(path: Path, model: type[BaseModel], values: dict[str, Any]) -> Any:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where, found = ".".join(map(str, first["loc"]))[:80], str(first["input"])[:40]
        found = "missing" if first["type"] == "missing" else f"{found}: {first['msg'][:100]}"
        raise WeightsError(f"{path}: {where}: {found}. Only ViTMatte as its authors publish it is run.") from None
