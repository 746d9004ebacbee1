"""Settings of trimap sources, parsed from the texts of options; what is wrong with one is a usage error."""

from collections.abc import Callable
from typing import Any

import typer


def plugged_in(text: str) -> tuple[str, dict[str, Any]]:
    """Split NAME:KEY=VALUE,... into the name and the settings."""
    from mattekit.cli.choices import require
    from mattekit.trimap_sources import registry

    name, _, rest = text.partition(":")
    require("--source", name, registry.names())
    settings = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.isidentifier():
            raise typer.BadParameter(f"--source {text}: wanted {name}:KEY=VALUE,...")
        settings[key] = value
    return name, settings


def _box(text: str) -> tuple[int, ...]:
    from mattekit.trimap_sources.places import parse_box

    return _parsed(parse_box, text)


def _points(text: str) -> tuple[tuple[int, int, bool], ...]:
    from mattekit.trimap_sources.places import parse_points

    return _parsed(parse_points, text)


def _parsed(parse: Callable[[str], Any], text: str) -> Any:
    """Parse the text of an option; a usage error for what its parser refuses, which begins with the option's name."""
    from mattekit.errors import InputError

    try:
        return parse(text)
    except InputError as error:
        raise typer.BadParameter(f"--{error}") from None


def screen(text: str) -> str:
    """Return the colour of a screen; a usage error if none can have it."""
    from mattekit.errors import InputError
    from mattekit.keying.colour import require_screen

    try:
        require_screen(text)
    except InputError as error:
        raise typer.BadParameter(f"--screen {error}") from None
    return text


PARSERS: dict[str, Callable[[str], Any]] = {"box": _box, "points": _points, "screen": screen}
