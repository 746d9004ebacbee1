"""Changes in folders, as the operating system tells of them."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from mattekit.errors import MissingExtraError

log = logging.getLogger("mattekit")


class Changes:
    """A context in which `wait` returns as soon as anything changes in the folders.

    Network drives tell of no change made by other computers, so waits should have an end. A thread listens, so that
    signals reach the main thread while it waits.

    Parameters
    ----------
    folders : sequence of Path
        Existing ones; sub-folders count.

    Raises
    ------
    MissingExtraError
        If watchfiles is not installed.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        try:
            import watchfiles
        except ImportError:
            raise MissingExtraError('watching folders needs another package: pip install "mattekit[watch]".') from None
        self._watch, self._folders = watchfiles.watch, folders
        self._changed, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Changes":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def wait(self, seconds: float) -> None:
        """Return once something has changed since the last call, or after `seconds`."""
        self._changed.wait(seconds)
        self._changed.clear()

    def _listen(self) -> None:
        settings = {"watch_filter": None, "debounce": 200, "step": 50, "rust_timeout": 1000, "raise_interrupt": False}
        try:
            for _ in self._watch(*self._folders, stop_event=self._stop, **settings):
                self._changed.set()
        except Exception as error:  # too many folders, or one has gone: the ends of waits take its place
            log.info("changes are not told (%s); the folders are looked through now and then.", error)
