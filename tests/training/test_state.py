"""The file that a run goes on from: whole, or refused in one line."""

import copy
import pickle
import zipfile
from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mattekit.errors import InputError, MissingFileError
from mattekit.training import recipe, reconstruction, state
from mattekit.training.job import RunFolder, TrainingJob
from mattekit.training.loop import Run, train
from mattekit.training.processes import make_fabric


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A run after two steps, of a network with few tensors: its job, and what its state holds."""
    small = ["run.batch=2", "run.steps_per_epoch=4", "run.validate_every=0", "optimiser.name=adam", "run.ema=0.9"]
    made = recipe.read("reconstruction", [*small, "operator=nearest"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconstruction, "RENDERED", {"train": 8, "test": 8})
        job = TrainingJob(made, tmp_path_factory.mktemp("saved") / "run", True, "cpu", threads=1, max_steps=2)
        train(job)
        yield job, torch.load(RunFolder(job.output).state, weights_only=True)


def test_a_state_reads_back_as_it_was(saved, tmp_path):
    values = copy.deepcopy(saved[1])
    name, weights = next((name, value) for name, value in values["learner"]["network"].items() if value.ndim == 4)
    values["learner"]["network"][name] = weights.to(memory_format=torch.channels_last)
    state.write(tmp_path / "state.pt", values)
    back = state.read(tmp_path / "state.pt")
    assert torch.equal(back.learner.network[name], weights)
    assert (back.learner.step, back.threads) == (2, 1)


def test_a_state_that_would_execute_something_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("trapped").touch, ())

    torch.save({"format": 1, "trap": Trap()}, tmp_path / "state.pt", pickle_module=pickle)
    with pytest.raises(InputError, match="damaged"):
        state.read(tmp_path / "state.pt")
    assert not (tmp_path / "trapped").exists()


def test_what_is_no_state_is_named(tmp_path, saved):
    path = tmp_path / "state.pt"
    with pytest.raises(MissingFileError, match="state.pt"):
        state.read(path)
    state.write(path, saved[1])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="damaged"):
        state.read(path)
    torch.save({"format": 99}, path)
    with pytest.raises(InputError, match="Update it"):
        state.read(path)


def test_an_archive_that_unpacks_to_more_than_its_size_is_refused(tmp_path, saved):
    state.write(tmp_path / "state.pt", saved[1])
    with zipfile.ZipFile(tmp_path / "state.pt") as one, zipfile.ZipFile(tmp_path / "bomb.pt", "w", 8) as other:
        for entry in one.namelist():
            other.writestr(entry, one.read(entry))
    with pytest.raises(InputError, match="damaged"):
        state.read(tmp_path / "bomb.pt")


ODD = [  # values that no state has there, or a moment later, made anew each time
    *(lambda value=value: value for value in (None, -5, -1, 0, 3, 10**9, 10**30, float("nan"), float("inf"), "", "x")),
    list, dict, lambda: [[]], lambda: torch.zeros(()), lambda: torch.zeros(3, 0), lambda: torch.zeros(2, 3),
    lambda: torch.zeros(2, dtype=torch.int64), lambda: torch.eye(2).to_sparse(), lambda: torch.zeros(1).expand(10**12),
]  # fmt: skip


@pytest.fixture(scope="module")
def resumed(saved):
    """The run, ready to go on from its state, and a batch to learn from."""
    run = Run(make_fabric(saved[0]), saved[0], RunFolder(saved[0].output))
    return run, next(run.batches())


def damage(values, numbers, change):
    """Replace, remove or rename the value that a walk by numbers through dictionaries and lists comes to."""
    for number in numbers:
        keys = list(values) if isinstance(values, dict) else range(len(values))
        inner, key = values, keys[number % len(keys)]
        values = inner[key]
        if not isinstance(values, dict | list) or not values:
            break
    taken = inner.pop(key) if change < 0 else None
    if change >= 0:
        inner[key] = ODD[change]()
    elif change == -1 and isinstance(inner, dict):
        inner["odd"] = taken


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=7), st.integers(-2, len(ODD) - 1))
def test_a_damaged_state_resumes_or_is_refused_in_one_line(saved, resumed, numbers, change):
    """A run that goes on from it takes its step."""
    run, batch = resumed
    values = copy.deepcopy(saved[1])
    damage(values, numbers, change)
    torch.save(values, run.folder.state)
    try:
        run.resume()
        run.learner.train_step(batch)
    except InputError as error:
        assert str(error).startswith(str(run.folder.state)) and "\n" not in str(error)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["operator=a2u"], "a state of another network: "),
        (["optimiser.encoder_lr=0.5"], ""),
        (["optimiser.norm_weight_decay=0.5", "run.freeze_norm=all"], "an optimiser of other parameters"),
    ],
)
def test_the_state_of_another_recipe_is_refused(saved, tmp_path, changes, told):
    made = replace(saved[0], recipe=recipe.read(RunFolder(saved[0].output).recipe, changes), output=tmp_path / "run")
    RunFolder(made.output).claim(made.recipe, resume=False)
    state.write(RunFolder(made.output).state, saved[1])
    if not told:
        assert train(made)["step"] == 2
        return
    with pytest.raises(InputError) as raised:
        train(made)
    assert told in str(raised.value) and "\n" not in str(raised.value)
