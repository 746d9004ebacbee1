"""Logs of a run, and their going on."""

import csv
import json
import sys

import pytest

from mattekit.errors import MissingExtraError
from mattekit.training import logs
from mattekit.training.job import RunFolder


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def record(step, kind="train", **values):
    return {"kind": kind, "step": step, **values}


def test_every_record_is_a_line_in_both_logs(folder):
    log = logs.Logs(folder, 0)
    log.add(record(1, loss=0.5))
    log.add(record(2, "validation", sad=12.5, grad=None))
    lines = [json.loads(line) for line in folder.jsonl.read_text().splitlines()]
    assert lines == [record(1, loss=0.5), record(2, "validation", sad=12.5, grad=None)]
    rows = list(csv.DictReader(folder.csv.read_text().splitlines()))
    assert [(row["kind"], row["step"], row["loss"], row["sad"]) for row in rows] == [
        ("train", "1", "0.5", ""),
        ("validation", "2", "", "12.5"),
    ]


def test_what_comes_again_after_an_interruption_is_removed(folder):
    log = logs.Logs(folder, 0)
    for step in range(1, 6):
        log.add(record(step, loss=step))
    with folder.jsonl.open("a") as stream:
        stream.write('{"kind": "train", "st')  # as a kill leaves it
    logs.Logs(folder, 3).add(record(4, loss=40))
    assert [line["loss"] for line in logs.read(folder.jsonl)] == [1, 2, 3, 40]
    assert [row["loss"] for row in csv.DictReader(folder.csv.read_text().splitlines())] == ["1", "2", "3", "40"]


def test_tensorboard_gets_scalars_and_pictures(folder):
    board = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    import numpy as np

    log = logs.Logs(folder, 0, tensorboard=True)
    log.add(record(1, loss=0.5))
    log.picture("samples", np.zeros((4, 4, 3), np.float32), 1)
    log.close()
    read = board.EventAccumulator(str(folder.tensorboard)).Reload()
    assert [(e.step, e.value) for e in read.Scalars("train/loss")] == [(1, 0.5)]
    assert len(read.Images("samples")) == 1


def test_a_missing_tensorboard_names_the_extra(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"mattekit\[tensorboard\]"):
        logs.Logs(folder, 0, tensorboard=True)
