"""Inputs and outputs of a matting graph that others exported: the schema of a TOML file beside it, or of its metadata.

inputs = ["image", "trimap"]     # one for each input; parts of one input are joined: "image+trimap"
order = "rgb"                    # of the image's planes, and of the foreground's
range = "0..1"                   # of the image before mean and std, and of a trimap of one plane
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
pad = 32                         # sides become multiples of this
output = "alpha"

Parts are "image", "plain" (the image without mean and std), "trimap" and "distances". A trimap has as many planes as
its input leaves: one of levels; two, background and foreground; or three, with unknown between them.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mattekit import toml
from mattekit.errors import InputError, WeightsError

KEY = "mattekit.graph"  # of an ONNX file's metadata
PARTS = ("image", "plain", "trimap", "distances")
Level = Annotated[float, Field(gt=-1e6, lt=1e6)]
Spread = Annotated[float, Field(gt=1e-6, lt=1e6)]
Name = Annotated[str, Field(max_length=1000)]


class GraphRule(BaseModel):
    """A matting graph's use.

    Attributes
    ----------
    inputs : tuple of str
        For each input of the graph, in its order, names of `PARTS` joined by "+".
    order : "rgb" or "bgr"
    range : "0..1" or "0..255"
    mean, std : three numbers
        In the range and order of the planes.
    pad : int
        Sides are padded to multiples of this.
    fill : "reflect" or "zeros"
        What is padded with; zeros after mean and std, in all planes.
    output, foreground : str, optional
        Names of the outputs; without, as far as they can be told.
    activation : "none" or "sigmoid"
        What makes alphas of the output.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    inputs: Annotated[tuple[Name, ...], Field(min_length=1, max_length=8)]
    order: Literal["rgb", "bgr"] = "rgb"
    range: Literal["0..1", "0..255"] = "0..1"
    mean: tuple[Level, Level, Level] = (0.485, 0.456, 0.406)
    std: tuple[Spread, Spread, Spread] = (0.229, 0.224, 0.225)
    pad: Annotated[int, Field(ge=1, le=1024)] = 32
    fill: Literal["reflect", "zeros"] = "reflect"
    output: Name | None = None
    foreground: Name | None = None
    activation: Literal["none", "sigmoid"] = "none"

    @field_validator("inputs")
    @classmethod
    def _known(cls, inputs: tuple[str, ...]) -> tuple[str, ...]:
        parts = [part for joined in inputs for part in joined.split("+")]
        if unknown := [part for part in parts if part not in PARTS]:
            raise ValueError(f"{unknown[0]!r}, wanted {', '.join(PARTS)}")
        if not {"image", "plain"} & set(parts) or "trimap" not in parts:
            raise ValueError(f"{', '.join(inputs)}, wanted an image and a trimap")
        return inputs

    @property
    def scale(self) -> float:
        """Largest level of the image."""
        return 255.0 if self.range == "0..255" else 1.0


def rule_file(path: Path) -> Path:
    """Return the TOML file that may lie beside a graph's."""
    return path.with_suffix(".toml")


def stated(path: Path, metadata: dict[str, str]) -> GraphRule | None:
    """Return the rule that lies beside a graph, or else in its metadata; None if neither is there.

    Raises
    ------
    InputError
        If the TOML file is damaged, or lacks or misspells a key, or a value is out of bounds.
    WeightsError
        The same of metadata.
    """
    if rule_file(path).is_file():
        return checked(rule_file(path), toml.read(rule_file(path)))
    if KEY not in metadata:
        return None
    try:
        return checked(path, json.loads(metadata[KEY][:100_000]))
    except (ValueError, RecursionError, InputError) as error:
        raise WeightsError(f"{path}: damaged metadata ({' '.join(str(error).split())[:200]}).") from None


def checked(path: object, values: Any) -> GraphRule:
    """Make a rule of a TOML file's or command line's values; InputError, beginning with `path`, for a bad one."""
    try:
        return GraphRule.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))[:64] or "the file"
        if first["type"] == "extra_forbidden":
            raise InputError(
                f"{path}: {key}: unknown, wanted {', '.join(GraphRule.model_fields)}. Correct it."
            ) from None
        reason = first["msg"].removeprefix("Value error, ")[:200]
        raise InputError(f"{path}: {key}: {str(first['input'])[:64]}: {reason}. Correct it.") from None


def written(rule: GraphRule) -> dict[str, Any]:
    """Return a rule as a TOML file or metadata keep it."""
    values = rule.model_dump(exclude_none=True)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
