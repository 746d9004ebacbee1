"""Models that requests may choose: names alone, never files, besides the one that the server was started with."""

import os
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from mattekit.baselines import DEFAULT_FOREGROUND, FOREGROUND
from mattekit.errors import MattekitError
from mattekit.models import registry
from mattekit.models.model import Model

COARSE = "shared"  # the fastest model
TRIAL = 64  # pixels of a side of the picture that a model is first used on

_used: set[str] = set()
_first_use = threading.Lock()


def offered(first: str | None) -> dict[str, str]:
    """Return what `registry.resolve` takes by the names that requests may choose, the server's own model first.

    That one and COARSE are made ready now; of a file only the name is told. Raises MattekitError if it cannot be
    loaded.
    """
    name = first or registry.default_name()
    registry.load(name)
    for each in (name, COARSE):
        ready(each)
    return {Path(name).name if name not in registry.names() else name: name} | {one: one for one in registry.names()}


def share_cores(jobs: int) -> None:
    """Let so many threads that compute at once have the cores between them."""
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // jobs))


def ready(name: str) -> Model:
    """Return a model, which `registry.resolve` takes a name of, after its first use.

    That imports and compiles, and must not happen in two threads at once: they would wait for each other for ever.
    """
    model = registry.resolve(name)
    if name not in _used:
        with _first_use:
            if name not in _used:
                _try(model)
                _used.add(name)
    return model


def _try(model: Model) -> None:
    """Use a model, and the foreground's estimation, on a small picture."""
    ramp = np.linspace(0, 1, TRIAL, dtype=np.float32)
    image = np.repeat(np.broadcast_to(ramp, (TRIAL, TRIAL))[..., None], 3, axis=2)
    trimap = np.broadcast_to(np.where(ramp < 0.3, 0, np.where(ramp > 0.7, 1, np.float32(0.5))), (TRIAL, TRIAL))
    with suppress(MattekitError):  # a model may refuse small pictures
        alpha = model.alpha(image, np.ascontiguousarray(trimap, np.float32))
        FOREGROUND[DEFAULT_FOREGROUND].function(image, alpha)
