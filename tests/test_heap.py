"""Memory goes back to the system although a block behind it is still in use."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mattekit import heap


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_gaps_in_the_heap_are_given_back():
    if heap._trim().__class__ is type(lambda: None):
        pytest.skip("the C library is not glibc")
    blocks = [np.ones(12_000) for _ in range(600)]  # 96 kB each: too small for mappings of their own
    last = np.ones(12_000)
    del blocks
    before = resident()
    heap.trim()
    assert before - resident() > 30e6 and last.all()


def test_another_c_library_is_left_alone(monkeypatch):
    heap._trim.cache_clear()
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: object())
    heap.trim()
    heap._trim.cache_clear()
