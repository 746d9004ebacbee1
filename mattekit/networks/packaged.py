"""The weights that come with mattekit: files in mattekit/weights, each described by a .toml beside it."""

import tomllib
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "weights"
DEFAULT = "default"


def packaged() -> dict[str, Path]:
    """Return the installed files of weights by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.safetensors"))}


def file_of(name: str | Path) -> Path:
    """Return the file of packaged weights by their name; any other path stays as it is."""
    return packaged().get(str(name), Path(name))


def facts(name: str) -> dict:
    """Read the description of packaged weights.

    Returns
    -------
    dict
        "licence" and "summary", text; "material", a list of {"what", "licence"} that they were trained on; "scores", a
        list of {"on", "sad", "mse", "grad", "conn"}; "measured", how. Empty without a description.
    """
    path = FOLDER / f"{name}.toml"
    return tomllib.loads(path.read_text()) if path.is_file() else {}
