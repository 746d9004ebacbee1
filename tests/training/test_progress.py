"""What logs say of a run's pace, and which validation is the best."""

import pytest
import torch

from mattekit.training import progress
from mattekit.training.learner import Step
from mattekit.training.progress import Progress
from mattekit.training.settings import Run
from mattekit.training.state import ProgressState


class Clock:
    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def step(loss):
    return Step(loss, 1.0, torch.zeros(1), {})


def test_records_have_the_mean_loss_the_pace_and_the_share_of_waiting(clock):
    state = Progress(Run(log_every=2, batch=6))
    state.start(0)
    assert state.record_step(1, 10, step(1.0), [0.1, 0.001]) is None
    with state.waiting():
        clock.now += 1
    with state.paused():
        clock.now += 1000
    clock.now += 3
    record = state.record_step(2, 10, step(3.0), [0.1, 0.001])
    assert (record["loss"], record["epoch"], record["lr"], record["encoder_lr"]) == (2.0, 0.2, 0.1, 0.001)
    assert (record["samples_per_second"], record["waiting"], record["seconds"]) == (3.0, 0.25, 4.0)


def test_the_lowest_value_of_the_metric_is_the_best():
    state = Progress(Run(metric="mse"))
    found = [state.record_validation(i, 10, {"sad": 10 - i, "mse": mse}) for i, mse in enumerate((0.3, None, 0.1, 0.2))]
    assert [better for _, better in found] == [True, False, True, False]
    assert state.result() == {"best": 0.1, "scores": {"sad": 8, "mse": 0.1}}


def test_without_other_scores_the_training_loss_since_the_last_validation_counts():
    state = Progress(Run(metric="loss"))
    assert state.record_validation(0, 10, {}) == (None, False)
    for loss in (1.0, 2.0):
        state.record_step(1, 10, step(loss), [0.1])
    assert state.record_validation(2, 10, {}) == ({"kind": "validation", "step": 2, "epoch": 0.2, "loss": 1.5}, True)
    state.record_step(3, 10, step(4.0), [0.1])
    assert state.record_validation(3, 10, {})[0]["loss"] == 4.0


def test_progress_goes_on_from_its_state():
    one, other = Progress(Run(log_every=2)), Progress(Run(log_every=2))
    one.record_step(1, 10, step(1.0), [0.1])
    other.load_state(ProgressState(**one.state_dict()))
    assert other.record_step(2, 10, step(3.0), [0.1])["loss"] == 2.0
