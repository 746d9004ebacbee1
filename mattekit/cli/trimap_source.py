"""Options of sources of trimaps, which `trimap` and `predict` share, and what they choose."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from mattekit.cli import console, options, source_settings
from mattekit.frames import is_many, spans

PANEL = "Trimap sources"
Mask = Annotated[
    Path | None,
    typer.Option("--mask", rich_help_panel=PANEL, help="Follow a rough mask or the alpha of a cut-out."),
]
Segment = Annotated[
    Path | None,
    typer.Option(
        "--segment", metavar="FILE", rich_help_panel=PANEL, help="Follow a segmentation network (.onnx, .tflite)."
    ),
]
Class = Annotated[
    str | None,
    typer.Option("--class", metavar="N|NAME,...", rich_help_panel=PANEL, help="Take these classes of --segment."),
]
Box = Annotated[
    str | None,
    typer.Option("--box", metavar="X,Y,W,H", rich_help_panel=PANEL, help="Find what fills a box: the roughest way."),
]
Points = Annotated[
    str | None,
    typer.Option(
        "--points", metavar='"+X,Y -X,Y"', rich_help_panel=PANEL, help="Find what is at + and not at -: rough, too."
    ),
]
CleanPlate = Annotated[
    Path | None,
    typer.Option("--clean-plate", "--plate", rich_help_panel=PANEL, help="Compare with a picture without the subject."),
]
Screen = Annotated[
    str | None,
    typer.Option(
        "--screen", metavar="COLOUR", rich_help_panel=PANEL, help="Find a screen: auto, green, blue, #00b140."
    ),
]
Strokes = Annotated[
    Path | None,
    typer.Option("--scribbles", rich_help_panel=PANEL, help="Take white strokes for foreground, black for not."),
]
Source = Annotated[
    str | None,
    typer.Option("--source", metavar="NAME", rich_help_panel=PANEL, help="Use a source of a plug-in."),
]
Fit = Annotated[bool, typer.Option("--fit", rich_help_panel=PANEL, help="Resize masks and plates of another size.")]
BAND = "auto|PX|%"

# Option that chooses a source -> name of the source, and what of it is given: a picture's own file or a setting.
CHOOSERS = {
    "mask": ("mask", "mask"),
    "segment": ("segment", "model"),
    "box": ("box", "box"),
    "points": ("points", "points"),
    "clean_plate": ("clean-plate", "plate"),
    "screen": ("screen", "screen"),
    "scribbles": ("scribbles", "strokes"),
}
FILES = {"mask", "plate", "strokes"}
FITTED = {"mask", "clean-plate"}
BANDED = {"mask", "segment", "box", "points", "clean-plate"}
WAYS = (
    '--mask ROUGH.png, --segment NETWORK.onnx, --box X,Y,W,H, --points "+X,Y -X,Y", --clean-plate PLATE.png, '
    "--screen auto, or --source NAME"
)


def chosen(*, band: str | None, fit: bool, source: str | None = None, **given: Any) -> Any:
    """Return the TrimapSpec that options choose, None without one; a usage error for what does not go together."""
    classes = given.pop("classes", None)
    given = {option: value for option, value in given.items() if value is not None}
    named = [*given, *(["source"] if source else [])]
    if len(named) > 1 and set(named) != {"box", "points"}:
        raise typer.BadParameter(f"{_flag(named[0])} and {_flag(named[1])} exclude each other.")
    if classes and "segment" not in given:
        raise typer.BadParameter("--class needs --segment.")
    from mattekit.jobs.trimap_source import TrimapSpec

    if not named:
        if fit:
            raise typer.BadParameter("--fit needs --mask or --clean-plate.")
        return None
    name, settings = source_settings.plugged_in(source) if source else (CHOOSERS[named[0]][0], {})
    for option, value in given.items():
        settings[CHOOSERS[option][1]] = source_settings.PARSERS.get(option, lambda value: value)(value)
    if classes:
        settings["classes"] = classes
    if fit and name not in FITTED:
        raise typer.BadParameter(f"--fit does not apply with {_flag(named[0])}.")
    if band is not None:
        settings["band"] = _band(band, name, named[0])
    files = {role: settings.pop(role) for role in FILES & settings.keys() if not source}
    if not files:
        from mattekit.trimap_sources import registry

        registry.make(name, **settings)  # what is wrong with it shows before any picture is read
    return TrimapSpec(name, settings, files, fit)


def alone(mode: str, spec: Any) -> str:
    """Return the mode of `trimap` with a source, which excludes all others."""
    if mode != "make":
        raise typer.BadParameter(f"--{mode} and {_flag(spec.name)} exclude each other.")
    return "a source"


@contextmanager
def photographs_as_usage_errors() -> Iterator[None]:
    """Turn the error about a photograph without a source into a usage error that lists the ways."""
    from mattekit.errors import InputError

    try:
        yield
    except InputError as error:
        if error.remedy != "sources":
            raise
        raise typer.BadParameter(f"{error} Name a source: {WAYS}.") from None


def instead_of(trimap: Path | None, *, band: str | None, **given: Any) -> tuple[Any, bool]:
    """Return the TrimapSpec that takes the place of a trimap, and whether trimaps without unknown pixels are taken.

    A usage error with neither or both. --band 0 takes trimaps without unknown pixels as they are.
    """
    if trimap is not None and band == "0":
        band, taken = None, True
    else:
        taken = False
    if trimap is None and not any(value for option, value in given.items() if option not in ("fit", "classes")):
        raise typer.BadParameter(f"no trimap: give one as the second argument, or a source: {WAYS}.")
    spec = chosen(band=band, **given)
    if trimap is not None and spec is not None:
        raise typer.BadParameter(f"{trimap} is a trimap already; leave it or {_flag(spec.name)} out.")
    if trimap is not None and band is not None:
        raise typer.BadParameter("--band needs a source, such as --mask; with a trimap it is 0 alone.")
    return spec, taken


def _band(band: str, name: str, option: str) -> str:
    if name not in BANDED:
        raise typer.BadParameter(f"--band does not apply with {_flag(option)}.")
    from mattekit.errors import InputError
    from mattekit.trimap_sources.band import width_of

    try:
        width_of(band, (100, 100))
    except InputError as error:
        raise typer.BadParameter(f"--{error}") from None
    return band


def folders(spec: Any) -> dict[str, Path]:
    """Return the roles of a TrimapSpec whose files are a folder's; a file of another role serves all pictures."""
    from mattekit.files import missing

    for path in spec.files.values():
        if not path.exists() and not is_many(path):
            raise missing(path, "file or folder")
    return {role: path for role, path in spec.files.items() if is_many(path)}


