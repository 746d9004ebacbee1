"""Errors and notes below the command line carry keys; the command line adds the sentence with the option."""

import ast
import logging
import pickle
from pathlib import Path

import pytest

import mattekit
from mattekit import errors
from mattekit.cli import console
from mattekit.cli.remedies import REMEDIES
from mattekit.evaluation import scoring
from mattekit.imaging.trimap_check import LEVELS


@pytest.mark.parametrize("kind", [errors.InputError, errors.MissingFileError, errors.MissingExtraError])
def test_an_error_keeps_its_remedy_through_a_process(kind):
    error = pickle.loads(pickle.dumps(kind("a.png: 300 megapixels, wanted at most 256.", remedy="max-pixels")))
    assert error.remedy == "max-pixels" and str(error) == "a.png: 300 megapixels, wanted at most 256."
    assert console.describe(error) == f"{error} {REMEDIES['max-pixels']}"


def test_an_error_without_remedy_is_its_message_alone():
    assert console.describe(errors.InputError("a: b.")) == "a: b."


def test_a_note_gets_its_remedy_on_the_terminal_and_not_in_the_record(capsys, caplog):
    console.setup()
    logging.getLogger("mattekit").warning("%s: inexact.", "t.png", extra={"remedy": "exact-trimap"})
    assert capsys.readouterr().err == f"note: t.png: inexact. {REMEDIES['exact-trimap']}\n"


def test_every_key_has_a_sentence_and_every_sentence_a_key():
    """Keys are the values of `remedy=` and of "remedy" in logged records, anywhere below the command line."""
    used = set()
    for path in Path(mattekit.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            named = [node] if isinstance(node, ast.keyword) else []
            if isinstance(node, ast.Dict):
                named = [ast.keyword(key.value, value) for key, value in zip(node.keys, node.values, strict=True)
                         if isinstance(key, ast.Constant)]  # fmt: skip
            used |= {keyword.value.value for keyword in named
                     if keyword.arg == "remedy" and isinstance(keyword.value, ast.Constant)}  # fmt: skip
    used |= {f"no-{name}" for name in LEVELS} | set(scoring.REMEDIES.values())  # those that are put together
    assert used == set(REMEDIES)
