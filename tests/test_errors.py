"""Names in messages."""

import os
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from mattekit.errors import printable


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_no_character_that_acts_on_a_terminal_or_ends_a_line_is_left(text):
    shown = printable(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in shown)
    assert len(shown.splitlines()) <= 1
    shown.encode()  # can be printed


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S"), include_characters=" ")))
def test_what_is_seen_stays(text):
    assert printable(text) == text


def test_escapes_say_what_is_there():
    assert printable("a\tb\n\x1b]0;title\x07.png") == r"a\tb\n\x1b]0;title\x07.png"
    assert printable(os.fsdecode(b"caf\xe9.png")) == r"caf\xe9.png"
    assert printable("txt.\u202egnp") == r"txt.\u202egnp"
