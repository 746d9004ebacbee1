"""Fixtures and settings of the whole suite."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("NUMBA_NUM_THREADS", "2")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the authors' own outputs and the real images; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("MATTEKIT_SHARED", ROOT.parent / "shared"))
    if not (folder / "oracle").is_dir():
        pytest.skip("the reference data is not here: set MATTEKIT_SHARED")
    return folder
