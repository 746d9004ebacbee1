"""The models of a server: names alone can be chosen, and first uses come one after another."""

import threading
import time
from types import SimpleNamespace

from mattekit.models import registry
from mattekit.web import models


def test_first_uses_never_overlap(monkeypatch):
    """Two threads that import numba at once, or compile with it, wait for each other for ever."""
    monkeypatch.setattr(models, "_used", set())
    inside, most, calls = [], [], []

    def alpha(image, trimap):
        inside.append(1)
        calls.append(1)
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return trimap

    monkeypatch.setattr(registry, "resolve", lambda name: SimpleNamespace(alpha=alpha))
    threads = [threading.Thread(target=models.ready, args=(name,)) for name in "aabbcc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1 and len(calls) == 3
    models.ready("a")
    assert len(calls) == 3


def test_of_a_file_only_its_name_is_told(weights_file):
    offered = models.offered(str(weights_file))
    assert next(iter(offered.items())) == (weights_file.name, str(weights_file))
    assert list(offered)[1:] == registry.names()
