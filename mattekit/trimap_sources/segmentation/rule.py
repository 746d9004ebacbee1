"""A network's inputs and outputs: the schema of a TOML file beside it, and of the table of families.

family = "u2net"          # begin with the rule of a known family; or give mean and std
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
size = [320, 320]         # height and width, or one number; where the network leaves them open
classes = [15]            # of the classes it tells apart, those that are the foreground
names = ["background", "person"]  # of its classes in order, so that they can be chosen by name
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mattekit import toml
from mattekit.errors import InputError

LARGEST = 4096  # pixels of a side
Side = Annotated[int, Field(ge=1, le=LARGEST)]
Level = Annotated[float, Field(gt=-1e6, lt=1e6)]
Spread = Annotated[float, Field(gt=1e-6, lt=1e6)]


class Rule(BaseModel):
    """Preparation of a picture for a network, and reading of its output.

    Attributes
    ----------
    family : str, optional
        Whose rule this is, or begins with.
    mean, std : three numbers
        Subtracted from and divided into RGB in 0..1.
    size : height and width in pixels, optional
        Of the picture that the network sees; what the network itself fixes goes before.
    short_side : int, optional
        Without `size`, pictures keep their proportions and this is their shorter side.
    multiple : int
        With `short_side`, sides are rounded down to multiples of this.
    channels : "rgb" or "bgr"
    brightest : bool
        Divide the picture by its brightest value first.
    activation : "auto", "none", "sigmoid" or "softmax"
        That makes probabilities of the answer. "auto": none if it lies within 0..1, else a softmax over several
        classes or a sigmoid of one.
    output : int or str, optional
        The answer by its place, from the end if negative, or by its name; the first that is a map of the picture's
        proportions and the largest of these, unless given.
    stretch : bool
        Stretch the answer linearly to 0..1.
    classes : tuple of int
        Whose probabilities are added up to the foreground's.
    names : tuple of str
        Of all classes, in order; what the network's file itself says, unless given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    family: str | None = None
    mean: tuple[Level, Level, Level]
    std: tuple[Spread, Spread, Spread]
    size: tuple[Side, Side] | None = None
    short_side: Side | None = None
    multiple: Annotated[int, Field(ge=1, le=256)] = 1
    channels: Literal["rgb", "bgr"] = "rgb"
    brightest: bool = False
    activation: Literal["auto", "none", "sigmoid", "softmax"] = "auto"
    output: int | Annotated[str, Field(max_length=1000)] | None = None
    stretch: bool = False
    classes: Annotated[tuple[Annotated[int, Field(ge=0, lt=1 << 31)], ...], Field(max_length=1000)] = ()
    names: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(max_length=10_000)] = ()


def read_rule(path: Path, families: dict[str, Rule]) -> Rule:
    """Read a rule from a TOML file, completed from the family that it names.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it is no TOML, too large, lacks or misspells a key, or a value is out of bounds.
    """
    values = toml.read(path)
    family = values.get("family")
    if family is not None and (not isinstance(family, str) or family not in families):
        raise InputError(f"{path}: family: {family!r}, wanted one of {', '.join(families)}. Correct it.")
    absent = [] if family else [key for key in ("mean", "std") if key not in values]
    if absent:
        wanted = f"them, or family: one of {', '.join(families)}"
        raise InputError(f"{path}: no {' and no '.join(absent)}, wanted {wanted}. Add it.")
    if isinstance(size := values.get("size"), int):
        values["size"] = [size, size]
    base = families[family].model_dump() if family else {}
    try:
        return Rule.model_validate(base | values)
    except ValidationError as error:
        raise InputError(f"{path}: {_first(error)}. Correct it.") from None


def _first(error: ValidationError) -> str:
    """Say in one line which key is wrong, and why."""
    first: Any = error.errors(include_url=False)[0]
    key = str(first["loc"][0])[:64] if first["loc"] else "the file"
    if first["type"] == "extra_forbidden":
        return f"{key}: unknown, wanted {', '.join(Rule.model_fields)}"
    return f"{key}: {str(first['input'])[:64]}: {first['msg'][:200]}"
