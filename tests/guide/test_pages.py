"""Pages of the guide: every command in them runs on small pictures, and prints what the page shows."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
import typer
from typer.testing import CliRunner

from mattekit import guide
from mattekit.cli import app

ROOT = typer.main.get_command(app)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = set("|<>&;*`$")  # in a command: it needs a shell


def commands(page):
    """Yield the commands of a page's console blocks, each with the lines that it shows as output."""
    for kind, body in BLOCK.findall(page):
        if kind == "console":
            for part in re.split(r"^\$ ", body.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
                command, *shown = part.splitlines()
                yield command, [line for line in shown if line.strip() not in ("", "...")]


def others(page):
    """Yield calls of mattekit that are not run, and whether they are whole: in blocks that need time or other programs.

    Those in the text may be shortened.
    """
    for kind, body in BLOCK.findall(page):
        if kind == "sh":
            for call in re.findall(r"\bmattekit [^|>&;\n]*", body.replace("\\\n", "").replace("$i", "1")):
                yield call, True
    yield from ((call, False) for call in re.findall(r"`(mattekit [^`]*)`", BLOCK.sub("", page)))


def run(command, folder):
    """Run a command in this process, or in a shell where it needs one; return its exit code and all output."""
    if command.startswith("mattekit ") and not SHELL & set(re.sub(r"'.*?'|\".*?\"", "", command)):
        with patch.dict(os.environ):
            result = CliRunner().invoke(app, shlex.split(command)[1:])
        return result.exit_code, result.output
    program = folder / ".bin/mattekit"
    if not program.exists():
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m mattekit "$@"\n')
        program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    words = ["bash", "-o", "pipefail", "-c", command]
    done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("topic", guide.TOPICS)
def test_commands_run_and_print_what_the_page_shows(topic, studio, tmp_path, monkeypatch):
    """A command whose output begins with "error: " fails; all others succeed. "..." stands for any text."""
    shutil.copytree(studio, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    for command, shown in commands(guide.read(topic)):
        code, output = run(command, tmp_path)
        failing = any(line.startswith("error: ") for line in shown)
        assert (code != 0) == failing, f"{command}: exit code {code}\n{output}"
        lines = [" ".join(line.split()) for line in output.splitlines()]
        for line in shown:
            pattern = ".*".join(re.escape(" ".join(part.split())) for part in line.split("..."))
            pattern = pattern.replace(r"\ .*", r"\ ?.*").replace(r".*\ ", r".*\ ?")
            assert any(re.fullmatch(pattern, one) for one in lines), f"{command}: no line {line}\n{output}"


@pytest.mark.parametrize("topic", ["first-matte", "extending"])
def test_python_in_a_page_runs(topic, studio, tmp_path, monkeypatch):
    shutil.copytree(studio, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    blocks = [body for kind, body in BLOCK.findall(guide.read(topic)) if kind == "python"]
    for body in blocks:
        exec(compile(body, topic, "exec"), {"__name__": topic})
    assert blocks


@pytest.mark.parametrize("topic", guide.TOPICS)
def test_commands_that_are_not_run_are_calls_that_the_command_takes(topic):
    for call, whole in others(guide.read(topic)):
        command, words = ROOT, shlex.split(call)[1:]
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        assert command is not ROOT or words[0].startswith("-"), f"{call}: no such command"
        if whole:
            command.make_context(call, words)
        known = {name for parameter in command.params for name in parameter.opts} | {"-h", "--help"}
        assert {word for word in words if re.match("--?[a-z]", word)} <= known, call


def commands_of(command=ROOT, words=()):
    """Yield each command with its words."""
    for name, child in getattr(command, "commands", {}).items():
        yield from commands_of(child, (*words, name))
    if not hasattr(command, "commands"):
        yield " ".join(words), command


@pytest.mark.parametrize(("words", "command"), list(commands_of()), ids=str)
def test_every_option_is_named_on_a_page_that_names_its_command(words, command):
    pages = [page for page in map(guide.read, guide.TOPICS) if re.search(rf"`{words}`|mattekit {words}\b", page)]
    pages += map(guide.read, ("folders", "json"))  # explain what all commands share
    named = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", "\n".join(pages)))
    options = [one for one in command.params if one.param_type_name == "option" and "--help" not in one.opts]
    assert not [one.opts for one in options if not named & set(one.opts)], "name them in mattekit/guide/"


def test_there_is_a_page_for_every_topic_and_a_topic_for_every_page():
    folder = Path(guide.__file__).parent
    assert sorted(guide.TOPICS) == sorted(path.stem for path in folder.glob("*.md"))


@pytest.mark.parametrize("topic", guide.TOPICS)
def test_a_page_has_one_title_that_fits_a_line_and_names_pages_that_exist(topic):
    page = guide.read(topic)
    text = BLOCK.sub("", page)
    assert page.startswith("# ") and len(re.findall(r"(?m)^# ", text)) == 1
    assert len(guide.title(topic)) + 17 <= 80, "mattekit guide lists it in one line"
    assert set(re.findall(r"mattekit guide\s+([a-z][a-z-]*)", page)) <= set(guide.TOPICS)
    assert not [line for line in page.splitlines() if len(line) > 120 and line[:1] not in "|e"]
    assert not re.findall(r"\]\((?!https?:)", text), "a link to a file works on the web alone"
