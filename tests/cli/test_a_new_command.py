"""A command is a function in a module of its own and a row of EXAMPLES: options, help and errors come with it."""

from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from mattekit.cli import app, batch, console, options
from mattekit.cli.help_page import Command
from mattekit.errors import InputError


def invert(
    source: Annotated[Path, typer.Argument(help="Folder of alphas.")],
    jobs: options.Jobs = 1,
    json: options.Json = False,
) -> None:
    """Invert alphas."""
    console.setup()
    if source.name == "nowhere":
        raise InputError(f"{source}: no alphas, wanted some.", remedy="recursive")
    batch.run_folder([Task(path) for path in sorted(source.iterdir())], work, jobs=jobs, json=json)


class Task:
    outputs = ()

    def __init__(self, path):
        self.path, self.name = path, path.stem


def work(task):
    if task.name == "b":
        raise InputError("b: a bad alpha.")
    return {"size": task.path.stat().st_size}


@pytest.fixture(autouse=True)
def added():
    app.command(cls=Command, epilog="mattekit invert alphas/")(invert)
    yield
    app.registered_commands.pop()


def run(*words, code):
    result = CliRunner().invoke(app, ["invert", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


def test_it_is_listed_and_has_a_page():
    assert "  invert " in CliRunner().invoke(app, ["--help"]).stdout
    text = run("--help", code=0).stdout
    assert "Invert alphas." in text and "Memory and speed\n  -j, --jobs N" in text and "mattekit invert alphas/" in text


def test_its_items_fail_alone_and_its_errors_are_one_line(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(b"12")
    result = run(tmp_path, "--json", code=3)
    assert result.stdout.splitlines()[0] == '{"name": "a", "size": 2}' and "2 images done, 1 failed" in result.stderr
    assert run(tmp_path / "nowhere", code=1).stderr.endswith("wanted some. Add --recursive to look into them.\n")
    assert "hint: " in run(code=2).stderr
