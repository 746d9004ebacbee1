"""One note when the first use of compiled functions on a machine makes the user wait."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger("mattekit")


@contextmanager
def announced(note: str) -> Iterator[None]:
    """Log `note`, once, if something is compiled by numba in the block.

    Numba announces a compilation only where its cache has no answer, so a warm cache stays silent wherever it lies.
    """
    from numba.core import event

    class Note(event.Listener):
        told = False

        def on_start(self, event: object) -> None:
            if not self.told:
                log.warning(note)
                self.told = True

        def on_end(self, event: object) -> None:
            pass

    with event.install_listener("numba:compile", Note()):
        yield
