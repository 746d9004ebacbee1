"""The file that a run goes on from."""

import pickle

import pytest
import torch

from mattekit.errors import InputError, MissingFileError
from mattekit.training import state


def test_a_state_reads_back_as_it_was(tmp_path):
    weights = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)
    state.write(tmp_path / "state.pt", {"weights": weights, "count": 3, "scores": {"sad": None}})
    back = state.read(tmp_path / "state.pt")
    assert torch.equal(back["weights"], weights)
    assert (back["count"], back["scores"]) == (3, {"sad": None})


def test_a_state_that_would_execute_something_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("trapped").touch, ())

    torch.save({"format": 1, "trap": Trap()}, tmp_path / "state.pt", pickle_module=pickle)
    with pytest.raises(InputError, match="damaged"):
        state.read(tmp_path / "state.pt")
    assert not (tmp_path / "trapped").exists()


def test_what_is_no_state_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="state.pt"):
        state.read(tmp_path / "state.pt")
    state.write(tmp_path / "state.pt", {})
    (tmp_path / "state.pt").write_bytes((tmp_path / "state.pt").read_bytes()[:200])
    with pytest.raises(InputError, match="damaged"):
        state.read(tmp_path / "state.pt")
    torch.save({"format": 99}, tmp_path / "state.pt")
    with pytest.raises(InputError, match="Update it"):
        state.read(tmp_path / "state.pt")
