"""README: its commands are calls that commands take, its pages exist, and it reads well away from its folder."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer

from mattekit import guide
from mattekit.cli import app

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
CALLS = [re.sub(r"\s+[#<>].*", "", line) for line in re.findall(r"^\$ (mattekit .*)$", TEXT, re.MULTILINE)]
CALLS += [" ".join(call.split()) for call in re.findall(r"`(mattekit [^`]*)`", TEXT)]


@pytest.mark.parametrize("call", CALLS)
def test_its_commands_are_calls_that_the_command_takes(call):
    command, words = typer.main.get_command(app), shlex.split(call)[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert words or call == "mattekit guide"
    command.make_context(call, words)


def test_the_two_commands_for_a_fresh_machine_are_there():
    """.ci/run takes the second one, word for word."""
    first, second = re.findall(r"^\$ (python3 -m venv .*)$", TEXT, re.MULTILINE)
    assert first.startswith(
        "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt . && .venv/bin/mattekit"
    )
    assert second.endswith('pip install -q -c constraints.txt ".[test]" && .venv/bin/pytest -q -n 2')
    for path in re.findall(r"examples/[\w/.]+", first):
        assert (ROOT / path).exists()


def test_away_from_its_folder_it_loses_nothing_but_the_picture_whose_text_tells_what_it_shows():
    """A package index shows the text alone: what is named by a relative path is not there."""
    assert not re.findall(r"(?<!!)\[[^]]*\]\((?!https?:)", TEXT)
    ((text, path),) = re.findall(r"!\[([^]]*)\]\(([^)]*)\)", TEXT)
    assert len(text) > 60 and (ROOT / path).is_file()


def test_its_pages_of_the_guide_and_its_extras_exist():
    assert set(re.findall(r"mattekit guide ([a-z][a-z-]+)", TEXT)) <= set(guide.TOPICS)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {name for name in re.findall(r"\[([a-z]+)\]", TEXT)} <= set(extras)


def test_its_figures_are_those_of_the_guide():
    rows = [line.split(" | ") for line in TEXT.splitlines() if re.match(r"\| [\w' ()-]+ \| [*\d]", line)]
    assert len(rows) == 4
    for name, *figures in rows:
        assert any(line.startswith(name) and all(f" {one} " in line for one in figures[:4]) for line in
                   guide.read("measured").splitlines()), name  # fmt: skip
