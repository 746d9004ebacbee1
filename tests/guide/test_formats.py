"""The guide's table of formats is that of the code."""

import re

from mattekit import guide
from mattekit.formats import FORMATS


def test_the_table_of_formats_is_that_of_the_code():
    rows = re.findall(r"(?m)^\| ([\w-]+) \| ((?:\.\w+ ?)+)\| ([\w, ]*) ?\| ([\w ]*) ?\|$", guide.read("film"))
    told = [(name, tuple(suffixes.split()), depths.strip(), extra.strip()) for name, suffixes, depths, extra in rows]
    assert told == [(form.name, form.suffixes, ", ".join(form.depths), form.extra) for form in FORMATS]
