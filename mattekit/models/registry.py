"""Models by name or file: classical methods, packaged weights, files of weights, folders, ONNX files, plug-ins.

A plug-in is an entry point of the group `mattekit.models`: a function `factory(name_or_path, **options)` that returns
a `Model`, or None where the name is not one of its own. `options` are those of `resolve`. Plug-ins are asked for names
that mattekit does not know itself, and for files that are neither .safetensors nor .onnx; they are read only then.
"""

import logging
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from mattekit import plugins
from mattekit.baselines import ALPHA
from mattekit.errors import InputError, MattekitError
from mattekit.models.model import Capabilities, Model
from mattekit.networks.packaged import DEFAULT, packaged

log = logging.getLogger("mattekit")

GROUP = "mattekit.models"
FALLBACK = "closed-form"
KEPT = 4  # models that stay loaded, for folders that several are compared on


def load(name: str | Path, device: str = "auto", **options: Any) -> Model:
    """Return a model with all that it needs read, so that its first alpha is as fast as the others.

    Parameters, errors: as for `resolve`.
    """
    model = resolve(name, device, **options)
    model.load()
    return model


def resolve(name: str | Path, device: str = "auto", **options: Any) -> Model:
    """Find a model by its name or file, reading no weights; the same one is returned while its file is unchanged.

    Parameters
    ----------
    name : str or Path
        One of `names`, a file of weights (.safetensors), a folder of ViTMatte, an ONNX file, or what a plug-in knows.
    device : "auto", "cpu", "cuda", "cuda:1" or "mps"
        Where networks compute; classical methods always use the CPU.
    **options
        `precision`, `compile`, `tile` and `overlap`, as for `models.torch.TorchModel`; models without a choice leave
        them out, see `Model.capabilities`.

    Raises
    ------
    InputError
        If no model has that name, or the device is not there.
    MissingFileError, WeightsError, MissingExtraError
        If the file is missing or cannot be used, or the package that reads it is not installed.
    """
    name = str(name)
    if name in ALPHA:
        return ClassicalModel(name)
    return _resolve(name, _stamp(name), device, **dict(sorted(options.items())))


@lru_cache(maxsize=KEPT)
def _resolve(name: str, stamp: tuple[int, ...], device: str, **options: Any) -> Model:
    own = packaged()
    if name in own:
        return _torch(str(own[name]), name=name, device=device, **options)
    suffix = Path(name).suffix.lower()
    if Path(name).is_dir():
        from mattekit.models.folder import FolderModel

        return FolderModel(name, device=device, **options)
    if suffix == ".onnx":
        return _graph(name, device, **options)
    if suffix != ".safetensors" and (model := _plugged_in(name, device=device, **options)):
        return model
    if not suffix and not Path(name).is_file():
        raise _unknown(name)
    return _torch(name, device=device, **options)


def _unknown(name: str) -> InputError:
    from mattekit.networks import NETWORKS

    if name in NETWORKS:
        return InputError(f"{name}: a network whose weights are not in the package.", remedy="own-weights")
    return InputError(f"{name}: no such model. Use one of {', '.join(names())}, or a network's file of weights.")


def names() -> list[str]:
    """Return the names of all models: packaged weights, classical methods, plug-ins."""
    return [*packaged(), *ALPHA, *(point.name for point in plugins.points(GROUP))]


def default_name() -> str:
    """Return the model used if none is named: the packaged default, or closed-form without it."""
    if DEFAULT in packaged():
        return DEFAULT
    log.warning("mattekit's own weights are not installed; using %s.", FALLBACK)
    return FALLBACK


def describe(path: str | Path) -> dict:
    """Return what a network's file says of itself, also for networks of other tasks.

    Returns
    -------
    dict
        The fields of Header, "bytes", and more where the format tells more.
    """
    if Path(path).is_dir():
        from mattekit.networks.folder import describe as describe_file
    elif Path(path).suffix.lower() == ".onnx" and _is_own(path):
        from mattekit.models.onnx import describe as describe_file
    elif Path(path).suffix.lower() == ".onnx":
        from mattekit.models.graph import describe as describe_file
    else:
        from mattekit.networks.safetensors_file import describe as describe_file
    return describe_file(packaged().get(str(path), Path(path)))


def _torch(path: str, **options: Any) -> Model:
    from mattekit.models.torch import TorchModel

    return TorchModel(path, **options)


def _graph(path: str, device: str, *, tile: int | str = "auto", overlap: int | None = None, **others: Any) -> Model:
    """Return the model of an ONNX file: a network of ours, or a graph of others, which take tiles."""
    if _is_own(path):
        from mattekit.models.onnx import OnnxModel

        return OnnxModel(path, device=device)
    from mattekit.models.graph import GraphModel

    return GraphModel(path, device=device, tile=tile, overlap=overlap)


def _is_own(path: str | Path) -> bool:
    """Whether an ONNX file was written by `inference.onnx_export`."""
    from mattekit.inference.onnx_graph import read_metadata

    return "mattekit.format" in read_metadata(path)


def _stamp(name: str) -> tuple[int, ...]:
    """Return the times of the last changes of a file, or of the files in a folder; empty for a name."""
    path = Path(name)
    files = sorted(path.iterdir()) if path.is_dir() else [path, path.with_suffix(".toml")]  # which tells of a graph
    return tuple(file.stat().st_mtime_ns for file in files if file.is_file())


def _plugged_in(name: str, **options: Any) -> Model | None:
    for point in plugins.points(GROUP):
        factory = plugins.load(point)
        model = _made(point, factory, name, options) if factory else None
        if model is not None:
            return model
    return None


def _made(point: EntryPoint, factory: Callable[..., Model | None], name: str, options: dict) -> Model | None:
    try:
        model = factory(name, **options)
        if model is not None and not isinstance(model, Model):
            raise TypeError(
                f"its factory returned {type(model).__name__}, wanted a mattekit.models.model.Model or None"
            )
        return model
    except MattekitError:  # the plug-in knows this name, and says what is wrong with it
        raise
    except Exception as error:
        plugins.warn(point, error)
        return None


class ClassicalModel(Model):
    """A method of `baselines.ALPHA`, by its name; computes on the CPU, in its own precision."""

    kind = "classical method"
    capabilities = Capabilities(needs_both_classes=True, compiles=True)

    def __init__(self, name: str):
        self.name, self._estimate = name, ALPHA[name]

    def alpha(self, image, trimap):
        """Return the alpha (H, W) of an image (H, W, 3) and a trimap (H, W); see `Model.alpha`."""
        return self._estimate(image, trimap)
