"""Bands of rows on several threads, each band on one.

PyTorch splits every operation among its threads and waits for all of them; a band has dozens of short operations, and
on a busy machine each wait costs a time slice. So each thread here processes whole bands.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

BAND = 1 << 21  # bytes of high-resolution feature in one band on a CPU; a GPU takes all images at once
SMALL = 1 << 18  # bytes in all that are not worth starting threads for

Band = tuple[slice, int, int]


def each_band(work: Callable[[slice, int, int], None], n: int, rows: int, row_bytes: int, device: torch.device) -> None:
    """Call `work(images, first row, end row)` for all bands, in any order; bands must not write to the same memory."""
    threads = torch.get_num_threads() if device.type == "cpu" and n * rows * row_bytes > SMALL else 1
    queue = deque(bands(n, rows, row_bytes, device, threads))
    if threads == 1 or len(queue) == 1:
        for band in queue:
            work(*band)
        return
    mode = torch.inference_mode if torch.is_inference_mode_enabled() else torch.no_grad  # modes are per thread

    def share(_: int) -> None:
        with mode():
            while queue:
                try:
                    band = queue.popleft()
                except IndexError:  # another thread took the last
                    return
                work(*band)

    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(share, range(threads)))
    finally:
        # Each thread has its own number, but the default of new threads belongs to the process: restore it.
        torch.set_num_threads(threads)


def bands(n: int, rows: int, row_bytes: int, device: torch.device, threads: int) -> list[Band]:
    """Return (images, first row, end row) of every band; at least one for each thread if there are enough rows."""
    if device.type != "cpu":
        return [(slice(0, n), 0, rows)]
    step = max(1, min(BAND // row_bytes, -(-n * rows // threads)))
    return [(slice(b, b + 1), r, min(r + step, rows)) for b in range(n) for r in range(0, rows, step)]
