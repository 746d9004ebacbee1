"""Checkpoints are read without executing what a pickle may ask for."""

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mattekit.errors import MissingFileError, WeightsError
from mattekit.networks.checkpoints import read_checkpoint

STATE = OrderedDict([("module.a.weight", torch.arange(6.0).view(2, 3)), ("module.a.bias", torch.ones(2))])
FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


def saved(path, content, zipped=True, **options):
    torch.save(content, path, _use_new_zipfile_serialization=zipped, **options)
    return path


class Payload:
    """Unpickled without care, it makes a folder."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.mkdir, (self.target,)


def plain_load_executes(path, target):
    """The payload is a live one: torch's trusting way of loading runs it."""
    torch.load(path, weights_only=False)
    executed = target.exists()
    target.rmdir()
    return executed


@FORMATS
def test_a_hostile_pickle_is_refused_and_nothing_executed(tmp_path, zipped):
    target = tmp_path / "executed"
    path = saved(tmp_path / "c.pth", {"state_dict": STATE, "extra": Payload(target)}, zipped)
    assert plain_load_executes(path, target)
    with pytest.raises(WeightsError, match=r"c.pth: refused; it asks for \w+.mkdir, .* Nothing was executed"):
        read_checkpoint(path)
    assert not target.exists()


def test_a_hostile_pickle_by_the_name_of_safetensors_is_refused(tmp_path):
    target = tmp_path / "executed"
    path = tmp_path / "c.safetensors"
    path.write_bytes(pickle.dumps(Payload(target), 2))
    with pytest.raises(WeightsError, match="c.safetensors"):
        read_checkpoint(path)
    assert not target.exists()


@FORMATS
def test_functions_that_would_run_are_refused_by_their_names(tmp_path, zipped):
    class Evaluated:
        def __reduce__(self):
            return eval, ("1 + 1",)

    with pytest.raises(WeightsError, match="it asks for eval"):
        read_checkpoint(saved(tmp_path / "c.pth", {"state_dict": STATE, "extra": Evaluated()}, zipped))


def test_whole_modules_are_refused_with_the_way_out(tmp_path):
    with pytest.raises(WeightsError, match="asks for torch.nn.modules.linear.Linear.* torch.save its state_dict alone"):
        read_checkpoint(saved(tmp_path / "c.pth", torch.nn.Linear(2, 2)))


@FORMATS
@pytest.mark.parametrize("old", [True, False], ids=["numpy 1", "numpy 2"])
def test_scores_of_numpy_beside_the_weights_are_no_obstacle(tmp_path, zipped, old):
    """Training snapshots of IndexNet and A2U keep them, under the names that NumPy had before 2.0."""
    scores = {"measure": [np.float64(1.5), np.float32(2)], "epoch": np.int64(3), "optimizer": {"state": {}}}
    path = saved(tmp_path / "c.pth.tar", {"state_dict": STATE, **scores}, zipped)
    if old:
        path.write_bytes(with_old_names(path.read_bytes(), zipped))
        assert b"numpy.core.multiarray" in pickled(path.read_bytes(), zipped)
    assert read_checkpoint(path)["a.weight"].equal(STATE["module.a.weight"])


def pickled(data, zipped):
    if not zipped:
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))


def with_old_names(data, zipped):
    """Pickles name what they need in plain text."""

    def renamed(part):
        return part.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")

    if not zipped:
        return renamed(data)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, renamed(content) if name.endswith("data.pkl") else content)
    return buffer.getvalue()


@FORMATS
@pytest.mark.parametrize("key", ["state_dict", "model", None])
def test_weights_are_found_where_scripts_keep_them(tmp_path, zipped, key):
    state = read_checkpoint(saved(tmp_path / "c.pth", {key: STATE, "epoch": 3} if key else STATE, zipped))
    assert list(state) == ["a.weight", "a.bias"] and state["a.bias"].equal(torch.ones(2))


def test_a_prefix_is_removed_once_and_only_from_all(tmp_path):
    twice = {"module.module.a": torch.zeros(1)}
    assert list(read_checkpoint(saved(tmp_path / "c.pth", twice))) == ["module.a"]
    some = {"module.a": torch.zeros(1), "b": torch.zeros(1)}
    assert list(read_checkpoint(saved(tmp_path / "c.pth", some))) == ["module.a", "b"]


def test_float16_becomes_float32_and_counts_stay_whole(tmp_path):
    save_file({"a": torch.ones(2).half(), "n": torch.tensor(3)}, tmp_path / "c.safetensors")
    state = read_checkpoint(tmp_path / "c.safetensors")
    assert state["a"].dtype == torch.float32 and state["n"].dtype == torch.int64


@pytest.mark.parametrize("content", [{"epoch": 3, "lr": 0.1}, [1, 2], {"state_dict": {}}, {1: torch.zeros(1)}])
def test_a_checkpoint_without_weights_says_what_it_holds(tmp_path, content):
    with pytest.raises(WeightsError, match="no weights in it; it holds (epoch, lr|list|state_dict|1)"):
        read_checkpoint(saved(tmp_path / "c.pth", content))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 and no more", bytes(range(256)), b"\x80\x02."])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "c.pth").write_bytes(content)
    with pytest.raises(WeightsError, match="c.pth: neither a checkpoint of torch.save nor safetensors, or damaged"):
        read_checkpoint(tmp_path / "c.pth")


@FORMATS
def test_a_file_cut_short_is_refused(tmp_path, zipped):
    path = saved(tmp_path / "c.pth", {"state_dict": STATE}, zipped)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(WeightsError, match="damaged"):
        read_checkpoint(path)


def test_damaged_safetensors_are_refused(tmp_path):
    save_file({"a": torch.ones(100)}, tmp_path / "c.safetensors")
    content = (tmp_path / "c.safetensors").read_bytes()
    (tmp_path / "c.safetensors").write_bytes(content[:-7])
    with pytest.raises(WeightsError, match="damaged .* Fetch it again"):
        read_checkpoint(tmp_path / "c.safetensors")


def test_a_missing_file_is_named():
    with pytest.raises(MissingFileError, match="nowhere.pth"):
        read_checkpoint(Path("nowhere.pth"))
