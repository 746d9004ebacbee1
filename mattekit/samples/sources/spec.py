"""Names of sources: a text such as "FOLDER=5" or "synthetic", or a TOML file that lists several.

[[source]]
path = "AIM"            # relative to the file; or synthetic = true
weight = 2.0
alpha = "AIM_alpha"     # the alphas of a folder of foregrounds or composites, or of a manifest's foregrounds
foregrounds = "AIM_fg"  # re-estimated foregrounds, used instead of those of the same name; or a manifest's
backgrounds = ["coco"]  # of a manifest
kind = "cutouts"        # if it is not to be recognised
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mattekit import toml
from mattekit.errors import InputError

SYNTHETIC = "synthetic"
Kind = Literal["", "foregrounds", "cutouts", "composites", "manifest", "synthetic"]


class Spec(BaseModel):
    """One source; `kind` "" is recognised by the folder's content."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Path()
    kind: Kind = ""
    weight: float = Field(default=1.0, gt=0, le=1e9)
    alpha: Path | None = None
    foregrounds: Path | None = None
    backgrounds: tuple[Path, ...] = ()

    @model_validator(mode="after")
    def _has_path(self) -> "Spec":
        if self.kind != SYNTHETIC and "path" not in self.model_fields_set:
            raise ValueError('no path, and no kind = "synthetic"')
        return self


class _SourceList(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    source: tuple[Spec, ...] = Field(min_length=1, max_length=10_000)


def parse(texts: Sequence[str]) -> list[Spec]:
    """Parse texts: "synthetic", a path or a .toml file, each perhaps with "=WEIGHT"; no text is "synthetic".

    Raises
    ------
    MissingFileError
        If a .toml file does not exist.
    InputError
        If it cannot be parsed.
    """
    return [spec for text in texts or [SYNTHETIC] for spec in _specs(text)]


def _specs(text: str) -> list[Spec]:
    name, weight = _weighted(text)
    if name == SYNTHETIC:
        return [Spec(kind=SYNTHETIC, weight=weight)]
    path = Path(name)
    if path.suffix.lower() != ".toml":
        return [Spec(path=path, weight=weight)]
    return [spec.model_copy(update={"weight": spec.weight * weight}) for spec in _read(path)]


def _weighted(text: str) -> tuple[str, float]:
    """Split "PATH=2.5"; the path itself may contain an equals sign."""
    name, equals, number = text.rpartition("=")
    if not equals or Path(text).exists():
        return text, 1.0
    try:
        weight = float(number)
    except ValueError:
        return text, 1.0
    if not 0 < weight < float("inf"):
        raise InputError(f"{text}: weight {number}, wanted more than 0.")
    return name, weight


def _read(path: Path) -> list[Spec]:
    try:
        sources = _SourceList.model_validate(toml.read(path)).source
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "source"
        raise InputError(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}. Correct it.") from None
    return [_relative_to(path.parent, spec) for spec in sources]


def _relative_to(folder: Path, spec: Spec) -> Spec:
    """Resolve the paths of a list, which are relative to its folder."""
    update = {role: folder / value for role in ("path", "alpha", "foregrounds") if (value := getattr(spec, role))}
    return spec.model_copy(update=update | {"backgrounds": tuple(folder / each for each in spec.backgrounds)})
