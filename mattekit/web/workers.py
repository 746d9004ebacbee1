"""Threads that work for requests, with a queue of bounded length and memory; work of clients that left is dropped."""

import asyncio
import heapq
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from mattekit.errors import MattekitError

FIRST_GUESS = 2.0  # seconds of a piece of work before any is done
URGENT = 0  # first in the queue
NICENESS = 5
LATEST = 0.2  # weight of the latest in the mean of seconds


class Busy(MattekitError):
    """Too much is waiting; `seconds` tells when to ask again."""

    def __init__(self, message: str, seconds: int):
        super().__init__(message)
        self.seconds = seconds


class Left(Exception):
    """The client has left, so that nobody wants the result."""


class Work:
    """A piece of work: a function of this object that calls `step` between its parts.

    Attributes
    ----------
    steps : list of str
        Parts begun so far.
    """

    def __init__(self, function: Callable[["Work"], Any], told: Callable[[str], None]):
        self.function, self.told = function, told
        self.left = threading.Event()

    def step(self, name: str) -> None:
        """Tell that a part begins; raises Left if the client has left."""
        if self.left.is_set():
            raise Left
        self.told(name)


class Workers:
    """Threads, and the queue in front of them; one more thread takes urgent work alone.

    Parameters
    ----------
    jobs : int
        Threads for all work.
    waiting : int
        Pieces of work that may wait.
    memory : int
        Bytes that requests may hold together, see `reserved`.
    polite : bool
        Let work that is not urgent have the processor only when nothing else wants it (on Linux).
    """

    def __init__(self, jobs: int = 1, waiting: int = 32, memory: int = 1 << 30, polite: bool = False):
        self.polite = polite and sys.platform == "linux"  # elsewhere a thread's number may be another process's
        self.jobs, self.most_waiting, self.memory = jobs, waiting, memory
        self.running, self.held, self.mean_seconds = 0, 0, FIRST_GUESS
        self._queue: list[tuple[int, int, Work, asyncio.Future, asyncio.AbstractEventLoop]] = []
        self._order, self._closed, self._measured = itertools.count(), False, False
        self._condition = threading.Condition()
        self._threads = [threading.Thread(target=self._work, args=(n == jobs,), daemon=True) for n in range(jobs + 1)]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Pieces of work in the queue, without urgent ones."""
        return sum(entry[0] > URGENT for entry in self._queue)

    def seconds_to_wait(self) -> int:
        """Whole seconds, at least 1, after which there will be room, as far as the mean tells."""
        return max(1, round(self.mean_seconds * (1 + self.waiting) / self.jobs))

    def require_room(self) -> None:
        """Raise Busy if no more work may wait."""
        if self.waiting >= self.most_waiting:
            raise Busy(f"{self.waiting} requests are waiting, which is the most. Try again.", self.seconds_to_wait())

    @contextmanager
    def reserved(self, size: int) -> Iterator[None]:
        """Hold bytes of memory for the block; raises Busy if requests would hold too much together."""
        with self._condition:
            if self.held + size > self.memory and self.held:
                found = f"requests hold {self.held / 1e6:.0f} MB, and {size / 1e6:.0f} MB more are too much. Try again."
                raise Busy(found, self.seconds_to_wait())
            self.held += size
        try:
            yield
        finally:
            with self._condition:
                self.held -= size

    async def do(
        self, function: Callable[[Work], Any], *, urgent: bool = False, told: Callable[[str], None] = lambda step: None
    ) -> Any:
        """Run a function of a `Work` in a thread and return what it returns.

        Parameters
        ----------
        function : function of Work
        urgent : bool
            Before all that is not, and never refused.
        told : function of str
            Called in the event loop with the name of each part that begins.

        Raises
        ------
        Busy
            If too much is waiting.
        """
        if not urgent:
            self.require_room()
        loop = asyncio.get_running_loop()
        work = Work(function, lambda name: _tell(loop, told, name))
        done = loop.create_future()
        with self._condition:
            heapq.heappush(self._queue, (URGENT if urgent else URGENT + 1, next(self._order), work, done, loop))
            self._condition.notify_all()
        try:
            return await done
        except asyncio.CancelledError:
            work.left.set()
            with self._condition:
                self._queue = [entry for entry in self._queue if entry[2] is not work]
                heapq.heapify(self._queue)
            raise

    def close(self) -> None:
        """Let the threads end after what they are doing, and wait for them."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self, urgent_alone: bool) -> None:
        def due() -> bool:
            return bool(self._queue) and (self._queue[0][0] == URGENT or not urgent_alone)

        if self.polite and not urgent_alone:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while True:
            with self._condition:
                self._condition.wait_for(lambda: due() or self._closed)
                if not due():
                    return
                rank, _, work, done, loop = heapq.heappop(self._queue)
                self.running += rank > URGENT
            start = time.monotonic()
            value, error = _outcome(work)
            with self._condition:
                self.running -= rank > URGENT
                if error is None and rank > URGENT:
                    weight, self._measured = LATEST if self._measured else 1, True
                    self.mean_seconds += weight * (time.monotonic() - start - self.mean_seconds)
            _tell(loop, _settle, done, value, error)
            del value, error, work, done  # nothing is held while the thread waits


def _outcome(work: Work) -> tuple[Any, BaseException | None]:
    try:
        work.step("started")
        return work.function(work), None
    except Exception as error:
        return None, error


def _tell(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: Any) -> None:
    with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
        loop.call_soon_threadsafe(function, *arguments)


def _settle(done: asyncio.Future, value: Any, error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(value)
    else:
        done.set_exception(error)
