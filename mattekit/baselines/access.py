"""The one door to pymatting: imported when first needed, told once when that compiles, kept off standard output."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import ModuleType

log = logging.getLogger("mattekit")


def load() -> ModuleType:
    """Import pymatting and return it; the first import on a machine compiles for about a minute and says so."""
    from numba.core import event

    with quiet_stdout(), event.install_listener("numba:compile", _compile_notice(event.Listener)):
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


def _compile_notice(listener: type):
    # Numba announces a compilation only where its cache has no answer, so a warm cache stays silent wherever it lies.
    class Notice(listener):
        told = False

        def on_start(self, event) -> None:
            if not self.told:
                log.warning("pymatting: the first use compiles for about a minute; later uses start at once.")
                self.told = True

        def on_end(self, event) -> None:
            pass

    return Notice()
