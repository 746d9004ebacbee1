"""The file of a run's state, for resuming it: weights, optimiser, average and counters, checked before use."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor, nn
from torch.optim import Optimizer

from mattekit.errors import InputError
from mattekit.files import missing, replacing

FORMAT = 1
NAMED = 3  # tensors that an error names
MOMENTS = {"SGD": {"momentum_buffer"}, "Adam": {"exp_avg", "exp_avg_sq"}}  # per parameter; Adam also counts its steps
MOST_THREADS = 1024  # OpenMP crashes when it is asked for many more

Count = Annotated[int, Field(ge=0, lt=2**53)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True)


class AverageState(_Part):
    """State of `learner.Average`."""

    network: dict[str, Tensor]
    count: Count


class OptimiserState(_Part):
    """State of an optimiser in PyTorch's form: by number of the parameter, and groups of parameters."""

    state: dict[Count, dict[str, Tensor | Number | Count | None]]
    param_groups: list[dict[str, Any]] = Field(max_length=100)


class LearnerState(_Part):
    """State of `learner.Learner`; `precision` is the gradient scaler of float16, empty for other precisions."""

    step: Count
    network: dict[str, Tensor]
    optimiser: OptimiserState
    average: AverageState | None
    precision: dict[
        Literal["scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker"], Number | Count
    ]


class ProgressState(_Part):
    """State of `progress.Progress`."""

    seconds: Annotated[Number, Field(ge=0)]
    window: list[float]
    losses: Annotated[list[float | Count], Field(min_length=2, max_length=2)]
    best: Number | None
    scores: dict[str, float | None]
    validated: Annotated[int, Field(ge=-1, lt=2**53)]


class State(_Part):
    """The contents of the file."""

    format: Literal[1]
    learner: LearnerState
    progress: ProgressState
    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)]


def write(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors and plain data to a file, which a reader sees whole or not at all.

    Raises
    ------
    OSError
        If it cannot be written, as on a full disk.
    """
    with replacing(path) as part, part.open("wb") as stream:
        try:
            torch.save({"format": FORMAT, **state}, stream)
        except RuntimeError as error:
            # PyTorch hides the stream's error behind "enforce fail" when it closes the archive.
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None


def read(path: Path) -> State:
    """Read a file of `write`, to the CPU; nothing in the file is executed.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is damaged, no state, or of a newer format.
    """
    if not path.is_file():
        raise missing(path)
    try:
        _refuse_compressed(path)
        values = torch.load(path, map_location="cpu", weights_only=True)
        version = values["format"]
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a damaged file can raise anything
        raise InputError(
            f"{path}: no state of a run, or damaged ({type(error).__name__}). Start the run anew."
        ) from error
    if isinstance(version, int) and version > FORMAT:
        raise InputError(f"{path}: a state of format {version}; this version of mattekit reads {FORMAT}. Update it.")
    try:
        return State.model_validate(values)
    except (ValidationError, RecursionError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": "nested too deeply"}
        where = ".".join(map(str, first["loc"][:3])) or "all"
        raise InputError(f"{path}: damaged state, {where}: {first['msg']}. Start the run anew.") from None


def check_network(network: nn.Module, tensors: Mapping[str, Any], where: str) -> None:
    """Raise InputError, beginning with `where`, unless `tensors` have the network's names, shapes and types."""
    own = network.state_dict()
    names = [*own, *(tensors.keys() - own.keys())]
    unfit = [name for name in names if not _alike(own.get(name), tensors.get(name))]
    if unfit:
        named = ", ".join(unfit[:NAMED]) + (", ..." if len(unfit) > NAMED else "")
        raise InputError(f"{where}: a state of another network: {named} do not fit. Resume with the run's own recipe.")


def check_optimiser(optimiser: Optimizer, state: OptimiserState, where: str) -> None:
    """Raise InputError, beginning with `where`, unless a state belongs to an optimiser of these parameters."""
    counts = [len(group["params"]) for group in optimiser.param_groups]
    numbers = [group.get("params") for group in state.param_groups]
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    fits = all(isinstance(each, list) for each in numbers) and [len(each) for each in numbers] == counts
    fits = fits and [number for each in numbers for number in each] == list(range(len(parameters)))
    kind = "SGD" if isinstance(optimiser, torch.optim.SGD) else "Adam"  # AdamW keeps what Adam keeps
    for number, values in state.state.items():
        fits = fits and number < len(parameters) and _kept(kind, parameters[number], values)
    if not fits:
        raise InputError(f"{where}: an optimiser of other parameters, or rates. Resume with the run's own recipe.")


def _alike(own: Tensor | None, saved: Any) -> bool:
    both = isinstance(own, Tensor) and isinstance(saved, Tensor)
    return both and saved.layout == torch.strided and (own.shape, own.dtype) == (saved.shape, saved.dtype)


def _kept(kind: str, parameter: Tensor, values: Mapping[str, Any]) -> bool:
    """Whether an optimiser of this kind keeps such values for a parameter."""
    names = MOMENTS[kind] | ({"step"} if kind == "Adam" else set())
    moments = [values.get(name) for name in MOMENTS[kind]]
    if kind == "SGD" and moments == [None]:  # without momentum
        return values.keys() <= names
    shaped = all(_dense(moment) and moment.shape == parameter.shape for moment in moments)
    return values.keys() == names and shaped and (kind == "SGD" or _is_count(values["step"]))


def _dense(value: Any) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided and value.is_floating_point()


def _is_count(step: Any) -> bool:
    return _dense(step) and step.ndim == 0 and 0 <= float(step) < float("inf")


def _refuse_compressed(path: Path) -> None:
    """Raise ValueError for an archive with compressed entries: torch.save writes none, and they may be a bomb."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError("compressed")
