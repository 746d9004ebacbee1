"""`mattekit info`: versions, devices, caches, extras and plug-ins, for bug reports."""

from typing import Annotated, Any

import typer

from mattekit.cli import console
from mattekit.cli.options import Json

PACKAGES = ("torch", "numpy", "scipy", "opencv-python", "pymatting", "numba", "pillow", "safetensors", "typer", "rich")
EXTRAS = {
    "exr": ("OpenEXR",),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "tensorboard": ("tensorboard",),
    "vfx": ("OpenEXR", "OpenImageIO"),
    "video": ("av",),
    "watch": ("watchfiles",),
    "web": ("python-multipart", "starlette", "uvicorn"),
}


def info(
    json: Json = False,
    compile: Annotated[
        bool, typer.Option("--compile", help="Compile all functions first, so that no later command has to wait.")
    ] = False,
) -> None:
    """Show versions, devices, caches, which extras are installed, and plug-ins with what failed to load."""
    if compile:
        _compile()
    facts = collect()
    if json:
        console.json_line(facts)
        return
    for section, rows in facts.items():
        console.data(f"{section}")
        for name, value in rows.items():
            console.data(f"  {name:<22} {'not installed' if value is None else value}")


def _compile() -> None:
    import time

    from mattekit.jobs.compilation import compile_all

    console.setup()
    start = time.perf_counter()
    for part in compile_all():
        console.status(f"{part}: compiled in {time.perf_counter() - start:.1f} s")
        start = time.perf_counter()


def collect() -> dict[str, dict[str, Any]]:
    """Collect what `mattekit info` prints, as a dictionary of sections."""
    import os
    import platform

    from mattekit import __version__, plugins

    return {
        "mattekit": {"version": __version__, "python": platform.python_version(), "system": platform.platform()},
        "packages": {name: _version_of(name) for name in PACKAGES},
        "extras": {f"mattekit[{extra}]": _versions_of(packages) for extra, packages in EXTRAS.items()},
        "devices": {"cpu": f"{os.cpu_count()} cores", **_accelerators()},
        "plug-ins": plugins.listing(),
        "caches": {"numba": os.environ.get("NUMBA_CACHE_DIR", "beside each package (NUMBA_CACHE_DIR moves it)")},
    }


def _versions_of(packages: tuple[str, ...]) -> str | None:
    """Return names and versions of an extra's packages; None if one is not installed."""
    versions = {package: _version_of(package) for package in packages}
    return None if None in versions.values() else ", ".join(f"{name} {v}" for name, v in versions.items())


def _version_of(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _accelerators() -> dict[str, str]:
    import torch

    cuda = {f"cuda:{i}": torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())}
    return {**cuda, "mps": "available"} if torch.backends.mps.is_available() else cuda
