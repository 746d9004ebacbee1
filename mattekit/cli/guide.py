"""`mattekit guide`: pages that explain a topic each, with commands to try."""

import os
import sys
from typing import Annotated

from mattekit.cli import choices, console

WIDEST = 100  # columns of text


def guide(
    topic: Annotated[
        str | None,
        choices.argument("TOPIC", metavar="TOPIC", help="Topic to read about; without one, all are listed."),
    ] = None,
) -> None:
    """Explain a topic: a page of text on a terminal, plain Markdown in a pipe."""
    from mattekit import guide as pages

    if topic is None:
        wide = max(map(len, pages.TOPICS))
        for name in pages.TOPICS:
            console.data(f"{name:<{wide}}  {pages.title(name)}")
        return
    choices.require("TOPIC", topic, list(pages.TOPICS))
    if sys.stdout.isatty():
        _show(pages.read(topic))
    else:
        console.report(pages.read(topic).rstrip("\n"))


def _show(text: str) -> None:
    """Show Markdown on a terminal, by the reader's pager."""
    from rich.console import Console
    from rich.markdown import Markdown

    os.environ.setdefault("LESS", "-FRX")  # as git does: colours pass, and what fits the screen is printed
    terminal = Console()
    terminal.width = min(WIDEST, terminal.width)
    with terminal.pager(styles=True):
        terminal.print(Markdown(text, code_theme="ansi_dark"))
