"""Bands cover every row once, and threads leave torch's settings and modes as they were."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mattekit.operators import threads

CPU = torch.device("cpu")


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(threads, "SMALL", 0)
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@given(st.integers(1, 4), st.integers(1, 50), st.integers(1, 1 << 22), st.integers(1, 8))
def test_bands_cover_every_row_of_every_image_once(n, rows, row_bytes, count):
    seen = [(b.start, r) for b, first, end in threads.bands(n, rows, row_bytes, CPU, count) for r in range(first, end)]
    assert sorted(seen) == [(image, r) for image in range(n) for r in range(rows)]


def test_a_gpu_takes_all_images_at_once():
    assert threads.bands(3, 9, 1 << 30, torch.device("cuda"), 8) == [(slice(0, 3), 0, 9)]


def test_the_number_of_threads_stays_what_it_was(two_threads):
    inside = []
    threads.each_band(lambda *_: inside.append(torch.get_num_threads()), 4, 4, 1 << 20, CPU)
    assert set(inside) == {1}
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_bands_write_into_tensors_of_the_callers_mode(two_threads, mode):
    with mode():
        out = torch.zeros(4, 4)
        threads.each_band(lambda b, r, e: out[b, r:e].add_(1), 4, 4, 1 << 20, CPU)
    assert out.eq(1).all()


def test_an_error_in_a_band_reaches_the_caller(two_threads):
    def work(*_):
        raise ValueError("band")

    with pytest.raises(ValueError, match="band"):
        threads.each_band(work, 4, 4, 1 << 20, CPU)
    assert torch.get_num_threads() == 2
