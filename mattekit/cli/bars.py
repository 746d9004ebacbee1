"""Progress of a command, on stderr: a bar on a terminal, a line a minute elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

EVERY = 60.0  # seconds between lines where stderr is no terminal


def left(done: float, whole: float, seconds: float) -> str:
    """Write the time that is left, by the mean speed until now: 5 s, 1:05 min, 2:03 h; "" where nothing is done."""
    if done <= 0 or whole <= 0:
        return ""
    rest = round(seconds * max(0.0, whole - done) / done)
    if rest < 60:
        return f"{rest} s left"
    unit, rest = ("min", rest) if rest < 3600 else ("h", rest // 60)
    return f"{rest // 60}:{rest % 60:02d} {unit} left"


def speed(done: float, seconds: float, label: str) -> str:
    """Write how many items are done a second, or how many seconds one takes: 2.4 frames/s, 3.1 s a frame."""
    if done <= 0 or seconds <= 0:
        return ""
    rate = done / seconds
    return f"{rate:.1f} {label}/s" if rate >= 1 else f"{1 / rate:.1f} s each"


class Course:
    """A count of items that are done, and of the item in work as much as computations tell."""

    def __init__(self, label: str, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.label, self.total, self.clock = label, total, clock
        self.start, self.items = clock(), 0
        self.part, self.part_start = ("", 0.0, 0.0), self.start

    def advance(self) -> None:
        """Count an item that is done."""
        self.items += 1
        self.part = "", 0.0, 0.0

    def hear(self, what: str, done: float, whole: float) -> None:
        """Take what a computation tells of the item in work."""
        if what != self.part[0] or done < self.part[1]:
            self.part_start = self.clock()
        self.part = what, done, whole

    def whole_line(self) -> str:
        """Describe all items: their number, speed and the time that is left."""
        seconds = self.clock() - self.start
        parts = [f"{self.items} of {self.total} {self.label}", speed(self.items, seconds, self.label)]
        return ", ".join(part for part in (*parts, left(self.items, self.total, seconds)) if part)

    def part_line(self) -> str:
        """Describe the item in work: what is computed, how much of it, and the time that is left; "" if none tells."""
        what, done, whole = self.part
        if not what:
            return ""
        share = f"{what} {done / whole:.0%}" if whole else what
        return ", ".join(filter(None, (share, left(done, whole, self.clock() - self.part_start))))

    def line(self) -> str:
        """Describe everything in one line."""
        return "; ".join(filter(None, (self.whole_line() if self.total > 1 else "", self.part_line())))


@contextmanager
def shown(course: Course, say: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Show a course while the block runs, and yield the function that counts items; `say` prints a line on stderr."""
    from mattekit import progress

    drawn = _on_terminal if sys.stderr.isatty() else _in_lines
    with drawn(course, say) as (advance, hear), progress.listening(hear):
        yield advance


@contextmanager
def _in_lines(course: Course, say: Callable[[str], None]) -> Iterator[Any]:
    said = course.start

    def tell() -> None:
        nonlocal said
        if course.clock() - said >= EVERY and (line := course.line()):
            said = course.clock()
            say(line)

    def advance() -> None:
        course.advance()
        tell()

    def hear(what: str, done: float, whole: float) -> None:
        course.hear(what, done, whole)
        tell()

    yield advance, hear


@contextmanager
def _on_terminal(course: Course, say: Callable[[str], None]) -> Iterator[Any]:
    from rich.console import Console
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    def draw() -> Table:
        grid = Table.grid(padding=(0, 1))
        if course.total > 1:
            grid.add_row(ProgressBar(course.total, course.items, width=30), Text(course.whole_line()))
        if line := course.part_line():
            _, done, whole = course.part
            pulsing = not whole
            grid.add_row(ProgressBar(whole or 1, done, width=30, pulse=pulsing), Text(line))
        return grid

    # Data on a piped stdout must not be drawn with the bars.
    plain = {"redirect_stdout": sys.stdout.isatty(), "refresh_per_second": 4}
    with Live(get_renderable=draw, console=Console(stderr=True), transient=True, **plain):
        yield course.advance, course.hear
