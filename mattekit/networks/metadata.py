"""The schema by which a file's metadata are read: strict types, bounded lengths and depths."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Json, StringConstraints, ValidationError

from mattekit.errors import WeightsError

SHORT, LONG = 200, 20_000  # characters
COLOUR = Annotated[float, Field(gt=-1e6, lt=1e6, allow_inf_nan=False)]
SPREAD = Annotated[float, Field(gt=1e-6, lt=1e6, allow_inf_nan=False)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=SHORT)]
Text = Annotated[str, StringConstraints(max_length=LONG)]
Plain = Annotated[int, Field(ge=-(2**31), lt=2**31)] | bool | COLOUR | Name | None
Sequence = Annotated[list[Plain], Field(max_length=32)]


class Normalisation(BaseModel):
    """Means and deviations of RGB in 0..1."""

    model_config = ConfigDict(strict=True, extra="forbid")
    mean: Annotated[list[COLOUR], Field(min_length=3, max_length=3)]
    std: Annotated[list[SPREAD], Field(min_length=3, max_length=3)]


class Metadata(BaseModel):
    """The texts that `header.to_metadata` writes; others beside them are ignored."""

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
        If a text is missing, too long, or is not what it should be.
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
