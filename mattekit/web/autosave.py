"""Trimaps written to their files soon after each change, by a thread, whole or not at all."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mattekit.errors import MattekitError
from mattekit.imaging import io
from mattekit.web.painting import Painting

log = logging.getLogger("mattekit")

DELAY = 0.3  # seconds after a change in which others are saved with it


@dataclass
class Saved:
    """The last revision that is in a file, and why the next one is not ("" if nothing is wrong)."""

    revision: int = 0
    error: str = ""


class Autosave:
    """Writes the trimaps of paintings; may be used from several threads.

    Parameters
    ----------
    write : function of Path and (H, W) uint8, optional
        In place of `io.write_raw`.
    """

    def __init__(self, write: Callable[..., None] = io.write_raw):
        self._write, self._due, self._states = write, {}, {}
        self._condition, self._writing = threading.Condition(), threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def changed(self, painting: Painting, path: Path) -> None:
        """Let the trimap of a painting be written soon."""
        with self._condition:
            self._due[path] = painting
            self._condition.notify()

    def state(self, path: Path) -> Saved:
        """Return what is known of a file."""
        return self._states.setdefault(path, Saved())

    def flush(self) -> None:
        """Write all that is due now."""
        with self._writing:
            with self._condition:
                due, self._due = self._due, {}
            for path, painting in due.items():
                self._save(path, painting)

    def close(self) -> None:
        """Write all that is due, and end."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._due or self._closed)
                if self._closed:
                    return
                self._condition.wait_for(lambda: self._closed, DELAY)
            self.flush()

    def _save(self, path: Path, painting: Painting) -> None:
        levels, revision = painting.snapshot()
        state = self.state(path)
        try:
            self._write(path, levels)
            state.revision, state.error = revision, ""
        except (MattekitError, OSError) as error:
            state.error = getattr(error, "strerror", None) or str(error)
            log.warning("%s: not saved: %s", path, state.error)
