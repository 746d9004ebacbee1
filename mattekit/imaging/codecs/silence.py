"""Silence for what libraries print about odd files while they decode: the caller says in one line what matters.

libpng, libjpeg, libtiff and OpenEXR write to the process's stderr and offer Python no switch, so the file descriptor
itself is turned away; Python's own messages go on, through a copy of it.
"""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from functools import cache
from typing import Any, TextIO

import cv2
from PIL import Image

STDERR = 2  # the file descriptor that C libraries write to

_lock = threading.Lock()
_silenced: list[int] = []  # identifiers of the threads inside, as often as they are
_undo = ExitStack()
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its errors go to stderr where nothing is set up


@contextmanager
def silent_libraries() -> Iterator[None]:
    """Drop what C libraries, Pillow's warnings and this thread's prints would show while the block runs.

    Pillow's own limit of pixels, which can be a warning, is off: sizes are checked before.
    Threads may overlap: the first to enter silences, the last to leave undoes it. A process started meanwhile
    inherits the silence.
    """
    with _lock:
        if not _silenced:
            _silence()
        _silenced.append(threading.get_ident())
    try:
        yield
    finally:
        with _lock:
            _silenced.remove(threading.get_ident())
            if not _silenced:
                _undo.close()


def _silence() -> None:
    _undo.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")
    _undo.callback(cv2.utils.logging.setLogLevel, cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT))
    if sys.stdout is not None:
        _undo.enter_context(redirect_stdout(_Others(sys.stdout)))  # the package OpenEXR prints there
    _undo.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    Image.MAX_IMAGE_PIXELS = None
    _spare_python()
    try:
        kept = os.dup(STDERR)
    except OSError:  # closed, so that nothing can be printed
        return
    os.dup2(_nowhere(), STDERR)
    _undo.callback(os.close, kept)
    _undo.callback(os.dup2, kept, STDERR)  # callbacks run from the last to the first


@cache
def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)


def _spare_python() -> None:
    """Let Python write to a copy of stderr, once and for all: other threads' messages must not be lost."""
    try:
        if sys.stderr.fileno() == STDERR:
            encoding, errors = sys.stderr.encoding, sys.stderr.errors
            sys.stderr.flush()
            sys.stderr = open(os.dup(STDERR), "w", buffering=1, encoding=encoding, errors=errors, closefd=False)
    except (AttributeError, OSError, ValueError):  # there is none, or it is no file
        return


class _Others:
    """Standard output for all threads but the silenced ones."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() in _silenced else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
