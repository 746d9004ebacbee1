"""Compilations are told once, and nothing when nothing compiles; bands of rows cover a picture."""

import logging

import cv2
import numba
import numpy as np
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


def compiled_anew(monkeypatch, module, name):
    """Let a function look as if numba compiled something in it, as on the first use on a machine."""
    from numba.core import event

    function = getattr(module, name)

    def call(*arguments):
        with event.trigger_event("numba:compile"):
            return function(*arguments)

    monkeypatch.setattr(module, name, call)


def test_the_first_key_and_the_first_band_of_a_mask_tell_that_they_compile(notes, monkeypatch):
    from mattekit.baselines import sampling_kernel, smoothing
    from mattekit.keying import alpha_kernel
    from mattekit.keying.key import key
    from mattekit.trimap_sources.mask import adaptive_trimap

    alpha = cv2.GaussianBlur(cv2.circle(np.zeros((60, 80), np.float32), (40, 30), 15, 1.0, -1), (0, 0), 1.5)[..., None]
    image = alpha * np.float32([0.6, 0.4, 0.3]) + (1 - alpha) * np.float32([0.2, 0.7, 0.2])
    key(image)
    adaptive_trimap(image, alpha[..., 0])
    assert not [note for note in notes if "compiles" in note]
    compiled_anew(monkeypatch, alpha_kernel, "most_probable")
    compiled_anew(monkeypatch, smoothing, "smoothed")
    key(image)
    assert list(dict.fromkeys(note.split(":")[0] for note in notes)) == ["keying", "smoothing alpha"]
    notes.clear()
    compiled_anew(monkeypatch, sampling_kernel, "expand")
    adaptive_trimap(image, alpha[..., 0])
    assert list(dict.fromkeys(note.split(":")[0] for note in notes)) == ["shared and closed-form matting"]
