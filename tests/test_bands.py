import numba
import pytest

from mattekit import bands
from mattekit.bands import in_bands


@pytest.mark.parametrize("threads", [1, 3, 64])
@pytest.mark.parametrize("per_thread", [1, 4])
@pytest.mark.parametrize("height", [1, 2, 37])
def test_bands_cover_every_row_once(monkeypatch, threads, per_thread, height):
    monkeypatch.setattr(bands, "SMALL", 0)
    monkeypatch.setattr(numba, "get_num_threads", lambda: threads)
    rows = []
    in_bands(
        lambda told, top, end: rows.extend((told, y) for y in range(top, end)), (height, 5), 7, per_thread=per_thread
    )
    assert sorted(rows) == [(7, y) for y in range(height)]


def test_an_error_in_a_band_is_raised(monkeypatch):
    monkeypatch.setattr(bands, "SMALL", 0)
    monkeypatch.setattr(numba, "get_num_threads", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        in_bands(lambda top, end: 1 // top, (10, 10))
