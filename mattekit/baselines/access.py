"""The only import of pymatting: when first needed, with a note while it compiles, and with a clean standard output."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import ModuleType

from mattekit.compiling import announced

log = logging.getLogger("mattekit")

STOP_AT_ZERO = {"atol": 1e-12}  # for conjugate gradients, which otherwise divide 0 by 0 at a residual of exactly 0


def load() -> ModuleType:
    """Import pymatting and return it; the first import on a machine compiles for about a minute and says so."""
    with (
        quiet_stdout(),
        announced("pymatting: the first use compiles for about a minute; later uses start at once."),
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
