"""One item or a folder of items: progress, --jobs, --skip-existing, --fail-fast, --json and the exit code."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import typer

from mattekit.cli import console
from mattekit.errors import MattekitError

# Shows one finished item: its name, what `work` returned, and whether --json was given.
Show = Callable[[str, dict, bool], None]


class Task(Protocol):
    """One item of work: a name for messages, and the files whose existence means that it is done."""

    name: str
    outputs: Sequence[Path]


def run_one(
    task: Task,
    work: Callable[[Any], dict],
    *,
    skip_existing: bool = False,
    json: bool = False,
    show: Show | None = None,
) -> None:
    """Do a single item; its error is the command's error (exit 1)."""
    if skip_existing and _done(task):
        console.status(f"{task.name}: skipped, the outputs exist")
        return
    value = work(task)
    (show or console_result)(task.name, value, json)
    outputs = [path for path in value.get("outputs", {}).values() if path != "-"]
    if outputs and not json:
        console.status(f"wrote {', '.join(outputs)}")


def run_folder(
    tasks: Sequence[Task],
    work: Callable[[Any], dict],
    *,
    problems: Sequence[str] = (),
    jobs: int = 1,
    skip_existing: bool = False,
    fail_fast: bool = False,
    json: bool = False,
    label: str = "images",
    show: Show | None = None,
    run: Callable[[Callable, Sequence, int], Iterator] | None = None,
) -> None:
    """Do many items; one that fails does not stop the rest.

    `work` is a picklable function from a task to a JSON-ready dictionary. `problems` are items that could not
    even be started (no partner, two candidates): they are shown first and count as failed. `show` replaces
    `console_result` for commands whose result is not a file; `run` replaces
    `parallel.run` for those that work on several items at once.
    Raises typer.Exit(3) after a summary when any item failed, typer.Exit(1) at the first with `fail_fast`.
    """
    from mattekit import parallel

    start = time.perf_counter()
    for problem in problems:
        console.error(problem)
    if problems and (fail_fast or not tasks):
        raise typer.Exit(1)
    todo = [task for task in tasks if not (skip_existing and _done(task))]
    failed: list[str] = []
    with console.progress(label, len(todo)) as advance:
        for result in (run or parallel.run)(work, todo, jobs):
            _replay(result.logged)
            advance()
            if result.error is None:
                (show or console_result)(result.item.name, result.value, json)
                continue
            failed.append(_failure(result.item.name, result.error, json=json))
            if fail_fast:
                raise typer.Exit(1)
    _summary(len(todo) - len(failed), len(tasks) - len(todo), len(problems) + len(failed), failed, start, label)


def console_result(name: str, value: dict, json: bool) -> None:
    """Show one finished item: a JSON line on stdout, or where it was written on stderr."""
    if json:
        console.json_line({"name": name, **value})
    elif outputs := value.get("outputs"):
        console.logger.info("%s: %s", name, ", ".join(outputs.values()))


def _done(task: Task) -> bool:
    return bool(task.outputs) and all(path.exists() for path in task.outputs)


def _replay(logged: list[tuple[int, str]]) -> None:
    for level, message in logged:
        console.logger.log(level, "%s", message)


def _failure(name: str, problem: Exception, *, json: bool) -> str:
    text = console.describe(problem)
    if not isinstance(problem, (MattekitError, OSError, MemoryError)):
        text = f"unexpected {type(problem).__name__}: {text}"
    console.error(f"{name}: {text}")
    if json:
        console.json_line({"name": name, "error": text})
    return f"{name}: {text}"


def _summary(done: int, skipped: int, bad: int, failed: list[str], start: float, label: str) -> None:
    parts = [f"{done} {label} done"]
    parts += [f"{skipped} skipped (outputs exist)"] if skipped else []
    parts += [f"{bad} failed"] if bad else []
    console.status(f"{', '.join(parts)} in {time.perf_counter() - start:.1f} s")
    for line in failed:
        console.status(f"  failed: {line}")
    if bad:
        raise typer.Exit(3)
