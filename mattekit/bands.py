"""Bands of rows: one compiled function on several threads, without numba's own, which triple the time to compile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

SMALL = 20_000  # pixels; below this, handing work to a thread costs more than doing it


def in_bands(kernel: Callable[..., None], size: tuple[int, int], *arguments: Any, per_thread: int = 1) -> None:
    """Call `kernel(*arguments, top, end)` for bands of rows, on as many threads as numba may use.

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
        list(pool.map(lambda top, end: kernel(*arguments, top, end), cuts[:-1], cuts[1:]))
