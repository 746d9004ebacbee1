"""One item or a folder of items: progress, --jobs, --skip-existing, --fail-fast, --json and the exit code.

A run that was killed is finished by --skip-existing: `files` writes an output whole or not at all.
"""

import os
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import typer

from mattekit.cli import console
from mattekit.errors import DeviceLostError, MattekitError, is_out_of_memory

# Shows one finished item: its name, the result of `work`, and whether --json was given.
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
    shard: Any = None,
    json: bool = False,
    show: Show | None = None,
) -> None:
    """Process a single item, on the first rank of a launcher; its error is the command's error (exit 1)."""
    if shard and shard.count > 1:
        raise typer.BadParameter(f"--shard shares out the items of a folder, but {task.name} is one item.")
    if rank_of(shard).index:
        return
    if skip_existing and _done(task):
        console.status(f"{task.name}: skipped, the outputs exist")
        _report_skipped([task], json=json)
        return
    _require_writable([task])
    with console.progress(task.name, 1):
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
    shard: Any = None,
    together: Callable[[Any], Hashable] | None = None,
    json: bool = False,
    label: str = "images",
    show: Show | None = None,
    run: Callable[[Callable, Sequence, int], Iterator] | None = None,
) -> None:
    """Process many items, or this rank's share of them; one that fails does not stop the rest.

    `work` is a picklable function from a task to a JSON-ready dictionary. `problems` are items that could not
    even be started (no partner, two candidates): they are shown first and count as failed. `shard` is the Rank of
    --shard; without, the launcher's is used. `together` keeps items with the same key on one rank. `show` replaces
    `console_result` for commands whose result is not a file; `run` replaces `parallel.run` for commands that process
    several items at once. After a device is lost no further item is tried.
    Raises typer.Exit(3) after a summary when any item failed, typer.Exit(1) at the first with `fail_fast`.
    """
    from mattekit import parallel

    start, rank = time.perf_counter(), rank_of(shard)
    stop = bool(problems) and (fail_fast or not tasks)
    # Shared before checking outputs: ranks that start at different times must agree on their shares.
    tasks, problems = rank.share(tasks, together), rank.share(problems)
    _report_problems(problems, json=json)
    if stop:
        raise typer.Exit(1)
    skipped = [task for task in tasks if skip_existing and _done(task)]
    _report_skipped(skipped, json=json)
    skipped_ids = set(map(id, skipped))
    todo = [task for task in tasks if id(task) not in skipped_ids]
    _require_writable(todo)
    tried, failed = set(), []
    with console.progress(label, len(todo)) as advance:
        for result in (run or parallel.run)(work, todo, jobs):
            tried.add(id(result.item))
            log(result.logged)
            advance()
            if result.error is None:
                (show or console_result)(result.item.name, result.value, json)
                continue
            failed.append(failure(result.item.name, result.error, json=json))
            if fail_fast:
                raise typer.Exit(1)
            if isinstance(result.error, DeviceLostError):
                break
    untried = [task for task in todo if id(task) not in tried]
    _report_untried(untried, label, json=json)
    counts = {"skipped (outputs exist)": len(skipped), "failed": len(problems) + len(failed)}
    counts = {"done": len(tried) - len(failed), **counts, "not tried": len(untried)}
    _summary(rank, counts, failed, start, label)


def rank_of(shard: Any) -> Any:
    """Return the Rank of --shard, or else the launcher's."""
    from mattekit import ranks

    return shard or ranks.here()


def console_result(name: str, value: dict, json: bool) -> None:
    """Show one finished item: a JSON line on stdout, or its outputs on stderr."""
    if json:
        console.json_line({"name": name, **value})
    elif outputs := value.get("outputs"):
        console.logger.info("%s: %s", name, ", ".join(outputs.values()))


def _done(task: Task) -> bool:
    return bool(task.outputs) and all(path.exists() for path in task.outputs)


def _require_writable(tasks: Sequence[Task]) -> None:
    """Raise OSError before any work if its results could not be written."""
    from mattekit.files import require_writable

    for folder in dict.fromkeys(path.parent for task in tasks for path in task.outputs if str(path) != "-"):
        require_writable(folder)


def log(logged: Sequence[Any]) -> None:
    """Show what was logged in another process."""
    for record in logged:
        if console.logger.isEnabledFor(record.levelno):
            console.logger.handle(record)


def _report_problems(problems: Sequence[str], *, json: bool) -> None:
    for problem in problems:
        line = console.with_remedy(problem, problem)
        console.error(line)
        if json:
            console.json_line({"name": getattr(problem, "name", problem.partition(": ")[0]), "error": line})


def _report_skipped(tasks: Sequence[Task], *, json: bool) -> None:
    for task in tasks if json else []:
        console.json_line({"name": task.name, "skipped": True})


def failure(name: str, problem: Exception, *, json: bool) -> str:
    """Show the error of an item on stderr, and with `json` on stdout; return its line."""
    text = console.describe(problem)
    if not (isinstance(problem, (MattekitError, OSError)) or is_out_of_memory(problem)):
        text = f"unexpected {type(problem).__name__}: {text}"
    console.error(f"{name}: {text}")
    if json:
        console.json_line({"name": name, "error": text})
    return f"{name}: {text}"


def _report_untried(untried: Sequence[Task], label: str, *, json: bool) -> None:
    if untried:
        console.error(f"{len(untried)} more {label} were not tried, as the device is lost.")
    for task in untried if json else []:
        console.json_line({"name": task.name, "error": "not tried, as the device is lost."})


def _summary(rank: Any, counts: dict[str, int], failed: list[str], start: float, label: str) -> None:
    parts = [f"{counts['done']} {label} done"]
    parts += [f"{count} {outcome}" for outcome, count in counts.items() if count and outcome != "done"]
    lead = f"{rank}: " if rank.count > 1 else ""
    console.status(f"{lead}{', '.join(parts)} in {time.perf_counter() - start:.1f} s")
    for line in failed:
        console.status(f"  failed: {line}")
    if counts["failed"]:
        raise typer.Exit(3)


def leave_torchrun(*, failed: bool) -> None:
    """Tell torchrun's store that this rank is done; if items `failed`, wait for all other ranks.

    torchrun ends all ranks as soon as one reports a failure, so ranks with failed items leave last. Under other
    launchers, and without a store, nothing happens.
    """
    from mattekit import ranks

    rank = ranks.here()
    if rank.count == 1 or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return
    from torch.distributed import TCPStore

    keys = [f"mattekit/{os.environ.get('TORCHELASTIC_RESTART_COUNT')}/{i}" for i in range(rank.count)]
    try:
        store = TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False)
        store.set(keys[rank.index], "done")
        # Polled, so that Python can handle SIGTERM, which torchrun sends when a rank was killed.
        while failed and not store.check(keys):
            time.sleep(0.2)
    except (RuntimeError, KeyError, ValueError) as error:
        console.logger.info("torchrun's store does not answer (%s); this rank leaves at once.", error)
