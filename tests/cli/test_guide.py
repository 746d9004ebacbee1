"""`mattekit guide`: a list of topics, plain Markdown in a pipe, text by a pager on a terminal."""

import os
import pty
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from mattekit import guide
from mattekit.cli import app
from mattekit.cli.topics import TOPIC_OF


def run(*words, code=0):
    result = CliRunner().invoke(app, ["guide", *words])
    assert result.exit_code == code, result.output
    return result


def test_topics_are_listed_in_a_line_each():
    lines = run().stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(guide.TOPICS)
    assert all(line.endswith(guide.title(topic)) for line, topic in zip(lines, guide.TOPICS, strict=True))


def test_a_pipe_gets_the_markdown_as_it_is():
    assert run("trimaps").stdout == guide.read("trimaps")


def test_an_unknown_topic_is_a_usage_error_that_names_the_nearest():
    error = run("trimap", code=2).stderr
    assert "TOPIC trimap: use one of first-matte, trimaps" in error and "The nearest is trimaps." in error


def on_a_terminal(*words, columns, **environment):
    """Return what a command writes to a terminal, and its exit code."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(COLUMNS=str(columns), TERM="xterm-256color", **environment)
        os.execv(sys.executable, [sys.executable, "-m", "mattekit", *words])
    output = b""
    while chunk := _read(terminal):
        output += chunk
    os.close(terminal)
    return output.decode().replace("\r", ""), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # on Linux, once the other side is closed
        return b""


def test_a_terminal_gets_text_with_colours_by_the_pager(tmp_path):
    pager = tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\necho paged with $LESS\ncat > {tmp_path}/seen\n")
    pager.chmod(0o755)
    output, code = on_a_terminal("guide", "trimaps", columns=80, PAGER=str(pager), NO_COLOR="", LESS="-FRX")
    seen = (tmp_path / "seen").read_text()
    assert code == 0 and "paged with -FRX" in output
    assert "\x1b[" in seen and "```" not in seen and "| hint |" not in seen
    assert max(map(len, subprocess.run(["sed", r"s/\x1b\[[0-9;]*m//g"], input=seen, capture_output=True,
                                       text=True).stdout.splitlines())) <= 80  # fmt: skip


def test_help_of_every_command_names_the_topic_that_explains_it():
    root = CliRunner().invoke(app, ["--help"]).stdout
    assert root.endswith("\nMore: mattekit guide\n")
    for command in app.registered_commands:
        name = command.callback.__name__
        assert f"  {name} " in root
        text = CliRunner().invoke(app, [name, "--help"]).stdout
        assert text.endswith(f"\nMore: mattekit guide {TOPIC_OF[name]}\n") and TOPIC_OF[name] in guide.TOPICS
    for name in ("convert", "list", "show"):
        text = CliRunner().invoke(app, ["weights", name, "--help"]).stdout
        assert text.endswith(f"\nMore: mattekit guide {TOPIC_OF['weights']}\n")


@pytest.mark.parametrize("topic", guide.TOPICS)
def test_pages_are_part_of_the_package(topic):
    assert guide.read(topic).endswith("\n") and guide.title(topic)
