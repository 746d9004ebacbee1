"""`mattekit models`: the networks of the papers' tables, their sizes, the layers of one, pictures of its operators."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mattekit.cli import choices, console, options

PANEL = "Pictures of operators"


def models(
    name: Annotated[
        str | None,
        choices.argument(
            "NETWORK", help="Name of a network, to see its layers and arguments; a file of weights for --picture."
        ),
    ] = None,
    settings: options.Settings = [],  # noqa: B006
    json: options.Json = False,
    picture: Annotated[
        Path | None,
        typer.Option(rich_help_panel=PANEL, help="Write a picture of the learnt indices and kernels to this file."),
    ] = None,
    image: Annotated[
        Path | None, typer.Option(rich_help_panel=PANEL, help="Show the operators for this image.")
    ] = None,
    trimap: Annotated[Path | None, typer.Option(rich_help_panel=PANEL, help="Use this trimap of the image.")] = None,
) -> None:
    """List all networks with their parameters, multiply-accumulates and place in the papers, or one with its layers.

    Multiply-accumulates (MACs) are of one 224x224 image and trimap, of convolutions and linear layers alone, in units
    of 2**30: what the papers call GFLOPs.

    With --picture, show what the operators of a trained network make of an image, level by level, beside untrained
    ones: learnt indices, and for kernels of several taps their contrast.
    """
    if picture or image or trimap:
        _picture(name, picture, image, trimap)
        return
    from mattekit.networks.summary import summaries

    if name is not None:
        _one(name, settings, json)
        return
    if settings:
        raise typer.BadParameter("--set changes one network: name it.")
    if not json:
        console.data(_line("name", "parameters", "MACs", "source"))
    for row in summaries():
        if json:
            console.json_line(row)
        else:
            console.data(
                _line(row["name"], f"{row['parameters']:,}", _macs(row), row["source"] + _input(row) + _note(row))
            )


def _picture(name: str | None, picture: Path | None, image: Path | None, trimap: Path | None) -> None:
    if not (name and picture and image):
        raise typer.BadParameter("a picture takes a file of weights, --picture FILE and --image FILE.")
    from mattekit.inference.guide_maps import write_guide_maps

    write_guide_maps(picture, Path(name), image, trimap)


def _one(name: str, settings: list[str], json: bool) -> None:
    from mattekit.networks.summary import layers, summary

    changes = parse(name, settings)
    row, table = summary(name, changes), layers(name, changes)
    if json:
        console.json_line({**row, "arguments": _arguments(name, changes), "layers": [x._asdict() for x in table]})
        return
    wide = max(len(layer.name) for layer in table)
    console.data(f"{'module':<{wide}}  {'kind':<15}  {'output':<20}  {'parameters':>11}")
    for layer in table:
        shape = "x".join(map(str, layer.shape))
        console.data(f"{layer.name:<{wide}}  {layer.kind:<15}  {shape:<20}  {layer.parameters:>11,}")
    given = " ".join(f"{key}={_text(value)}" for key, value in _arguments(name, changes).items())
    shape = "x".join(map(str, row["input"]))
    console.data(
        f"{name}: {row['parameters']:,} parameters, {_macs(row)} x 2**30 MACs of {shape} ({row['source']}{_note(row)})"
    )
    console.data(f"arguments for --set: {given}")


def parse(name: str, settings: list[str]) -> dict[str, Any]:
    """Return the arguments of a network from --set; a usage error for one that is unknown or ill-typed."""
    from mattekit.errors import InputError
    from mattekit.networks import parse_arguments

    try:
        return parse_arguments(name, settings)
    except InputError as error:
        raise typer.BadParameter(str(error)) from error


def _arguments(name: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Return every argument with its value."""
    from mattekit.networks import find

    usual = {key: parameter.default for key, parameter in find(name).parameters(changes.get("resampler")).items()}
    return {**usual, **changes}


def _text(value: Any) -> str:
    """Write a value as --set takes it."""
    if isinstance(value, (tuple, list)):
        return ",".join(map(str, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _line(name: str, parameters: str, macs: str, source: str) -> str:
    return f"{name:<34}{parameters:>12}{macs:>9}  {source}"


def _macs(row: dict) -> str:
    return f"{row['macs'] / 2**30:.4f}"


def _input(row: dict) -> str:
    return "" if row["input"] == [4, 224, 224] else f" (of {'x'.join(map(str, row['input']))})"


def _note(row: dict) -> str:
    return f"; {row['note']}" if row["note"] else ""
