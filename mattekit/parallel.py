"""Run one function over many items in several processes; an item that fails, or kills its process, fails alone."""

import atexit
import gc
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from logging.handlers import QueueHandler
from typing import Any

from mattekit import interrupts
from mattekit.errors import WorkerDiedError

THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
    "OPENCV_FOR_THREADS_NUM",
)


@dataclass
class Result:
    """Result of one item: a value or an error, and the records that were logged."""

    item: Any
    value: Any = None
    error: Exception | None = None
    logged: list[logging.LogRecord] = field(default_factory=list)


def run(work: Callable[[Any], Any], items: Sequence[Any], jobs: int = 1) -> Iterator[Result]:
    """Yield a Result for every item, in the order they finish.

    With `jobs` > 1, `work` and the items are pickled to that many fresh processes, which share the cores
    between them. Log records of "mattekit" come back in the result. Closing the generator stops the workers.
    """
    if jobs <= 1 or len(items) <= 1:
        return (call(work, item) for item in items)
    return _in_processes(work, items, min(jobs, len(items)))


def _in_processes(work: Callable, items: Sequence[Any], jobs: int) -> Iterator[Result]:
    waiting, suspects = deque(items), []
    while waiting:
        running: dict = {}
        with _pool(jobs) as pool:
            try:
                while waiting or running:
                    while waiting and len(running) < jobs + 1:  # one in hand, so that no worker waits for us
                        future = pool.submit(call_in_worker, work, waiting[0])  # may raise: the item still waits then
                        running[future] = waiting.popleft()
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        result = _result(future, running[future])
                        del running[future]
                        yield result
            except BrokenProcessPool:
                suspects.extend(running.values())
    for item in suspects:  # each alone, so that only the one that kills its process is blamed
        with _pool(1) as pool:
            try:
                yield _result(pool.submit(call_in_worker, work, item), item)
            except BrokenProcessPool:
                message = "its process died; it was killed or ran out of memory."
                yield Result(item, error=WorkerDiedError(message, remedy="jobs"))


def _result(future: Future, item: Any) -> Result:
    try:
        value, error, logged = future.result()
    except BrokenProcessPool:
        raise
    except Exception as problem:  # the item or its value cannot be pickled
        return Result(item, error=problem)
    return Result(item, value, error, logged)


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    # Fresh processes: a fork would copy the locks of OpenCV's, numba's and torch's threads mid-air.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker, initargs=(list(sys.path),))
    try:
        with _threads(max(1, (os.cpu_count() or 1) // jobs)):
            yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let processes started in the block use `count` threads, unless the user said otherwise."""
    ours = {name: str(count) for name in THREAD_VARIABLES if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def collect_seldom() -> None:
    """Let Python look for garbage less often, and not at the end.

    Libraries make half a million objects that stay; to look among them takes most of a second.
    """
    gc.set_threshold(100_000, *gc.get_threshold()[1:])
    atexit.register(gc.freeze)


def _start_worker(path: list[str]) -> None:
    sys.path[:] = path
    collect_seldom()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    interrupts.install()
    signal.signal(signal.SIGTERM, interrupts.leave_at_once)  # between items
    end_with_parent()


def quiet_tracker() -> None:
    """Start Python's tracker of semaphores so that it removes those of a killed process without a warning of its own.

    It is one process for all processes that this one starts, and takes its filters of warnings when it starts.
    """
    if os.name != "posix":
        return
    from multiprocessing import resource_tracker

    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (before, "ignore:resource_tracker")))
    try:
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


def end_with_parent() -> None:
    """Let this process, started by `multiprocessing`, end as soon as its parent has gone, however that went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_end, args=(parent,), daemon=True).start()


def _wait_and_end(parent: Any) -> None:
    parent.join()
    os._exit(1)


def call(work: Callable, item: Any) -> Result:
    """Call `work(item)` in this process; return its value or its error."""
    try:
        with interrupts.surfaced():
            return Result(item, work(item))
    except Exception as error:
        return Result(item, error=error)


def call_in_worker(work: Callable, item: Any) -> tuple[Any, Exception | None, list[logging.LogRecord]]:
    """Call `work(item)` in another process: its value or error, which can be sent, and what was logged for the user."""
    logged: list[logging.LogRecord] = []
    handler, logger = _Collect(logged), logging.getLogger("mattekit")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    _limit_opencv()
    try:
        with interrupts.leaving_cleanly():
            result = call(work, item)
    except SystemExit as end:  # SIGTERM; the pool would take it for this item's error and go on to the next
        os._exit(end.code if isinstance(end.code, int) else 1)
    finally:
        logger.removeHandler(handler)
    return result.value, portable(result.error), logged


def portable(error: Exception | None) -> Exception | None:
    """Return the error itself, or its text if it does not survive pickling (its type takes other arguments)."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def use_threads(count: int) -> None:
    """Let the libraries in this process, and in those that it starts, use `count` threads each."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(count)))  # read by libraries that are imported later
    _limit_opencv()
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(count)
    if numba := sys.modules.get("numba"):
        numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))


def _limit_opencv() -> None:
    cv2 = sys.modules.get("cv2")
    if cv2 is not None and "OMP_NUM_THREADS" in os.environ:
        cv2.setNumThreads(int(os.environ["OMP_NUM_THREADS"]))


class _Collect(QueueHandler):
    """Append log records, formatted so that they survive pickling, to a list."""

    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue.append(record)
