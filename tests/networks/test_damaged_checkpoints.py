"""Damaged checkpoints of every family end in one WeightsError that says where."""

import json
import runpy
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from mattekit.errors import MattekitError, WeightsError
from mattekit.networks import build
from mattekit.networks.backbones import load_backbone
from mattekit.networks.checkpoints import read_checkpoint
from mattekit.networks.convert import convert
from mattekit.networks.released import FAMILIES
from mattekit.networks.state import State, fill

BUDGET = 8  # damages of each checkpoint
EACH = 9  # of the modules of a checkpoint, one in so many gets a tensor too many
HERE = Path(__file__).parent
LAYOUTS = runpy.run_path(str(HERE / "test_convert.py"))  # of released checkpoints and of mmagic's


def tensor(shape, dtype=torch.float32):
    """A tensor of ones with a single number in memory."""
    return torch.ones([1] * len(shape), dtype=dtype).expand(shape)


def damaged(state, rng):
    """One tensor missing, misshapen, of another type, renamed, empty, or one too many."""
    state, key = dict(state), str(rng.choice(list(state)))
    value, name = state.pop(key), str(rng.choice(list(state)))
    shape = list(value.shape)
    kind = rng.integers(9)
    if kind == 1 and shape:
        axis = rng.integers(len(shape))
        shape[axis] = int(rng.choice([shape[axis] + 1, 2 * shape[axis], max(1, shape[axis] // 2), 1]))
        state[key] = tensor(shape)
    elif kind == 2:
        state[key] = tensor(shape[1:])
    elif kind == 3:
        state[key] = tensor([*shape, 1])
    elif kind == 4:
        state[key] = tensor(shape, rng.choice([torch.int64, torch.bool, torch.uint8]))
    elif kind == 5:
        state[str(rng.choice([f"{key}x", key.rpartition(".")[0], f"x.{key}", key.replace("0", "1")]))] = value
    elif kind == 6:
        state[key] = tensor([0] * max(1, len(shape)))
    elif kind == 7:
        state[key], state[name] = state[name], value
    elif kind == 8:
        state |= {key: value, key.replace(".", ".2.", 1): value}
    return state


def check(make, state, rng):
    """Damaged states are refused in one line, or were harmless (a count of batches, tensors of one shape swapped)."""
    refused = 0
    for _ in range(BUDGET):
        try:
            make(State(damaged(state, rng)))
        except WeightsError as error:
            refused += 1
            assert "\n" not in str(error) and str(error)
    assert refused >= BUDGET // 4


MMAGIC = {
    "mmagic-m2o": lambda: LAYOUTS["mmagic_indexnet"]("m2o").state_dict(),
    "mmagic-o2o": lambda: LAYOUTS["mmagic_indexnet"]("o2o", aspp=False).state_dict(),
    "mmagic-holistic": lambda: LAYOUTS["mmagic_indexnet"]("holistic", separable=True).state_dict(),
    "mmagic-dim": lambda: {key: tensor(shape) for key, shape in LAYOUTS["mmagic_dim"](True).items()},
}


def released(name, shared):
    with np.load(shared / f"oracle/networks/{name}.npz") as data:
        meta = json.loads(str(data["meta"]))
    return {key: tensor(shape) for key, shape in zip(meta["keys"], meta["shapes"], strict=True)}


@pytest.mark.parametrize("name", [*LAYOUTS["reference_files"](), *MMAGIC])
def test_a_damaged_checkpoint_is_refused_in_one_line(request, monkeypatch, name):
    state = MMAGIC[name]() if name in MMAGIC else released(name, request.getfixturevalue("shared"))

    def make(damaged_state):
        monkeypatch.setattr("mattekit.networks.convert.read_checkpoint", lambda path: damaged_state)
        convert("c.pth")

    check(make, state, np.random.default_rng(len(name)))


def one_too_many(state):
    """A state with an extra tensor in some module that its names speak of, and its name; one after another."""
    modules = {".".join(key.split(".")[:depth]) for key in state for depth in range(1, key.count(".") + 1)}
    for module in sorted(modules)[::EACH]:
        yield {**state, f"{module}.extra": tensor([1])}, f"{module}.extra"


@pytest.mark.parametrize("name", ["a2u_dynamic_cs_d_gn", "indexnet_m2o_linear", "mmagic-o2o", "lsa_resnet50d"])
def test_a_tensor_that_no_layer_takes_is_refused_by_name(request, name):
    """In whichever module of the checkpoint it stands: never dropped on the way to our names."""
    state = MMAGIC[name]() if name in MMAGIC else released(name, request.getfixturevalue("shared"))
    (family,) = (each for each in FAMILIES if each.recognises(state))
    row, arguments = family.configuration(State(state))
    with torch.device("meta"):
        network = build(row, **arguments)
    for more, extra in one_too_many(state):
        with pytest.raises(WeightsError, match="extra") as caught:
            fill(network, family.rename(State(more)), "c.pth")
        assert "\n" not in str(caught.value), extra


@pytest.mark.parametrize("other", ["layer2_1.conv1.weight", "layer2_1.layer2.conv1.weight"])
def test_two_tensors_of_one_layer_are_refused(shared, other):
    state = released("a2u_dynamic_cs_d_gn", shared)
    (family,) = (each for each in FAMILIES if each.recognises(state))
    with pytest.raises(WeightsError, match="beside another tensor of the same layer"):
        family.rename(State({**state, "layer2_1.layer1.conv1.weight": tensor([1]), other: tensor([1])}))


@pytest.mark.parametrize("name", ["indexnet", "indexnet-b3", "a2u", "lsa"])
def test_a_damaged_imagenet_file_is_refused_in_one_line(monkeypatch, name):
    backbones = runpy.run_path(str(HERE / "test_backbones.py"))
    with torch.device("meta"):
        network = build(name)
    written = {}
    monkeypatch.setattr(torch, "save", lambda state, path: written.update(state))
    backbones["write"]("c.pth", network.encoder, *backbones["LAYOUTS"][name][0]())

    def make(damaged_state):
        monkeypatch.setattr("mattekit.networks.backbones.read_checkpoint", lambda path: damaged_state)
        load_backbone(network, "c.pth")

    check(make, written, np.random.default_rng(0))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    """200 MB of zeros in 0.2 MB, as torch.load would unpack them."""
    torch.save({"state_dict": {"a": torch.zeros(50_000_000)}}, tmp_path / "large.pth")
    with (
        zipfile.ZipFile(tmp_path / "large.pth") as large,
        zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bomb,
    ):
        for entry in large.namelist():
            with large.open(entry) as source, bomb.open(entry, "w", force_zip64=True) as sink:
                while piece := source.read(1 << 22):
                    sink.write(piece)
    assert (tmp_path / "bomb.pth").stat().st_size < 2 << 20
    with pytest.raises(WeightsError, match="bomb.pth: 0 MB that hold 19[01] MB"):
        read_checkpoint(tmp_path / "bomb.pth")


def test_a_tensor_that_is_larger_than_its_memory_is_refused(tmp_path):
    """Converted to float32 it would take 4 TB."""
    torch.save({"a": torch.ones(1, dtype=torch.float16).expand(10**6, 10**6)}, tmp_path / "c.pth")
    with pytest.raises(WeightsError, match="more than 1024 million numbers"):
        read_checkpoint(tmp_path / "c.pth")


@pytest.mark.parametrize(
    "value", [torch.ones(2, 2).to_sparse(), torch.ones(2, dtype=torch.complex64), torch.ones(2, device="meta")]
)
def test_tensors_that_are_no_plain_numbers_are_refused(tmp_path, value):
    torch.save({"a": value, "b": torch.ones(1)}, tmp_path / "c.pth")
    with pytest.raises(MattekitError, match=r"c.pth: (a is no plain tensor|neither a checkpoint|refused)"):
        read_checkpoint(tmp_path / "c.pth")
