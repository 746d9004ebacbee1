"""Reports keep their shape whatever the names hold."""

import json

import pytest

from mattekit.evaluation.report import FORMATS, render
from mattekit.evaluation.scoring import Rules
from mattekit.evaluation.summary import summarise

RULES = Rules(region="all", metrics=("mse", "conn"), empty_levels="update")
ONE = {"net": {"a_1|50%": {"mse": None, "conn": 1 / 3}, "b": {"mse": 0.25, "conn": 2.0}}}
TWO = {"x_y": ONE["net"], "z": {"a_1|50%": {"mse": 1.0, "conn": 0.1}, "b": {"mse": 0.5, "conn": 3.0}}}


@pytest.mark.parametrize("scores", [ONE, TWO], ids=["one", "several"])
@pytest.mark.parametrize("format", FORMATS)
def test_every_format_names_region_unit_and_policy(scores, format):
    text = render(summarise(scores, RULES.metrics), RULES, format)
    region = {"csv": ",all,", "json": '"region": "all"'}.get(format, "whole image")
    for words in (region, "thousands", "update"):
        assert words in text


def test_names_are_escaped():
    assert r"a\_1|50\%" in render(summarise(ONE, RULES.metrics), RULES, "latex")
    rows = render(summarise(ONE, RULES.metrics), RULES, "markdown").splitlines()[2:]
    assert rows[2].startswith(r"| a_1\|50% | - |")
    assert {row.replace(r"\|", "").count("|") for row in rows} == {4}


def test_text_columns_line_up():
    lines = render(summarise(ONE, RULES.metrics), RULES, "table").splitlines()[1:]
    assert len({len(line) for line in lines}) == 1


def test_json_keeps_every_digit_and_has_null_for_undefined():
    found = json.loads(render(summarise(ONE, RULES.metrics), RULES, "json", failed=["c: gone"]))
    assert found["images"][0] == {"name": "a_1|50%", "mse": None, "conn": 1 / 3}
    assert found["mean"] == {"mse": 0.25, "conn": (1 / 3 + 2) / 2}
    assert found["failed"] == ["c: gone"]


def test_the_lowest_of_a_row_and_of_a_column_is_bold():
    text = render(summarise(TWO, RULES.metrics), RULES, "markdown")
    assert "| b | **0.25000** | 0.50000 |" in text
    assert "| b | **2.000** | 3.000 |" in text
    assert "| a_1\\|50% | 0.333 | **0.100** |" in text
