import os
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from mattekit.errors import InputError, WorkerDiedError
from mattekit.samples.loader import loader


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Workers import the classes of this file by its place in the project, wherever mattekit is installed."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2])


class Numbers(torch.utils.data.Dataset):
    """Samples that hold their own epoch and index, and noise of a generator seeded by them."""

    def __getitem__(self, key):
        noise = np.random.default_rng(key).random(3, np.float32)
        return {"key": torch.tensor(key), "noise": torch.from_numpy(noise)}


class Faulty(Numbers):
    """Logs, and fails at the sixth sample: by an error, or by the death of the process."""

    def __init__(self, deadly=False):
        self.deadly = deadly

    def __getitem__(self, key):
        import logging
        import os

        logging.getLogger("mattekit").warning("cat.png: grey")
        if key[1] == 5:
            if self.deadly:
                os._exit(9)
            raise InputError("cat.png: damaged. Copy it again.")
        return super().__getitem__(key)


def batches(count, samples=None, batch=4, steps_per_epoch=3, **options):
    made = loader(samples or Numbers(), batch=batch, steps_per_epoch=steps_per_epoch, **options)
    return list(islice(made, count))


def same(one, other):
    assert len(one) == len(other)
    for left, right in zip(one, other, strict=True):
        assert left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def test_batches_go_through_epochs_step_by_step():
    keys = [[tuple(key) for key in batch["key"].tolist()] for batch in batches(4)]
    assert keys == [[(0, i) for i in range(4)], [(0, i) for i in range(4, 8)], [(0, i) for i in range(8, 12)]] + [
        [(1, i) for i in range(4)]
    ]


@pytest.mark.parametrize("start", [(0, 2), (1, 0), (1, 1), (0, 4)])
def test_a_start_anywhere_gives_what_would_have_come(start):
    skipped = start[0] * 3 + start[1]
    same(batches(3, start=start), batches(skipped + 3)[skipped:])


@pytest.mark.parametrize("world", [2, 4])
def test_ranks_together_have_the_batches_of_one(world):
    parts = [batches(4, rank=rank, world=world) for rank in range(world)]
    joined = [{key: torch.cat([part[key] for part in step]) for key in step[0]} for step in zip(*parts, strict=True)]
    same(joined, batches(4))


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_change_nothing_and_take_no_random_number_of_the_network(workers):
    torch.manual_seed(7)
    wanted = torch.rand(2)
    torch.manual_seed(7)
    found = batches(5, workers=workers, start=(1, 1), rank=1, world=2)
    assert torch.equal(torch.rand(2), wanted)
    same(found, batches(5, start=(1, 1), rank=1, world=2))


def test_an_error_in_a_worker_is_the_users_one_line_and_notes_come_once(caplog):
    with pytest.raises(InputError) as caught:
        batches(3, Faulty(), workers=1)
    assert str(caught.value) == "cat.png: damaged. Copy it again."
    assert caplog.messages == ["cat.png: grey"]


def test_a_worker_that_dies_is_told():
    with pytest.raises(WorkerDiedError, match="killed or ran out of memory"):
        batches(3, Faulty(deadly=True), workers=1)


def test_what_cannot_be_shared_among_ranks_is_refused():
    for wrong in ({"batch": 4, "world": 3}, {"batch": 0}, {"steps_per_epoch": 0}):
        with pytest.raises(InputError, match="Choose a batch"):
            batches(1, **wrong)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_workers_end_when_their_parent_is_killed_while_they_make_a_sample(tmp_path):
    """PyTorch's own look for a parent comes only after the sample, here in ten minutes."""
    script = Path(__file__).parents[1] / "workers" / "endless_loader.py"
    parent = subprocess.Popen([sys.executable, script, tmp_path])
    try:
        busy = wait_for(lambda: [path.stem for path in tmp_path.glob("*.begun")], 2)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_for(lambda: [pid for pid in busy if Path(f"/proc/{pid}").exists()], 0)


def wait_for(listed, count, seconds=60):
    deadline = time.monotonic() + seconds
    while len(found := listed()) != count:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


LEFT_ALONE = """
import multiprocessing, sys, time
from multiprocessing import reduction
from multiprocessing.connection import Client
from mattekit.samples import loader

if sys.argv[1:]:
    loader._start(0)
address, _ = reduction.DupFd(1)._id  # as for a tensor that is handed over
for _ in range(3):
    Client(address, authkey=multiprocessing.current_process().authkey).close()
time.sleep(0.3)
"""


@pytest.mark.skipif(os.name != "posix", reason="tensors are handed over by file descriptors")
def test_a_worker_whose_parent_dies_while_it_takes_a_tensor_says_nothing():
    def told(*words):
        done = subprocess.run([sys.executable, "-c", LEFT_ALONE, *words], capture_output=True, text=True, timeout=60)
        return done.stderr

    assert "Traceback" in told() and told("as a worker") == ""