def paired(
    image: Path,
    others: dict[str, Path | None],
    recursive: bool,
    output: Path,
    numbered: bool = False,
) -> Any:
    """Return the Pairing of a folder of pictures with other folders, by role; warn of files that no picture wants.

    With masks in the folder itself that are not named as such, each picture is its own: a cut-out has an alpha.
    """
    from mattekit.files import resolved
    from mattekit.pairing import pair

    others = {role: path for role, path in others.items() if path}
    mask = others.get("mask")
    own = (
        mask and resolved(mask) == resolved(image) and not any(path.stem.endswith("_mask") for path in mask.rglob("*"))
    )
    pairing = pair(
        {"image": image, **others}, recursive=recursive, leave_out=output, numbered=list(others) if numbered else (),
        distinct=not own,
    )  # fmt: skip
    for role in others.keys() - {"alpha"}:
        unused = pairing.unused[role]
        for name in [spans(map(int, unused))] if unused and pairing.frames else unused:
            console.logger.warning("%s: no image for %s %s.", others[role], role, name)
    return pairing


def require_single(image: Path, spec: Any) -> None:
    """Refuse folders of masks and two inputs from stdin, where one picture is given."""
    for path in spec.files.values():
        if str(image) == str(path) == "-":
            raise typer.BadParameter("two inputs cannot both come from stdin.")
        options.require_no_folder(path, image)


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"
