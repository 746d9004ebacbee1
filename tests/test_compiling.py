"""Users hear once that something compiles, and nothing when nothing does."""

import logging

import numba
import pytest

from mattekit.compiling import announced


@pytest.fixture
def notes(monkeypatch):
    """Messages that mattekit logs, whatever a command left its logger like."""
    found = []
    logger = logging.getLogger("mattekit")
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())
    monkeypatch.setattr(logger, "handlers", [handler])
    before = logger.level
    logger.setLevel(logging.WARNING)
    yield found
    logger.setLevel(before)


def test_compilations_are_announced_once_and_a_second_use_is_silent(notes):
    @numba.njit
    def twice(x):
        return 2 * x

    with announced("compiles"):
        assert twice(2) == 4
        assert twice(2.5) == 5
    assert notes == ["compiles"]
    with announced("compiles"):
        twice(3)
    assert notes == ["compiles"]
