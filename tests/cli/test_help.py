"""Pages of --help: they fit, they say in sentences what options do, and their choices are those of the tables."""

import inspect
import shlex
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from mattekit.cli import app, choices, options

ROOT = typer.main.get_command(app)


def walk(command=ROOT, words=()):
    yield words, command
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, (*words, name))


PAGES = dict(walk())
COMMANDS = {words: command for words, command in PAGES.items() if not isinstance(command, TyperGroup)}


def shown(words, monkeypatch, columns=80):
    monkeypatch.setenv("COLUMNS", str(columns))
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_a_page_fits_two_screens_and_breaks_no_word(words, monkeypatch):
    lines = shown(words, monkeypatch).splitlines()
    assert len(lines) <= 2 * 45 and max(map(len, lines)) <= 80
    assert not any(line != line.rstrip() for line in lines) and "<" not in "".join(lines)
    told = " ".join(" ".join(lines).split())
    for parameter in PAGES[words].params:
        assert " ".join((getattr(parameter, "help", None) or "").split()) in told


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_is_whole_sentences(words):
    for parameter in COMMANDS[words].params:
        text = parameter.help
        assert text and text[0].isupper() and text.endswith("."), f"{parameter.name}: {text}"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_examples_are_calls_that_the_command_takes(words):
    for line in COMMANDS[words].epilog.replace("\\\n", " ").splitlines():
        program, *given = shlex.split(line)
        assert program == "mattekit" and tuple(given[: len(words)]) == words
        COMMANDS[words].make_context(line, given[len(words) :])


def test_options_stand_in_panels_by_what_they_are_for(monkeypatch):
    text = shown(["predict"], monkeypatch)
    panels = ["Input and output", "Model", "Memory and speed", "Folders", "Options"]
    places = [text.index(f"\n{title}\n") for title in panels]
    assert places == sorted(places)
    assert text.index("--recursive") > places[3] > text.index("--jobs") > places[2] > text.index("--device") > places[1]


def literals():
    for words, command in COMMANDS.items():
        for name, hint in get_type_hints(inspect.unwrap(command.callback)).items():
            for one in (hint, *get_args(hint)):
                if get_origin(one) is Literal:
                    yield words, name, get_args(one)


@pytest.mark.parametrize(("words", "name", "values"), list(literals()), ids=str)
def test_closed_choices_are_shown_and_nothing_else_is_taken(words, name, values, monkeypatch):
    assert "|".join(values) in shown(words, monkeypatch, 100)
    option = next(parameter.opts[-1] for parameter in COMMANDS[words].params if parameter.name == name)
    result = CliRunner().invoke(app, [*words, "a", "b", option, "nonesuch"])
    assert result.exit_code == 2 and "nonesuch" in result.stderr and values[0] in result.stderr


def test_closed_choices_are_those_of_the_code():
    from mattekit.datasets.plan import PRESETS
    from mattekit.evaluation.report import FORMATS, PAGES
    from mattekit.evaluation.scoring import Region, UnknownValue
    from mattekit.imaging.codecs.alpha_mode import MODES as MODES_OF_ALPHA
    from mattekit.imaging.codecs.encode import CHOICES as DEPTHS
    from mattekit.imaging.erosion import SHAPES
    from mattekit.inference.device import CHOICES as PRECISIONS
    from mattekit.inference.views import MODES
    from mattekit.metrics import EmptyLevels

    found = {(words[-1], name): set(values) for words, name, values in literals()}
    assert found["predict", "depth"] == set(DEPTHS) and found["predict", "tta"] == set(MODES)
    assert found["predict", "precision"] == set(PRECISIONS) and found["trimap", "shape"] == set(SHAPES)
    assert found["eval", "region"] == set(get_args(Region)) and found["eval", "format"] == {*FORMATS, *PAGES.values()}
    assert found["eval", "unknown_value"] == set(get_args(UnknownValue))
    assert found["eval", "empty_levels"] == set(get_args(EmptyLevels))
    assert found["composite", "split"] == {split for splits in PRESETS.values() for split in splits}
    assert found["predict", "format"] == set(options.SUFFIXES)
    assert found["predict", "alpha_mode"] == found["composite", "alpha_mode"] == set(MODES_OF_ALPHA)


@pytest.mark.parametrize("table", choices.TABLES)
def test_a_new_row_of_a_table_is_completed_and_listed(table, monkeypatch):
    monkeypatch.setitem(choices.TABLES, table, (choices.TABLES[table][0], "a_table"))
    monkeypatch.setattr(choices.TABLES[table][0] + ".a_table", {"some": 1, "someday": 2, "other": 3}, raising=False)
    assert choices.completion(table)("some") == ["some", "someday"]
    assert choices.completion(table, several=True)("other,so") == ["other,some", "other,someday"]
    assert choices.listed(f"{table},...") == choices.listed(table) == "Names: some, someday, other."


@pytest.mark.parametrize("table", choices.TABLES)
def test_every_table_is_there(table):
    assert len(choices.names(table)) > 2 and all(isinstance(name, str) for name in choices.names(table))


def test_a_shell_completes_names(monkeypatch):
    monkeypatch.setenv("COMP_WORDS", "mattekit eval --metrics sad,m")
    monkeypatch.setenv("COMP_CWORD", "3")
    monkeypatch.setenv("_MATTEKIT_COMPLETE", "complete_bash")
    result = CliRunner().invoke(app, prog_name="mattekit")
    assert result.stdout.split() == ["sad,mse", "sad,mad"]


@pytest.mark.parametrize(("columns", "widest"), [(20, 72), (90, 90), (300, 100)])
def test_a_page_is_as_wide_as_the_terminal_within_reason(columns, widest, monkeypatch):
    assert widest - 12 < max(map(len, shown(["eval"], monkeypatch, columns).splitlines())) <= widest
