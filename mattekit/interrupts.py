"""Ending on SIGTERM and Ctrl-C: through `finally` blocks, and whatever code the signal arrives in."""

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TERMINATED = 128 + 15  # exit code after SIGTERM, as shells report it
RETRY_SECONDS = 0.02


def install() -> None:
    """Let SIGTERM end this process through `finally` blocks, and let neither it nor Ctrl-C be swallowed."""
    signal.signal(signal.SIGTERM, leave)
    sys.unraisablehook = _retry


def leave(*_: object) -> None:
    """Answer SIGTERM: end through `finally` blocks, so that no half file stays.

    Asked again while it ends (the pool does so when another worker has gone), a process must not leave those blocks.
    """
    ignore()
    sys.exit(TERMINATED)


def leave_at_once(*_: object) -> None:
    """Answer SIGTERM where nothing is half done.

    A SystemExit between taking the lock of a queue and entering its block would leave the lock taken for ever.
    """
    os._exit(TERMINATED)


@contextmanager
def leaving_cleanly() -> Iterator[None]:
    """End the block through its `finally` blocks on SIGTERM, in a process that otherwise leaves at once."""
    if signal.getsignal(signal.SIGTERM) is not leave_at_once:
        yield
        return
    signal.signal(signal.SIGTERM, leave)
    yield
    signal.signal(signal.SIGTERM, leave_at_once)


def ignore() -> None:
    """Ignore SIGTERM from here on: the process is ending, and its exit code is known."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@contextmanager
def surfaced() -> Iterator[None]:
    """Raise the KeyboardInterrupt or SystemExit of which an error of the block is but a consequence.

    An interrupt that arrives in a function compiled by numba leaves it as "SystemError: ... returned a result with an
    exception set", and one that LLVM's callbacks swallow makes the compilation fail; callers would take either for
    the failure of one item.
    """
    try:
        yield
    except Exception as error:
        if _due:
            time.sleep(100 * RETRY_SECONDS)  # until the signal comes again
        hidden: BaseException | None = error if isinstance(error, SystemError) else None
        while hidden and not isinstance(hidden, (KeyboardInterrupt, SystemExit)):
            hidden = hidden.__cause__ or hidden.__context__
        if hidden is None:
            raise
        raise hidden from None


def _retry(ignored: Any) -> None:
    """Send a signal again whose exception Python must ignore: in a callback of LLVM's, a destructor, a weak reference.

    Any other ignored exception is reported as usual.
    """
    if isinstance(ignored.exc_value, KeyboardInterrupt):
        number = signal.SIGINT
    elif isinstance(ignored.exc_value, SystemExit) and ignored.exc_value.code == TERMINATED:
        number = signal.SIGTERM
        signal.signal(signal.SIGTERM, leave)
    else:
        sys.__unraisablehook__(ignored)
        return
    if number in _due:
        return
    _due.add(number)
    timer = threading.Timer(RETRY_SECONDS, _send, [number])
    timer.daemon = True
    timer.start()


_due: set[int] = set()  # signals about to be sent again


def _send(number: int) -> None:
    _due.discard(number)
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, number)
    else:
        _thread.interrupt_main(number)
