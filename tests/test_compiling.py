"""Compilations are told once, and nothing when nothing compiles; bands of rows cover a picture."""

import logging

import numba
import pytest

from mattekit import compiling
from mattekit.compiling import announced, in_bands


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


@pytest.mark.parametrize("threads", [1, 3, 64])
@pytest.mark.parametrize("per_thread", [1, 4])
@pytest.mark.parametrize("height", [1, 2, 37])
def test_bands_cover_every_row_once(monkeypatch, threads, per_thread, height):
    monkeypatch.setattr(compiling, "SMALL", 0)
    monkeypatch.setattr(numba, "get_num_threads", lambda: threads)
    rows = []
    in_bands(
        lambda told, top, end: rows.extend((told, y) for y in range(top, end)), (height, 5), 7, per_thread=per_thread
    )
    assert sorted(rows) == [(7, y) for y in range(height)]


def test_an_error_in_a_band_is_raised(monkeypatch):
    monkeypatch.setattr(compiling, "SMALL", 0)
    monkeypatch.setattr(numba, "get_num_threads", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        in_bands(lambda top, end: 1 // top, (10, 10))
