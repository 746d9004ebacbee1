"""The language and the size of the code: docstrings that stand alone, functions and files that can be read at once."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "mattekit"
FILES = sorted(ROOT.rglob("*.py"))
# First words of docstrings that are neither a verb nor a noun phrase that stands alone.
FRAGMENTS = {"What", "Of", "How", "Where", "When", "Which", "Whose", "Who", "That", "Those", "From", "To", "For", "As"}
LONGEST_FILE, LONGEST_FUNCTION = 250, 60  # lines; of a function, those of its body without the docstring


@cache
def definitions(path):
    """Return the module, classes and functions of a file."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


def fragments(path):
    """List the docstrings of a file that do not stand alone."""
    texts = [ast.get_docstring(node) or "" for node in definitions(path)]
    return [f"{path}: {text.splitlines()[0]}" for text in texts if text.split(" ")[0] in FRAGMENTS]


def long_functions(path):
    """List the functions of a file whose body is too long."""
    functions = [node for node in definitions(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [f"{path}: {node.name}" for node in functions if body_length(node) > LONGEST_FUNCTION]


def body_length(function):
    """Count the lines of a function's body without its docstring."""
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    return function.end_lineno - first.lineno + 1


def test_docstrings_stand_alone():
    assert not [line for path in FILES for line in fragments(path)]


def test_functions_and_files_are_short():
    assert not [line for path in FILES for line in long_functions(path)]
    assert not [path for path in FILES if len(path.read_text().splitlines()) > LONGEST_FILE]


def test_fragments_and_long_functions_are_found(tmp_path):
    for name, lines in (("short", LONGEST_FUNCTION), ("long", LONGEST_FUNCTION + 1)):
        (tmp_path / name).write_text('"""Scores."""\n\ndef f():\n    """What is kept."""\n' + "    f()\n" * lines)
    assert fragments(tmp_path / "short") == [f"{tmp_path / 'short'}: What is kept."]
    assert not long_functions(tmp_path / "short")
    assert long_functions(tmp_path / "long") == [f"{tmp_path / 'long'}: f"]
