"""Folders of items: what is shown, what is skipped, what stops a run, and the exit code."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from mattekit import files
from mattekit.cli import batch, console
from mattekit.errors import InputError
from mattekit.pairing import Problem


@dataclass(frozen=True)
class Task:
    name: str
    target: Path

    @property
    def outputs(self):
        return [self.target]


def work(task):
    if task.name.startswith("bad"):
        raise InputError(f"{task.name}.png: not an image.")
    if task.name.startswith("bug"):
        raise KeyError("oops")
    console.logger.warning("%s: look out", task.name)
    files.write_bytes(task.target, b"made")
    return {"outputs": {"alpha": str(task.target)}}


@pytest.fixture(autouse=True)
def loud():
    console.setup(verbose=True)
    yield
    console.setup()


def tasks(folder, *names):
    return [Task(name, folder / f"{name}.png") for name in names]


def code_of(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except typer.Exit as end:
        return end.exit_code
    return 0


def test_a_run_without_trouble_exits_with_0_and_keeps_stdout_empty(tmp_path, capsys):
    assert code_of(batch.run_folder, tasks(tmp_path, "a", "b"), work) == 0
    out, err = capsys.readouterr()
    assert out == "" and "2 images done in" in err and "note: a: look out" in err
    assert (tmp_path / "a.png").read_bytes() == b"made"


def test_bad_items_do_not_stop_the_rest_and_are_named_in_the_summary(tmp_path, capsys):
    assert code_of(batch.run_folder, tasks(tmp_path, "a", "bad1", "bug", "z"), work, label="alphas") == 3
    _, err = capsys.readouterr()
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["a", "z"]
    summary = err[err.index("2 alphas done, 2 failed") :]
    assert "failed: bad1: bad1.png: not an image." in summary
    assert "failed: bug: unexpected KeyError" in summary


def test_fail_fast_stops_at_the_first_with_exit_1(tmp_path):
    assert code_of(batch.run_folder, tasks(tmp_path, "a", "bad1", "z"), work, fail_fast=True) == 1
    assert [path.stem for path in tmp_path.iterdir()] == ["a"]


def test_problems_are_shown_before_anything_is_done_and_count_as_failed(tmp_path, capsys):
    assert code_of(batch.run_folder, tasks(tmp_path, "a"), work, problems=["x.png: no trimap.", "y: two."]) == 3
    err = capsys.readouterr().err
    assert err.index("error: x.png: no trimap.") < err.index("error: y: two.") < err.index("a: look out")
    assert "1 images done, 2 failed" in err
    assert code_of(batch.run_folder, tasks(tmp_path, "b"), work, problems=["x"], fail_fast=True) == 1
    assert not (tmp_path / "b.png").exists()
    assert code_of(batch.run_folder, [], work, problems=["x"]) == 1


def test_existing_outputs_are_skipped_when_asked_and_replaced_otherwise(tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(b"mine")
    assert code_of(batch.run_folder, tasks(tmp_path, "a", "b"), work, skip_existing=True) == 0
    assert (tmp_path / "a.png").read_bytes() == b"mine"
    assert "1 images done, 1 skipped (outputs exist)" in capsys.readouterr().err
    batch.run_folder(tasks(tmp_path, "a"), work)
    assert (tmp_path / "a.png").read_bytes() == b"made"


def test_json_is_one_object_per_item_failed_ones_too(tmp_path, capsys):
    assert code_of(batch.run_folder, tasks(tmp_path, "a", "bad1"), work, json=True) == 3
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        {"name": "a", "outputs": {"alpha": str(tmp_path / "a.png")}},
        {"name": "bad1", "error": "bad1.png: not an image."},
    ]


def test_json_tells_problems_too_by_the_name_they_carry(tmp_path, capsys):
    problems = [Problem("x", "photos/x.png: no trimap."), "photos/y.png: two of that name."]
    assert code_of(batch.run_folder, tasks(tmp_path, "a"), work, problems=problems, json=True) == 3
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[:2] == [
        {"name": "x", "error": "photos/x.png: no trimap."},
        {"name": "photos/y.png", "error": "photos/y.png: two of that name."},
    ]


def test_quiet_leaves_errors_only(tmp_path, capsys):
    console.setup(quiet=True)
    code_of(batch.run_folder, tasks(tmp_path, "a", "bad1"), work)
    out, err = capsys.readouterr()
    assert out == "" and err == "error: bad1: bad1.png: not an image.\n"


def test_a_command_can_show_results_in_its_own_way(tmp_path, capsys):
    seen = []
    batch.run_folder(tasks(tmp_path, "a", "b"), work, show=lambda name, value, json: seen.append((name, json)))
    batch.run_one(tasks(tmp_path, "c")[0], work, json=True, show=lambda name, value, json: seen.append((name, json)))
    assert seen == [("a", False), ("b", False), ("c", True)]
    assert capsys.readouterr().out == ""


def test_a_single_item_raises_its_own_error(tmp_path, capsys):
    with pytest.raises(InputError, match=r"bad\.png: not an image"):
        batch.run_one(tasks(tmp_path, "bad")[0], work)
    batch.run_one(tasks(tmp_path, "a")[0], work)
    assert f"wrote {tmp_path / 'a.png'}" in capsys.readouterr().err
    (tmp_path / "a.png").write_bytes(b"mine")
    batch.run_one(tasks(tmp_path, "a")[0], work, skip_existing=True)
    assert (tmp_path / "a.png").read_bytes() == b"mine"


def test_json_names_what_was_skipped_too(tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(b"mine")
    batch.run_folder(tasks(tmp_path, "a", "b"), work, skip_existing=True, json=True)
    batch.run_one(tasks(tmp_path, "a")[0], work, skip_existing=True, json=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    skipped = {"name": "a", "skipped": True}
    assert rows == [skipped, {"name": "b", "outputs": {"alpha": str(tmp_path / "b.png")}}, skipped]


HOSTILE = "\x1b]0;owned\x07red\x1b[31m\nnew \x9b2J\u202eline\udcff"


@pytest.mark.parametrize("as_json", [False, True])
def test_no_control_character_of_a_name_reaches_the_terminal(tmp_path, capsys, as_json):
    """Not of items that are done, noted, skipped, failed or that could not be started; and JSON keeps the name."""
    names = [HOSTILE, f"bad{HOSTILE}", f"bug{HOSTILE}", f"there{HOSTILE}"]
    items = [Task(name, tmp_path / f"{i}.png") for i, name in enumerate(names)]
    items[3].target.touch()
    problem = Problem(f"lone{HOSTILE}", f"lone{HOSTILE}: no trimap.")
    code_of(batch.run_folder, items, work, problems=[problem], skip_existing=True, json=as_json)
    out, err = capsys.readouterr()
    for line in (out + err).splitlines():
        assert line.isprintable(), line
    assert r"\x1b]0;owned\x07red\x1b[31m\nnew \x9b2J\u202eline\xff" in err
    assert len(err.splitlines()) == 7 + (not as_json)
    if as_json:
        assert [json.loads(line)["name"] for line in out.splitlines()] == [problem.name, names[3], *names[:3]]
