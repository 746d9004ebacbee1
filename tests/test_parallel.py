"""Every item gets its own answer, whatever happens to the process that works on it."""

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mattekit import files, parallel
from mattekit.errors import InputError, MissingFileError, WorkerDiedError

# The functions below are imported by the worker processes under this name.
sys.path.insert(0, str(Path(__file__).parent / "workers"))
import parallel_work as work  # noqa: E402


def by_item(results):
    return {result.item: result for result in results}


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_two_jobs_answer_what_one_job_answers(count):
    items = list(range(count))
    one, two = (by_item(parallel.run(work.square, items, jobs)) for jobs in (1, 2))
    assert {item: result.value for item, result in one.items()} == {item: item**2 for item in items}
    assert {item: result.value for item, result in two.items()} == {item: item**2 for item in items}


def test_work_happens_in_as_many_processes_as_asked_for():
    pids = {result.value for result in parallel.run(work.process, range(8), 2)}
    assert os.getpid() not in pids and 1 <= len(pids) <= 2
    assert {result.value for result in parallel.run(work.process, range(3), 1)} == {os.getpid()}


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_belongs_to_its_item_and_keeps_its_type_and_words(jobs):
    results = by_item(parallel.run(work.fail, ["fine", "input", "missing", "odd"], jobs))
    assert results["fine"].value == "fine" and results["fine"].error is None
    assert type(results["input"].error) is InputError and str(results["input"].error) == "a.png: bad."
    assert type(results["missing"].error) is MissingFileError
    assert str(results["missing"].error) == "b.png: no such file."
    assert "Stubborn" in repr(results["odd"].error) or "Stubborn" in str(results["odd"].error)
    assert "1 and 2" in str(results["odd"].error)


def test_what_cannot_be_pickled_fails_alone():
    results = by_item(parallel.run(work.unpicklable_value, [0, 1, 2], 2))
    assert results[0].value == 0 and results[2].value == 2
    assert results[1].error is not None and not isinstance(results[1].error, WorkerDiedError)


@pytest.mark.skipif(os.name != "posix", reason="signals are a matter of POSIX")
def test_a_killed_process_fails_its_item_alone():
    """The two items in the hands of other workers, and those behind, are done all the same."""
    results = list(parallel.run(work.kill_on_three, range(8), 2))
    assert sorted(result.item for result in results) == list(range(8))
    bad = [result for result in results if result.error is not None]
    assert [result.item for result in bad] == [3]
    assert isinstance(bad[0].error, WorkerDiedError) and "its process died" in str(bad[0].error)
    assert all(result.value == result.item for result in results if result.item != 3)


@pytest.mark.parametrize("jobs", [1, 2])
def test_log_records_come_back_once(jobs, caplog):
    logger = logging.getLogger("mattekit")
    before, logger.propagate = (logger.level, logger.propagate), True
    logger.setLevel(logging.INFO)
    try:
        results = by_item(parallel.run(work.speak, ["a", "b"], jobs))
    finally:
        logger.setLevel(before[0])
        logger.propagate = before[1]
    seen_here = [(record.levelno, record.getMessage()) for record in caplog.records if record.name == "mattekit"]
    returned = [(entry.levelno, entry.getMessage()) for name in "ab" for entry in results[name].logged]
    said = [entry for name in "ab" for entry in ((logging.WARNING, f"{name}: a note"), (logging.INFO, f"{name}: more"))]
    assert (seen_here, returned) == ((said, []) if jobs == 1 else ([], said))


@pytest.mark.skipif(os.name != "posix", reason="signals are a matter of POSIX")
def test_closing_the_generator_stops_the_workers_and_what_they_hold(tmp_path):
    """Workers asleep for minutes leave at once, through their `finally`; nothing further is begun."""
    items = [("quick", tmp_path), *[(f"slow {k}", tmp_path) for k in range(4)]]
    before = set(multiprocessing.active_children())
    generator = parallel.run(work.sleepy, items, 2)
    assert next(generator).item[0] == "quick"
    wait_for(lambda: len(list(tmp_path.glob("*.begun"))) >= 3)
    start = time.monotonic()
    generator.close()
    assert time.monotonic() - start < 20
    assert set(multiprocessing.active_children()) <= before
    begun = sorted(path.stem for path in tmp_path.glob("*.begun"))
    assert begun == sorted(path.stem for path in tmp_path.glob("*.ended")) and len(begun) == 3
    assert list(tmp_path.glob(".*")) == [], "a temporary file was left"


@pytest.mark.skipif(os.name != "posix", reason="signals are a matter of POSIX")
def test_closing_leaves_processes_that_are_not_ours_alone():
    stranger = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    stranger.start()
    try:
        generator = parallel.run(work.square, range(6), 2)
        next(generator)
        generator.close()
        assert stranger.is_alive()
    finally:
        stranger.kill()
        stranger.join()


@pytest.mark.skipif(os.name != "posix", reason="signals are a matter of POSIX")
@pytest.mark.parametrize("polite", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_parent_ends_soon_and_starts_nothing_more(tmp_path, polite):
    """Two items are in work and a third waits in the pool's own queue, from where nobody can cancel it."""
    script = Path(__file__).parent / "workers" / "endless_parent.py"
    parent = subprocess.Popen([sys.executable, script, tmp_path], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: len(list(tmp_path.glob("*.begun"))) == 2)
        time.sleep(0.2)
        parent.send_signal(polite)
        assert parent.wait(timeout=20) not in (0, None)
    finally:
        parent.kill()
        parent.wait()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.begun", "one.ended", "two.begun", "two.ended"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_workers_end_when_their_parent_is_killed(tmp_path):
    script = Path(__file__).parent / "workers" / "endless_parent.py"
    parent = subprocess.Popen([sys.executable, script, tmp_path])
    try:
        wait_for(lambda: len([path for path in tmp_path.glob("*.begun") if path.read_text()]) == 2)
        pids = [int(path.read_text()) for path in tmp_path.glob("*.begun")]
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    files._sweep_once.cache_clear()
    files.write_bytes(tmp_path / "next", b"")
    assert list(tmp_path.glob(".*")) == []


def test_processes_share_the_cores_unless_the_user_said_otherwise(monkeypatch):
    for name in parallel.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    share = str(max(1, (os.cpu_count() or 1) // 2))
    for result in parallel.run(work.threads, range(2), 2):
        assert result.value == {name: share for name in parallel.THREAD_VARIABLES} | {"MKL_NUM_THREADS": "7"}
    assert "OMP_NUM_THREADS" not in os.environ


def test_garbage_among_what_libraries_leave_is_looked_for_seldom():
    assert all(result.value >= 100_000 for result in parallel.run(work.threshold, [1, 2], jobs=2))


KILLED = """
import multiprocessing, os, signal
from mattekit import parallel

{first}
kept = [multiprocessing.get_context("spawn").Semaphore() for _ in range(3)]
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="the tracker is one of POSIX")
@pytest.mark.parametrize("variables", [{}, {"PYTHONWARNINGS": "error::RuntimeWarning"}])
def test_semaphores_of_a_killed_process_are_removed_without_a_word(variables):
    """The tracker outlives the process and holds its standard error, so that all it says is read."""

    def told(first):
        words = [sys.executable, "-c", KILLED.format(first=first)]
        done = subprocess.run(words, env={**os.environ, **variables}, capture_output=True, text=True, timeout=60)
        assert done.returncode == -signal.SIGKILL
        return done.stderr

    assert "leaked semaphore" in told("")
    assert told("parallel.quiet_tracker()") == ""
