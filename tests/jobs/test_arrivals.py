"""Arrivals: complete files only, once for each state of them, across restarts."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from mattekit.jobs.arrivals import PATIENCE, SETTLED, Arrivals
from mattekit.jobs.base import Job


@dataclass(frozen=True, kw_only=True)
class Copy(Job):
    image: Path
    trimap: Path

    @property
    def inputs(self):
        return [self.image, self.trimap, Path("white")]


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def job(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    for name in ("image.png", "trimap.png"):
        cv2.imwrite(str(tmp_path / name), pixels)
    out = tmp_path / "out"
    return Copy(
        name="a", image=tmp_path / "image.png", trimap=tmp_path / "trimap.png", targets={"alpha": out / "a.png"}
    )


@pytest.fixture
def arrivals(job, clock):
    return Arrivals(job.targets["alpha"].with_name("record"), clock)


def settle(arrivals, clock, job, seconds=SETTLED):
    """Look twice, with a pause between."""
    assert arrivals.sort([job]) == ([], [], 1)
    clock.now += seconds
    return arrivals.sort([job])


def write_output(job):
    job.targets["alpha"].parent.mkdir(exist_ok=True)
    shutil.copy(job.image, job.targets["alpha"])


def test_files_must_be_unchanged_for_a_while(arrivals, clock, job):
    assert arrivals.sort([job]) == ([], [], 1)
    clock.now += SETTLED / 2
    os.utime(job.trimap, ns=(1, 1))
    assert settle(arrivals, clock, job) == ([job], [], 0)


def test_a_file_in_pieces_is_waited_for_even_if_its_writer_pauses(arrivals, clock, job):
    whole = job.image.read_bytes()
    job.image.write_bytes(whole[: len(whole) // 2])
    assert settle(arrivals, clock, job, PATIENCE / 2) == ([], [], 1)
    job.image.write_bytes(whole)
    assert settle(arrivals, clock, job) == ([job], [], 0)


def test_a_damaged_file_is_told_once_and_tried_again_when_it_changes(arrivals, clock, job):
    whole = job.image.read_bytes()
    job.image.write_bytes(whole[:-100])
    ((broken, error),) = settle(arrivals, clock, job, PATIENCE).unreadable
    assert broken is job and "image.png" in str(error)
    assert arrivals.sort([job]) == ([], [], 0)
    job.image.write_bytes(whole)
    assert settle(arrivals, clock, job).ready == [job]


def test_a_job_is_done_once_also_after_a_restart_and_if_its_output_is_taken_away(arrivals, clock, job):
    settle(arrivals, clock, job)
    write_output(job)
    arrivals.finished(job)
    assert arrivals.sort([job]) == Arrivals(arrivals.record, clock).sort([job]) == ([], [], 0)
    job.targets["alpha"].unlink()
    assert arrivals.sort([job]) == Arrivals(arrivals.record, clock).sort([job]) == ([], [], 0)


def test_other_outputs_are_another_job(arrivals, clock, job):
    settle(arrivals, clock, job)
    arrivals.finished(job)
    other = Copy(name="a", image=job.image, trimap=job.trimap, targets={"cutout": arrivals.record.with_name("a.tif")})
    assert arrivals.sort([other]).ready == [other]


@pytest.mark.parametrize("changed", ["image", "trimap"])
def test_a_changed_input_is_done_again_even_if_it_is_older_than_the_output(changed, arrivals, clock, job):
    settle(arrivals, clock, job)
    write_output(job)
    arrivals.finished(job)
    os.utime(getattr(job, changed), ns=(10**18, 10**18))
    again = Arrivals(arrivals.record, clock)
    assert settle(again, clock, job).ready == [job]


def test_without_a_note_outputs_younger_than_their_inputs_are_left(arrivals, clock, job):
    write_output(job)
    os.utime(job.targets["alpha"], ns=(2 * 10**18, 2 * 10**18))
    assert arrivals.sort([job]) == ([], [], 0)
    os.utime(job.targets["alpha"], ns=(10**18, 10**18))
    assert settle(arrivals, clock, job).ready == [job]


def test_a_job_that_failed_is_left_until_a_file_changes(arrivals, clock, job):
    settle(arrivals, clock, job)
    arrivals.failed(job)
    assert arrivals.sort([job]) == ([], [], 0)
    os.utime(job.image, ns=(5, 5))
    assert settle(arrivals, clock, job).ready == [job]


def test_a_file_that_is_taken_away_is_nothing_to_wait_for(arrivals, job):
    job.image.unlink()
    job.trimap.unlink()
    assert arrivals.sort([job]) == ([], [], 0)


def test_a_record_that_a_kill_cut_short_loses_its_last_line_alone(arrivals, clock, job):
    settle(arrivals, clock, job)
    arrivals.finished(job)
    with open(arrivals.record, "ab") as file:
        file.write(b'{"outputs": "b.png", "inp\xff')
    assert Arrivals(arrivals.record, clock).sort([job]) == ([], [], 0)
