"""Errors and notes below the command line carry keys; the command line adds the sentence with the option."""

import logging
import pickle

import pytest

from mattekit import errors
from mattekit.cli import console
from mattekit.cli.remedies import REMEDIES


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
