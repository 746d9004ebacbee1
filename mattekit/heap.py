"""Memory that was freed and that the C library keeps."""

import ctypes
import functools
from collections.abc import Callable


def trim() -> None:
    """Give freed memory back to the system, where the C library is glibc; elsewhere nothing happens.

    Large arrays made and freed by several threads leave gaps in the heaps of all of them, which add up over the frames
    of a long shot.
    """
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], int]:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda _: 0
