"""Output of commands: data on stdout; notes, progress and errors on stderr."""

import errno
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mattekit.cli.remedies import remedy_of
from mattekit.errors import is_out_of_memory, printable, printable_json

logger = logging.getLogger("mattekit")

ADVICE = {  # by errno
    errno.EACCES: "Check its permissions, or name another.",
    errno.EROFS: "Name a place that can be written to.",
    errno.ENOENT: "Check the path.",
    errno.EEXIST: "It is in the way of a folder; name another.",
    errno.ENOTDIR: "A folder is wanted there; name another.",
    errno.EISDIR: "A file is wanted there; name another.",
    errno.ENOSPC: "Make room, and run it again.",
}


def setup(*, quiet: bool = False, verbose: bool = False) -> None:
    """Show mattekit's log records on stderr: warnings as notes; with `verbose` also details; with `quiet` none.

    Under a launcher only the first rank shows them; all ranks show errors.
    """
    from mattekit import ranks

    quiet = quiet or ranks.here().index > 0
    for handler in list(logger.handlers):
        if isinstance(handler, _Stderr):
            logger.removeHandler(handler)
    logger.addHandler(_Stderr())
    logger.setLevel(logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING)
    logger.propagate = False


class _Stderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        prefix = "note: " if record.levelno >= logging.WARNING else ""
        _print_error(with_remedy(f"{prefix}{record.getMessage()}", record))


def _print_error(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)  # noqa: T201


def status(message: str) -> None:
    """Print a message about progress on stderr, unless --quiet."""
    if logger.level < logging.ERROR:
        _print_error(message)


def error(message: str, *, hint: str | None = None) -> None:
    """Print one line for an error and one for a hint."""
    _print_error(f"error: {message}")
    if hint:
        _print_error(f"hint: {hint}")


def describe(problem: BaseException) -> str:
    """Return a line for an exception that tells the user what to do."""
    if is_out_of_memory(problem):
        return "out of memory. Use fewer --jobs; predict also has --tile and --max-size."
    if isinstance(problem, OSError) and problem.strerror:
        line = f"{problem.filename or 'system'}: {problem.strerror}"
        return f"{line}. {ADVICE[problem.errno]}" if problem.errno in ADVICE else line
    return with_remedy(" ".join(str(problem).split()) or type(problem).__name__, problem)


def with_remedy(line: str, problem: object) -> str:
    """Append the sentence for the `remedy` of an error, a log record or a pairing problem to its line."""
    return f"{line} {remedy_of(problem)}".rstrip()


def data(line: str) -> None:
    """Print one line of results on stdout."""
    report(printable(line))


def json_line(value: Any) -> None:
    """Print one JSON object on one line of stdout."""
    report(printable_json(value))


def report(text: str) -> None:
    """Print text on stdout whose control characters are already escaped."""
    print(text, flush=True)  # noqa: T201


@contextmanager
def progress(label: str, total: int) -> Iterator[Any]:
    """Yield a function to call after each item; shows on stderr how many are done, and how far the present one is."""
    if logger.level >= logging.ERROR or not total:
        yield lambda: None
        return
    from mattekit.cli.progress_bar import Progress, displayed

    with displayed(Progress(label, total), status) as advance:
        yield advance
