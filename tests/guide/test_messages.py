"""The guide's page on troubleshooting: messages that no quick command shows are those of the code, word for word."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import mattekit
from mattekit import guide

QUOTED = re.findall(r"^\| `(.+?)` \|", guide.read("troubleshooting"), re.MULTILINE)


@cache
def texts():
    """Return all texts of the code, the parts of formatted ones apart, each with single spaces."""
    found = []
    for path in Path(mattekit.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(" ".join(node.value.split()))
    return found


@pytest.mark.parametrize("message", QUOTED)
def test_a_message_that_is_quoted_is_one_of_the_code(message):
    assert any(message in text for text in texts())


def test_messages_are_quoted():
    assert len(QUOTED) > 6
