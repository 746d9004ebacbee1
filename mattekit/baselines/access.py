"""The one door to pymatting: imported when first needed, told once when that compiles, kept off standard output."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import ModuleType

log = logging.getLogger("mattekit")


def load() -> ModuleType:
    """Import pymatting and return it; the first import on a machine compiles for about a minute and says so."""
    with (
        quiet_stdout(),
        announce_compiling("pymatting: the first use compiles for about a minute; later uses start at once."),
    ):
        import pymatting
    return pymatting


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Keep standard output clean in the block: pymatting prints its warnings there. They are logged instead."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            yield
    finally:
        if printed.getvalue():
            log.info("%s", " ".join(printed.getvalue().split()))


@contextmanager
def announce_compiling(message: str) -> Iterator[None]:
    """Log `message` as a note, once, if numba has to compile in the block."""
    from numba.core import event

    # Numba announces a compilation only where its cache has no answer, so a warm cache stays silent wherever it lies.
    class Notice(event.Listener):
        told = False

        def on_start(self, event) -> None:
            if not self.told:
                log.warning("%s", message)
                self.told = True

        def on_end(self, event) -> None:
            pass

    with event.install_listener("numba:compile", Notice()):
        yield
