"""Progress of a command, on stderr: a bar on a terminal, a line a minute elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

EVERY = 60.0  # seconds between lines where stderr is no terminal


def time_left(done: float, total: float, seconds: float) -> str:
    """Write the time that is left, by the mean speed until now: 5 s, 1:05 min, 2:03 h; "" where nothing is done."""
    if done <= 0 or total <= 0:
        return ""
    rest = round(seconds * max(0.0, total - done) / done)
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


class Progress:
    """A count of items that are done, and of the item in work as much as computations tell."""

    def __init__(self, label: str, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.label, self.total, self.clock = label, total, clock
        self.start, self.items = clock(), 0
        self.part, self.stage_start = ("", 0.0, 0.0), self.start

    def advance(self) -> None:
        """Count an item that is done."""
        self.items += 1
        self.part = "", 0.0, 0.0

    def update(self, stage: str, done: float, total: float) -> None:
        """Take what a computation tells of the item in work."""
        if stage != self.part[0] or done < self.part[1]:
            self.stage_start = self.clock()
        self.part = stage, done, total

    def overall_line(self) -> str:
        """Describe all items: their number, speed and the time that is left."""
        seconds = self.clock() - self.start
        parts = [f"{self.items} of {self.total} {self.label}", speed(self.items, seconds, self.label)]
        return ", ".join(part for part in (*parts, time_left(self.items, self.total, seconds)) if part)

    def stage_line(self) -> str:
        """Describe the item in work: what is computed, how much of it, and the time that is left; "" if none tells."""
        stage, done, total = self.part
        if not stage:
            return ""
        share = f"{stage} {done / total:.0%}" if total else stage
        return ", ".join(filter(None, (share, time_left(done, total, self.clock() - self.stage_start))))

    def line(self) -> str:
        """Describe everything in one line."""
        return "; ".join(filter(None, (self.overall_line() if self.total > 1 else "", self.stage_line())))


@contextmanager
def displayed(state: Progress, print_line: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Show progress while the block runs, and yield the function that counts items; `print_line` writes to stderr."""
    from mattekit import progress

    display = _on_terminal if sys.stderr.isatty() else _in_lines
    with display(state, print_line) as (advance, update), progress.reporting_to(update):
        yield advance


@contextmanager
def _in_lines(state: Progress, print_line: Callable[[str], None]) -> Iterator[Any]:
    last = state.start

    def print_if_due() -> None:
        nonlocal last
        if state.clock() - last >= EVERY and (line := state.line()):
            last = state.clock()
            print_line(line)

    def advance() -> None:
        state.advance()
        print_if_due()

    def update(stage: str, done: float, total: float) -> None:
        state.update(stage, done, total)
        print_if_due()

    yield advance, update


@contextmanager
def _on_terminal(state: Progress, print_line: Callable[[str], None]) -> Iterator[Any]:
    from rich.console import Console
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    def draw() -> Table:
        grid = Table.grid(padding=(0, 1))
        if state.total > 1:
            grid.add_row(ProgressBar(state.total, state.items, width=30), Text(state.overall_line()))
        if line := state.stage_line():
            _, done, total = state.part
            pulsing = not total
            grid.add_row(ProgressBar(total or 1, done, width=30, pulse=pulsing), Text(line))
        return grid

    # Data on a piped stdout must not be drawn with the bars.
    plain = {"redirect_stdout": sys.stdout.isatty(), "refresh_per_second": 4}
    with Live(get_renderable=draw, console=Console(stderr=True), transient=True, **plain):
        yield state.advance, state.update
