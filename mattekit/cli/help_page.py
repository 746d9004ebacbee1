"""Pages of --help: usage, description, options in panels with their choices and defaults, and examples."""

import inspect
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from mattekit.cli import choices, options
from mattekit.cli.topics import topic_of

FIRST = (options.PANEL_FILES, options.PANEL_MODEL, options.PANEL_TRAINING)
LAST = (options.PANEL_MEMORY, options.PANEL_FOLDERS, "Options")  # panels of a command's own come between
WIDEST, NARROWEST = 100, 72  # columns
NAMES = 26  # columns of the options' names
TYPES = {int: "N", float: "X", str: "TEXT", Path: "PATH"}


class Command(TyperCommand):
    """A command whose --help fits two screens."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page."""
        formatter.write(page(self, ctx))


class Group(TyperGroup):
    """A group of commands; its --help lists them."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page."""
        formatter.write(page(self, ctx))


def page(command: Any, ctx: Any) -> str:
    """Return a command's --help at the width of the terminal."""
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))
    parts = [f"Usage: {ctx.command_path} {_usage(command)}"]
    parts += ["\n".join(_wrapped(paragraph, width, "")) for paragraph in _paragraphs(command.help)]
    panels = _panels(command, ctx)
    if isinstance(command, TyperGroup):
        rows = [(name, one.help.split("\n\n")[0]) for name, one in command.commands.items() if not one.hidden]
        panels = {"Commands": rows} | panels
    column = 4 + max(len(names) for rows in panels.values() for names, _ in rows if len(names) <= NAMES)
    parts += [_panel(title, rows, column, width) for title, rows in panels.items()]
    if command.epilog:
        parts.append(f"{typer.style('Examples', bold=True)}\n{textwrap.indent(command.epilog, '  ')}")
    if (topic := topic_of(ctx)) is not None:
        parts[-1] += f"\nMore: mattekit guide {topic}".rstrip()
    return "\n\n".join(parts) + "\n"


def _usage(command: Any) -> str:
    if isinstance(command, TyperGroup):
        return "COMMAND ..."
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    names = [_names(one, None) if one.required else f"[{_names(one, None)}]" for one in arguments]
    return " ".join([*names, "[OPTIONS]"])


def _panels(command: Any, ctx: Any) -> dict[str, list[tuple[str, str]]]:
    hints = get_type_hints(inspect.unwrap(command.callback)) if command.callback else {}
    panels: dict[str, list[tuple[str, str]]] = {title: [] for title in FIRST}
    for parameter in command.get_params(ctx):
        if getattr(parameter, "hidden", False):
            continue
        argument = parameter.param_type_name == "argument"
        title = getattr(parameter, "rich_help_panel", None) or ("Options" if not argument else options.PANEL_FILES)
        row = _names(parameter, hints.get(parameter.name)), _help(parameter)
        panels.setdefault(title, []).append(row)
    panels |= {title: panels.pop(title, []) for title in LAST}
    return {title: rows for title, rows in panels.items() if rows}


def _names(parameter: Any, hint: Any) -> str:
    """Return the names of an option with the values that it takes, as "-j, --jobs N"."""
    if parameter.param_type_name == "argument":
        return parameter.metavar or parameter.name.upper()
    value = parameter.metavar or _value(hint)
    return ", ".join(sorted(parameter.opts, key=len)) + (f" {value}" if value else "")


def _value(hint: Any) -> str:
    """Return the values of a type: nothing for a flag, the choices of a Literal, else a word."""
    if get_origin(hint) in (Union, UnionType):
        hint = next(one for one in get_args(hint) if one is not NoneType)
    if get_origin(hint) is list:
        (hint,) = get_args(hint)
    if get_origin(hint) is Literal:
        return "|".join(map(str, get_args(hint)))
    return "" if hint in (bool, None) else TYPES.get(hint, "VALUE")


def _help(parameter: Any) -> str:
    """Return the help of a parameter, followed by its names in a table and its default."""
    default = parameter.default
    if isinstance(parameter.show_default, str):
        default = parameter.show_default
    elif not parameter.show_default or default is False or default == []:
        default = None
    elif isinstance(default, float):
        default = f"{default:g}"
    shown = "" if default is None else f"[default: {default}]".replace(" ", "\N{NO-BREAK SPACE}")
    return " ".join(filter(None, [parameter.help, choices.listed(parameter.metavar or ""), shown]))


def _panel(title: str, rows: list[tuple[str, str]], column: int, width: int) -> str:
    lines = [typer.style(title, bold=True)]
    for names, text in rows:
        body = list(_wrapped(text, width, " " * column))
        if len(names) + 4 <= column and body:
            body[0] = f"  {typer.style(names, fg='cyan')}{' ' * (column - 2 - len(names))}{body[0].lstrip()}"
        else:
            body.insert(0, f"  {typer.style(names, fg='cyan')}")
        lines += body
    return "\n".join(lines)


def _paragraphs(text: str | None) -> Iterator[str]:
    return (" ".join(paragraph.split()) for paragraph in inspect.cleandoc(text or "").split("\n\n"))


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    settings = {"break_long_words": False, "break_on_hyphens": False}
    lines = textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, **settings)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
