"""Functions compiled by numba: one note when their first use on a machine makes the user wait, and several threads."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

log = logging.getLogger("mattekit")

# Options of numba's functions: those that Python calls, and those that others of them call, which compile faster.
KERNEL = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
PART = {**KERNEL, "no_cpython_wrapper": True}
SMALL = 20_000  # pixels; below this, handing work to a thread costs more than doing it


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


def in_bands(kernel: Callable[..., None], size: tuple[int, int], *arguments: Any, per_thread: int = 1) -> None:
    """Call `kernel(*arguments, top, end)` for bands of rows, on as many threads as numba may use.

    Numba's own threads triple the time to compile.

    Parameters
    ----------
    kernel : function
        Compiled with nogil; writes rows top..end of its results.
    size : (int, int)
        Height and width of the whole.
    arguments
        Passed on.
    per_thread : int
        Bands for each thread; several share uneven work better.
    """
    import numba

    height, width = size
    threads = numba.get_num_threads()
    if threads == 1 or height * width <= SMALL:
        kernel(*arguments, 0, height)
        return
    bands = threads * per_thread
    cuts = [height * i // bands for i in range(bands + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(partial(kernel, *arguments), cuts[:-1], cuts[1:]))
