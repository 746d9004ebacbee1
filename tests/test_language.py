"""The language and the size of the code: docstrings that stand alone, functions and files that can be read at once."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "mattekit"
# First words of docstrings that are neither a verb nor a noun phrase that stands alone.
FRAGMENTS = {"What", "Of", "How", "Where", "When", "Which", "Whose", "Who", "That", "Those", "From", "To", "For", "As"}
LONGEST_FILE, LONGEST_FUNCTION = 250, 60  # lines; of a function, those of its body without the docstring
FILES = sorted(ROOT.rglob("*.py"))


def definitions(path):
    """Yield the module, classes and functions of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_length(function):
    """Count the lines of a function's body without its docstring."""
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    return function.end_lineno - first.lineno + 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_stand_alone(path):
    texts = [ast.get_docstring(node) or "" for node in definitions(path)]
    assert not [text.splitlines()[0] for text in texts if text.split(" ")[0] in FRAGMENTS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_and_files_are_short(path):
    functions = [node for node in definitions(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert not [node.name for node in functions if body_length(node) > LONGEST_FUNCTION]
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


def test_fragments_and_long_functions_are_found(tmp_path):
    text = '"""Scores."""\n\ndef f():\n    """What is kept."""\n' + "    f()\n" * 61
    (tmp_path / "a.py").write_text(text)
    module, function = definitions(tmp_path / "a.py")
    assert ast.get_docstring(module) == "Scores." and ast.get_docstring(function).split(" ")[0] in FRAGMENTS
    assert body_length(function) == 61
