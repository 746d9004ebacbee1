"""Models that requests may choose: names alone, never files, besides the one that the server was started with."""

import os
from pathlib import Path

import torch

from mattekit.models import registry


def offered(first: str | None) -> dict[str, str]:
    """Return what `registry.resolve` takes by the names that requests may choose, the server's own model first.

    That one is loaded now, once; of a file only the name is told. Raises MattekitError if it cannot be loaded.
    """
    name = first or registry.default_name()
    registry.load(name)
    return {Path(name).name if name not in registry.names() else name: name} | {one: one for one in registry.names()}


def share_cores(jobs: int) -> None:
    """Let so many threads that compute at once have the cores between them."""
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // jobs))
