"""Options whose values are names in tables: completed by shells, listed by --help, and checked on the command line."""

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import typer

TABLES = {  # metavar -> module, and in it a table or a function that returns one
    "KIND": ("mattekit.synthetic", "KINDS"),
    "METHOD": ("mattekit.baselines", "FOREGROUND"),
    "METRIC": ("mattekit.metrics", "METRICS"),
    "MODEL": ("mattekit.models.registry", "names"),
    "NETWORK": ("mattekit.networks", "NETWORKS"),
    "PART": ("mattekit.keying.key", "PARTS"),
    "PICTURE": ("mattekit.inference.pictures", "KINDS"),
    "PRESET": ("mattekit.datasets.plan", "PRESETS"),
    "RECIPE": ("mattekit.training.recipe", "names"),
    "RULE": ("mattekit.imaging.trimap_random", "RULES"),
    "TOPIC": ("mattekit.guide", "TOPICS"),
}


def names(table: str) -> list[str]:
    """Return the names in a table of TABLES, which is imported for it."""
    module, attribute = TABLES[table]
    entries = getattr(import_module(module), attribute)
    return list(entries() if callable(entries) else entries)


def option(
    *declarations: str,
    table: str,
    extra: tuple[str, ...] = (),
    several: bool = False,
    others: bool = False,
    metavar: str | None = None,
    **settings: Any,
) -> Any:
    """Make an option whose values are names in a table.

    extra : further names that are allowed. several : names with commas between, which `parse` splits. others : files
    are allowed as well, so that nothing is refused here. metavar : a word in place of `table`, for which --help lists
    no names.
    """
    metavar = metavar or (f"{table},..." if several else table)
    complete = completion(table, several)
    if others:
        return typer.Option(*declarations, metavar=metavar, autocompletion=complete, **settings)

    def check(value: str | None) -> str | None:
        for name in parse(value) if several and value is not None else [value]:
            require(declarations[-1], name, [*names(table), *extra])
        return value

    return typer.Option(*declarations, metavar=metavar, autocompletion=complete, callback=check, **settings)


def argument(table: str, **settings: Any) -> Any:
    """Make an argument that takes names in a table, or files."""
    return typer.Argument(autocompletion=completion(table), **settings)


def parse(text: str) -> list[str]:
    """Split names at commas; each counts once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def require(option: str, value: str | None, choices: list[str]) -> None:
    """Raise a usage error that lists the choices unless `value` is one of them, or not given."""
    if value is None or value in choices:
        return
    near = get_close_matches(value, choices, 1)
    nearest = f" The nearest is {near[0]}." if near else ""
    raise UsageError(f"{option} {value}: use one of {', '.join(choices)}.{nearest}")


UsageError = typer.BadParameter.__base__


def listed(metavar: str) -> str:
    """Return a sentence for --help with the names that an option takes; "" if they come from no table."""
    table = metavar.removesuffix(",...")
    return f"Names: {', '.join(names(table))}." if table in TABLES else ""


def completion(table: str, several: bool = False) -> Callable[[str], list[str]]:
    """Make the function that completes names in a table for a shell."""

    def complete(incomplete: str) -> list[str]:
        done, comma, prefix = incomplete.rpartition(",") if several else ("", "", incomplete)
        return [f"{done}{comma}{name}" for name in names(table) if name.startswith(prefix)]

    return complete
